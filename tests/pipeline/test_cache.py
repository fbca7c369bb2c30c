"""What reruns what: a package is the unit of the cache, and neither plumbing nor parameters of others are in it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from hansard_bias.base.code import PLUMBING, SOURCE, closure, code_digest
from helpers.dvc_clone import Clone
from helpers.local_models import save_local_model
from helpers.project import ROOT

PACKAGE = "src/hansard_bias"
PIPELINES = (ROOT / "dvc.yaml", ROOT / "calibration" / "dvc.yaml")
MODULE_OF = dict.fromkeys(("base", "halves", "dose"), "calibrate")
"""The module of a stage of the calibration, where it has another name."""


def definitions(path: Path) -> dict[str, dict[str, Any]]:
    """Every stage's own section, inside foreach or not."""
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return {name: entry.get("do", entry) for name, entry in document["stages"].items()}


STAGES, CALIBRATION = (definitions(path) for path in PIPELINES)


def source_deps(section: dict[str, Any]) -> list[str]:
    return [dep for dep in section["deps"] if dep.startswith("src/")]


def is_bare(path: Path) -> bool:
    """Whether a file holds a docstring and nothing else, so that no result can depend on it."""
    return all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def results_code(stage: str) -> list[str]:
    """The files that a stage's results depend on: what it imports, without plumbing and bare packages."""
    files = closure(f"hansard_bias.pipeline.{MODULE_OF.get(stage, stage)}")
    wanted = (path for path in files if path.relative_to(SOURCE).parts[1] not in PLUMBING)
    return sorted(path.relative_to(ROOT).as_posix() for path in wanted if path.suffix != ".py" or not is_bare(path))


@pytest.mark.parametrize("stage", [*STAGES, *CALIBRATION])
def test_what_a_stage_imports_lies_inside_its_folders(stage: str) -> None:
    deps = source_deps((STAGES | CALIBRATION)[stage])
    outside = [file for file in results_code(stage) if not any(Path(file).is_relative_to(dep) for dep in deps)]
    assert not outside, f"dvc.yaml: {stage} imports {outside}, expected inside {deps}"


@pytest.mark.parametrize("stage", [*STAGES, *CALIBRATION])
def test_a_stage_depends_on_nothing_that_it_does_not_import(stage: str) -> None:
    code = results_code(stage)
    for dep in source_deps((STAGES | CALIBRATION)[stage]):
        assert (ROOT / dep).exists(), dep
        assert any(Path(file).is_relative_to(dep) for file in code), f"dvc.yaml: {stage} imports nothing of {dep}"
        assert Path(dep).relative_to(PACKAGE).parts[0] not in PLUMBING


def test_dvc_yaml_has_the_stages_of_the_pipeline() -> None:
    named = "check sample corpus align tokenizer encode train score companion halvings probe bias report"
    assert set(STAGES) == set(named.split())
    assert all(section["cmd"].startswith(f"hansard-bias {stage}") for stage, section in STAGES.items())


def test_editing_the_statistics_retrains_no_calibration() -> None:
    assert {stage for stage in CALIBRATION if any("/statistics/" in file for file in results_code(stage))} == {
        "verdict"
    }


def test_no_stage_of_the_study_waits_for_the_calibration() -> None:
    listed = [out for section in CALIBRATION.values() for out in section.get("outs", ())]
    outs = {next(iter(out)) if isinstance(out, dict) else out for out in listed}
    deps = {dep for section in STAGES.values() for dep in section["deps"]}
    assert outs and not outs & deps
    assert "metrics/calibration.json" not in deps | outs
    # Cached, they would be missing from the remote of everybody who never calibrated, and `dvc pull` would fail.
    assert all(isinstance(out, dict) and out[name] == {"cache": False} for out in listed for name in out)


def test_the_pipeline_s_files_can_be_reviewed() -> None:
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 250
    assert len((ROOT / "dvc.lock").read_text(encoding="utf-8").splitlines()) <= 3500


def test_one_identity_of_code_follows_what_a_stage_imports() -> None:
    """The same closure as DVC's dependencies: the stage itself is in it, the page and the plumbing are not."""
    files = {path.relative_to(SOURCE).as_posix() for path in closure("hansard_bias.pipeline.train")}
    assert "hansard_bias/pipeline/train.py" in files
    assert not any(file.startswith(("hansard_bias/report/", "hansard_bias/probing/")) for file in files)
    assert code_digest("hansard_bias.pipeline.train") != code_digest("hansard_bias.pipeline.score")


def appended(file: str, text: str) -> Callable[[Path], None]:
    """An edit that puts a line at the end of a file, or makes the file."""

    def edit(root: Path) -> None:
        path = root / file
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        path.write_text(before + text, encoding="utf-8")

    return edit


def parameter(section: str, name: str, key: str, value: object) -> Callable[[Path], None]:
    """An edit of params.yaml."""

    def edit(root: Path) -> None:
        path = root / "params.yaml"
        yaml = YAML()
        content = yaml.load(path.read_text(encoding="utf-8"))
        (content[section][name] if name else content[section])[key] = value
        with path.open("w", encoding="utf-8") as handle:
            yaml.dump(content, handle)

    return edit


COMMENT = "\n# A remark.\n"
MODELS = {"train", "score", "companion", "halvings", "probe"}
RESULTS = {"bias", "report"}  # the record of a metric lies in its module: what that imports, the page imports
EDITS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "a comment in the messages": (appended(f"{PACKAGE}/base/messages.py", COMMENT), set()),
    "a new parameter of the report": (appended(f"{PACKAGE}/params/__init__.py", COMMENT), set()),
    "the command line": (appended(f"{PACKAGE}/cli.py", COMMENT), set()),
    "the title of the page": (parameter("report", "", "title", "Other words"), {"check", "report"}),
    "the label of a model": (parameter("models", "nunavut", "label", "N"), {"check", "bias", "report"}),
    "the label of a corpus": (parameter("corpora", "canada", "label", "K"), {"check", "bias", "report"}),
    "a sentence of the page": (appended(f"{PACKAGE}/report/sentences.py", COMMENT), {"report"}),
    "a reader": (appended(f"{PACKAGE}/corpora/readers/toy.py", "READS = 'toys'\n"), {"check", "corpus"}),
    "how text is aligned": (appended(f"{PACKAGE}/corpora/align/splits.py", COMMENT), {"align"}),
    "statistics": (appended(f"{PACKAGE}/statistics/intervals.py", COMMENT), RESULTS),
    "a prompt": (appended("data/probes/prompts.yaml", COMMENT), {"check", "probe"}),
    "how prompts are asked": (appended(f"{PACKAGE}/probing/prompts.py", COMMENT), {"check", "probe", *RESULTS}),
    "how speeches are scored": (
        appended(f"{PACKAGE}/scoring/run.py", COMMENT),
        {"score", "companion", "halvings", *RESULTS},
    ),
    "the masks of the validation text": (appended(f"{PACKAGE}/pipeline/train.py", COMMENT), {"train"}),
    "the order of batches": (appended(f"{PACKAGE}/training/data.py", COMMENT), {"train", "companion", "halvings"}),
    "how topics are found": (appended(f"{PACKAGE}/yardsticks/topics.py", COMMENT), {"companion", "halvings", *RESULTS}),
    "the number of topics": (parameter("bias", "", "topics", 10), {"check", "companion", *RESULTS}),
    "the learning rate": (parameter("train", "", "lr", 0.0125), {"check", "train", "report"}),
    "how models of folders are read": (appended(f"{PACKAGE}/given/folders.py", COMMENT), {"check"}),
    "an architecture": (appended(f"{PACKAGE}/models/architectures.py", COMMENT), {"check", "tokenizer", *MODELS}),
}


def stale(clone: Clone) -> Iterator[str]:
    """The stages that `dvc repro` would run first, without their matrix."""
    for name in stale_runs(clone):
        yield name.partition("@")[0]


def stale_runs(clone: Clone) -> list[str]:
    """The same with it."""
    return [*json.loads(clone.run("dvc", "status", "--json", "dvc.yaml"))]


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_reruns_what_it_must_and_nothing_else(clone: Clone, what: str) -> None:
    edit, expected = EDITS[what]
    edit(clone.root)
    try:
        assert set(stale(clone)) == expected
    finally:
        clone.run("git", "checkout", "-q", "--", ".")
        clone.run("git", "clean", "-qfd", PACKAGE)


@pytest.mark.parametrize(("key", "trains"), [("hidden_dropout_prob", False), ("attention_dropout", True)])
def test_only_what_its_architecture_looks_at_trains_a_model_anew(clone: Clone, key: str, trains: bool) -> None:
    """Trainings depend on a file that `check` writes: without the settings of the architecture that is not used."""
    parameter("model", "", key, 0.25)(clone.root)
    try:
        clone.run("dvc", "repro", "-q", "check")
        assert ("train" in set(stale(clone))) == trains
    finally:
        clone.run("git", "checkout", "-q", "--", ".")
        clone.run("dvc", "repro", "-q", "check")


def test_a_model_that_is_there_already_trains_no_other_and_is_never_trained(clone: Clone, tmp_path: Path) -> None:
    """Three lines of params.yaml: DVC runs the stages of this model and what compares, and takes it as it is."""
    texts = pq.read_table(clone.root / "data/aligned/canada.parquet")["text"].to_pylist()
    folder = save_local_model("bert", tmp_path / "bert", texts)
    try:
        parameter("models", "", "base", {"label": "D", "folder": str(folder)})(clone.root)
        clone.run("dvc", "repro", "-q", "check")
        runs = {"train@base-1", "score@base-1", "probe@base-1"}
        assert {name for name in stale_runs(clone) if "@" in name} == runs
        before = clone.runs()
        said = clone.run("dvc", "repro")
        assert {name for name in re.findall(r"Running stage '(.*?)'", said) if "@" in name} == runs
        assert clone.metrics("bias.json")["given"]["models"]["D_base"]["folder"] == "bert"
        assert not [name for name in clone.runs().keys() - before.keys() if name.startswith("base")], "no run of MLflow"
        assert stale_runs(clone) == []
        clone.run("dvc", "plots", "show", "--json", "metrics/curves")
        (folder / "config.json").write_text((folder / "config.json").read_text() + " ", encoding="utf-8")
        clone.run("dvc", "repro", "-q", "-f", "check")
        assert {name for name in stale_runs(clone) if "@" in name} == {"train@base-1"}
    finally:
        clone.restore()
        clone.run("git", "clean", "-qfd", "metrics")
