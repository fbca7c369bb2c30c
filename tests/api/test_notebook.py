"""The notebook runs from its first cell to its last, in less than a minute, and is kept without outputs."""

from __future__ import annotations

import ast
import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.pipeline import bias
from helpers.project import ROOT, Project, write_params

PATH = ROOT / "notebooks" / "study.ipynb"
CELLS: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["cells"]
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
MOST_SECONDS = 60


def shown(value: Any) -> str:
    """What a notebook would show of a value: HTML, or a chart's bundle."""
    if hasattr(value, "_repr_mimebundle_"):
        return json.dumps(value._repr_mimebundle_(None, None))
    return str(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))


def run(code: str, names: dict[str, Any]) -> Any:
    """A cell as Jupyter runs it: the value of its last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(PATH), "exec"), names)
    return eval(compile(ast.Expression(last.value), str(PATH), "eval"), names) if last else None


@pytest.fixture
def beside_another(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as a repository that has committed an experiment of one seed, and a notebook's folder in it."""
    root = tmp_path / "project"
    subprocess.run(["cp", "-a", str(project.root), str(root)], check=True)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True)

    one_seed = project.config.with_sections(train=replace(project.config.train, seeds=(2,)))
    bias.run(one_seed, root)
    (root / "params.yaml").unlink()
    write_params(root, {**project.raw, "train": {**project.raw["train"], "seeds": [2]}})
    git("init", "-q")
    git("add", "params.yaml", "metrics")
    git("commit", "-q", "-m", "one seed")
    for name in ("params.yaml", "metrics"):
        subprocess.run(["cp", "-aT", str(project.root / name), str(root / name)], check=True)
    (root / "notebooks").mkdir()
    monkeypatch.chdir(root / "notebooks")
    return root


def test_the_notebook_runs_from_beginning_to_end(beside_another: Path, recwarn: pytest.WarningsRecorder) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    before = time.monotonic()
    values = [run(code, names) for code in CODE]
    assert time.monotonic() - before < MOST_SECONDS
    assert all(shown(value) for value in values)
    assert not recwarn.list
    # What each part found.
    assert names["perplexity"] == pytest.approx(names["told"].perplexity)
    chart = next(value for value in values if type(value).__name__ == "Chart").to_dict()
    assert len(next(iter(chart["datasets"].values()))) == len(names["years"]) > 0
    worst = names["worst"]
    assert len(worst) == 10 and worst.nats_per_token.is_monotonic_decreasing
    others = names["speeches"][~names["speeches"].speech_id.isin(worst.index) & (names["speeches"].tokens >= 20)]
    assert worst.nats_per_token.min() >= others.nats_per_token.max()
    assert len(names["scored"].words) > 5
    assert (names["both"].factor != 1).any() and len(names["both"]) == 9
    assert values[-1].index.tolist() == ["train.seeds"]


def test_the_notebook_is_kept_without_outputs() -> None:
    """They would be those of one study, would differ with every machine's last digit, and nobody would look at them."""
    for cell in CELLS:
        assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)
    document = json.loads(PATH.read_text(encoding="utf-8"))
    assert PATH.read_text(encoding="utf-8") == json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)
