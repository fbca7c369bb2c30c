"""A finished study in Python: frames as documented, numbers as in the files, one line for what is no study."""

from __future__ import annotations

import doctest
import inspect
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

import hansard_bias as hb
from hansard_bias.api import scoring, study
from hansard_bias.api.frames import FRAMES
from helpers.project import ROOT, Project

PAGE, README = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/api.md", "README.md"))
NOTEBOOK = (ROOT / "notebooks" / "study.ipynb").read_text(encoding="utf-8")
HEADINGS = {
    "scores": "study.scores(model, seed)",
    "scores by token": 'study.scores(model, seed, by="token")',
    "speeches": "study.speeches(corpus)",
}


@pytest.fixture
def found(inside: Project) -> hb.Study:
    return hb.load_study(".")


def frames(found: hb.Study) -> dict[str, pd.DataFrame]:
    """Every frame that there is, by its name in FRAMES."""
    scored = hb.score(["Thank you, Mr. Speaker."], "models/mixed-1")
    made = {f"scored.{name}": getattr(scored, name) for name in ("tokens", "words", "texts")}
    made |= {"speeches": found.speeches("canada"), "scores": found.scores("mixed")}
    made |= {"scores by token": found.scores("mixed", by="token")}
    return {name: made[name] if name in made else getattr(found, name) for name in FRAMES}


def documented(name: str) -> dict[str, str]:
    """Columns and types of a frame as docs/api.md has them."""
    heading = HEADINGS.get(name, name if name.startswith("scored") else f"study.{name}")
    (section,) = (part for part in PAGE.split("\n### ") if part.startswith(f"{heading}\n"))
    rows = re.findall(r"^\| (`.+?`) \| `([^`]+)` \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    return {column: kind for columns, kind in rows for column in re.findall(r"`(\w+)`", columns)}


def test_every_frame_is_documented_and_has_the_columns_and_types_it_says(found: hb.Study) -> None:
    made = frames(found)
    for name, table in made.items():
        assert documented(name) == {column: str(kind) for column, kind in table.dtypes.items()} == FRAMES[name], name
        # Models and benchmarks that the tiny project has not.
        assert len(table) or name in ("given", "pairs"), name
    assert PAGE.count("\n### ") == len(FRAMES)


def public(kind: Any) -> set[str]:
    return {name for name in {*dir(kind), *getattr(kind, "__dataclass_fields__", ())} if not name.startswith("_")}


def test_readme_page_notebook_and_code_name_the_same(found: hb.Study) -> None:
    """What is public is on the page, and what the documents call is there."""
    there = {f"hb.{name}" for name in hb.__all__} | {f"study.{name}" for name in public(hb.Study)}
    there |= {f"scored.{name}" for name in public(hb.Scored)}
    assert public(hb.Companion) == {"name"}
    told = re.sub(r"study\.ipynb", "", PAGE)
    assert set(re.findall(r"\b(?:hb|study|scored)\.[a-z]\w*|\bhb\.[A-Z]\w*", told)) == there
    for text in (README, NOTEBOOK):
        named = set(re.findall(r"\b(?:hb|study)\.\w+", re.sub(r"study\.ipynb", "", text)))
        assert "hb.load_study" in named and named <= there
    assert set(hb.__all__) <= set(dir(hb)) and all(getattr(hb, name).__doc__ for name in hb.__all__)
    with pytest.raises(AttributeError, match="no attribute 'load_studies'"):
        hb.load_studies  # noqa: B018


def test_the_stub_names_what_the_package_has() -> None:
    stub = (ROOT / "src/hansard_bias/__init__.pyi").read_text(encoding="utf-8")
    assert set(re.findall(r"import (\w+) as \1", stub)) == set(hb.__all__)
    assert all(f"from {getattr(hb, name).__module__} import {name} as" in stub for name in hb.__all__)


@pytest.mark.parametrize("module", [study, scoring])
def test_examples_in_docstrings(module: Any, found: hb.Study) -> None:
    run = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for each in doctest.DocTestFinder().find(module, globs={"hb": hb, "study": found}):
        run.run(each)
    assert run.summarize().failed == 0 and run.tries > 2


def test_examples_of_the_page(inside: Project) -> None:
    done = doctest.testfile(str(ROOT / "docs" / "api.md"), module_relative=False)
    assert done.failed == 0 and done.attempted > 8


def test_the_numbers_are_those_of_the_files(found: hb.Study) -> None:
    cells = json.loads(Path("metrics/cells.json").read_text(encoding="utf-8"))
    for cell in cells:
        model = cell["model"].partition("_")[2]
        (row,) = found.matrix.query(f"model == {model!r} and corpus == {cell['corpus']!r}").to_dict("records")
        assert (row["perplexity"], row["perplexity_low"], row["perplexity_high"]) == (
            cell["perplexity"],
            cell["low"],
            cell["high"],
        )
        (excess,) = found.excess.query(f"model == {model!r} and corpus == {cell['corpus']!r}").to_dict("records")
        assert excess["nats"] == cell["excess_nats"]
    bias = json.loads(Path("metrics/bias.json").read_text(encoding="utf-8"))
    assert len(found.tests) == len(bias["tests"]) + len(bias["companion"]["tests"])
    assert len(found.prompts) == 3 * len(bias["probes"]["prompts"])
    assert set(found.tests.model.dropna()) <= set(found.models)
    assert found.yardsticks.corpus.tolist() == ["nunavut", "canada"]
    words = pd.read_csv("metrics/words.csv")
    assert found.words.difference.tolist() == words.difference.tolist()
    assert found.words.model.tolist() == words.model.str.partition("_")[2].tolist()


def test_scores_make_the_matrix(found: hb.Study) -> None:
    """Σ nats / Σ tokens of both seeds is the cell, by speech and by token; and the companion's."""
    for model, corpus in (("nunavut", "canada"), ("mixed", "nunavut")):
        (cell,) = found.matrix.query(f"model == {model!r} and corpus == {corpus!r}").to_dict("records")
        for by in ("speech", "token"):
            tables = [found.scores(model, seed, corpus=corpus, by=by) for seed in found.seeds]
            tokens = tables[0].tokens.sum() if by == "speech" else len(tables[0])
            means = [table.nats.sum() / tokens for table in tables]
            assert math.exp(np.mean(means)) == pytest.approx(cell["perplexity"], rel=1e-6)
        read = found.scores(model, corpus=corpus, companion=True)
        assert math.exp(read.nats.sum() / read.tokens.sum()) == pytest.approx(cell["companion_perplexity"], rel=1e-5)


def test_scores_are_joined_to_what_is_known_of_a_speech(found: hb.Study) -> None:
    told = found.speeches("canada").set_index("speech_id")
    read = found.scores("canada", seed=2, corpus="canada").set_index("speech_id")
    tests = told[told.split == "test"]
    assert set(read.index) == set(tests.index)
    for column in ("sitting", "speaker", "role", "topic", "bytes"):
        pd.testing.assert_series_equal(read[column], tests.loc[read.index, column], check_names=False)
    tokens = found.scores("canada", seed=2, corpus="canada", by="token")
    assert tokens.groupby("speech_id", observed=True).nats.sum().to_dict() == pytest.approx(read.nats.to_dict())
    assert (tokens.groupby("speech_id", observed=True).position.max() + 1).to_dict() == read.tokens.to_dict()
    first = tokens[tokens.speech_id == read.index[0]].token.astype(str)
    assert "".join(first).replace("Ġ", " ").strip() == told.text[read.index[0]]


def test_every_figure_is_a_chart_that_can_be_changed(found: hb.Study) -> None:
    assert {"matrix", "excess", "words", "curves"} <= set(found.figures)
    for name in found.figures:
        chart = found.figure(name)
        assert isinstance(chart, alt.TopLevelMixin)
    assert "width" in found.figure("matrix").properties(width=200).to_dict()


def test_nothing_is_said_by_a_library(inside: Project, capfd: pytest.CaptureFixture[str]) -> None:
    """No warning, no record of logging, no line on either stream, whatever is called."""
    code = inspect.getsource(frames) + (
        "import hansard_bias as hb\n"
        "from hansard_bias.api.frames import FRAMES\n"
        "found = hb.load_study('.')\n"
        "frames(found)\n"
        "[found.figure(name).to_json() for name in found.figures]\n"
        "found.answer, found.companion('mixed'), hb.score(['one', 'two'], found.companion('mixed'))\n"
        "hb.score(['one', ''], 'models/mixed-1', method='pll_within_word')\n"
    )
    header = "from __future__ import annotations\n"
    done = subprocess.run([sys.executable, "-W", "error", "-c", header + code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def copied(root: Path, to: Path) -> Path:
    """What git would hold of a project: parameters and results, without what DVC keeps."""
    to.mkdir()
    shutil.copy(root / "params.yaml", to)
    shutil.copytree(root / "metrics", to / "metrics", ignore=shutil.ignore_patterns("report", "training"))
    return to


def no_folder(root: Path) -> Path:
    return root / "nowhere"


def another_folder(root: Path) -> Path:
    (root / "other").mkdir()
    return root / "other"


def unfinished(root: Path) -> Path:
    (root / "metrics" / "bias.json").unlink()
    return root


def older(root: Path) -> Path:
    path = root / "metrics" / "bias.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "schema": 1}), encoding="utf-8")
    return root


def without_schema(root: Path) -> Path:
    (root / "metrics" / "bias.json").write_text('{"models": {}}', encoding="utf-8")
    return root


def broken(root: Path) -> Path:
    (root / "metrics" / "bias.json").write_text('{"schema": ', encoding="utf-8")
    return root


def with_another_model(root: Path) -> Path:
    path = root / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("label: C", "label: Q"), encoding="utf-8")
    return root


def results_alone(root: Path) -> Path:
    return root / "metrics"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (no_folder, "no such folder, expected the folder of a project"),
        (another_folder, "no params.yaml there, expected the folder of a project"),
        (results_alone, "no params.yaml there, expected the folder of a project"),
        (unfinished, "bias.json: no such file; make it with `dvc repro bias`"),
        (older, "holds schema 1, expected schema"),
        (without_schema, "results of before they had a schema, expected schema"),
        (broken, "bias.json: not valid JSON"),
        (with_another_model, "holds no 'Q_mixed', which params.yaml asks for"),
    ],
)
def test_what_is_no_finished_study_is_told_in_one_line(
    project: Project, tmp_path: Path, damage: Callable[[Path], Path], told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        hb.load_study(damage(copied(project.root, tmp_path / "copy")))
    assert "\n" not in str(caught.value)


def test_without_what_dvc_keeps_the_results_are_there(project: Project, tmp_path: Path) -> None:
    found = hb.load_study(copied(project.root, tmp_path / "copy"))
    assert len(found.matrix) == 9 and found.figure("matrix") and "curves" not in found.figures
    with pytest.raises(ValueError, match="nothing to show in the figure 'curves'; it has matrix"):
        found.figure("curves")
    for call, stage in ((lambda: found.scores("mixed"), "score@mixed-1"), (lambda: found.speeches("canada"), "align")):
        with pytest.raises(ValueError, match=f"no such file; run `dvc repro {stage}` first"):
            call()


def test_unknown_names_are_refused(found: hb.Study) -> None:
    calls: dict[str, Callable[[], object]] = {
        "no model 'mixd', expected one of nunavut, canada, mixed": lambda: found.scores("mixd"),
        "no corpus 'C', expected one of nunavut, canada": lambda: found.speeches("C"),
        "no seed 0 of mixed, expected one of 1, 2": lambda: found.scores("mixed", 0),
        "no rows by 'word', expected one of speech, token": lambda: found.scores("mixed", by="word"),
        "no figure 'matrices', expected one of": lambda: found.figure("matrices"),
        "no model 'C_mixed'": lambda: found.companion("C_mixed"),
    }
    for told, call in calls.items():
        with pytest.raises(ValueError, match=re.escape(told)):
            call()


@pytest.fixture
def committed(project: Project, tmp_path: Path) -> Iterator[Path]:
    """A project below the root of a repository: results of one seed in the branch, and an experiment of DVC's."""
    root = copied(project.root, tmp_path / "below")

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        done = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "empty")
    git("tag", "empty")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    matrix = root / "metrics" / "cells.json"
    cells = json.loads(matrix.read_text(encoding="utf-8"))
    cells[0] |= {"excess_nats": 0.5}
    matrix.write_text(json.dumps(cells), encoding="utf-8")
    bias = root / "metrics" / "bias.json"
    content = json.loads(bias.read_text(encoding="utf-8"))
    content["models"]["A_nunavut"]["perplexity"]["on_nunavut"] |= {"value": 7.5}
    bias.write_text(json.dumps(content), encoding="utf-8")
    git("commit", "-q", "-am", "experiment")
    git("update-ref", "refs/exps/ab/cdef/quiet-otter", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")
    yield root


def test_results_of_a_revision_or_an_experiment(committed: Path) -> None:
    now, then = hb.load_study(committed), hb.load_study(committed, revision="quiet-otter")
    assert then.matrix.perplexity[0] == 7.5 != now.matrix.perplexity[0]
    assert then.matrix.iloc[1:].equals(now.matrix.iloc[1:]) and then.curves.equals(now.curves)
    assert hb.load_study(committed, revision="main").matrix.equals(now.matrix)
    with pytest.raises(ValueError, match=r"below at quiet-otter: only results are kept in git, no speeches"):
        then.scores("mixed")


@pytest.mark.parametrize("revision", ["quiet", "--output=x", "main:params.yaml", "HEAD~9"])
def test_an_unknown_revision_is_told_in_one_line(committed: Path, revision: str) -> None:
    with pytest.raises(ValueError, match=r"no revision .*, expected a commit, branch, tag or experiment"):
        hb.load_study(committed, revision=revision)
    assert not list(committed.parent.rglob("x"))


def test_a_revision_without_results_is_told_in_one_line(committed: Path) -> None:
    with pytest.raises(ValueError, match=r"revision 'empty' holds no params\.yaml and metrics"):
        hb.load_study(committed, revision="empty")
