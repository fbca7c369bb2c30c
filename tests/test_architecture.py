"""The house rules that a script can see: who imports whom, what reruns what, what is pinned."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import import_graph as graph

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "hansard_bias"

MODULES = sorted(SOURCE.rglob("*.py"))
STAGES, CALIBRATION = (
    graph.definitions(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))) for path in graph.PIPELINES
)


def area(path: Path) -> str:
    """The first folder under the package, or the module's own name."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imported_areas(path: Path) -> set[str]:
    names = [name.split(".") for name in graph.imports(path) if name.startswith("hansard_bias.")]
    return {parts[1] for parts in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    outside = {name.split(".")[0] for name in graph.imports(path)}
    if area(path) != "cli":
        assert "pipeline" not in imported_areas(path) - {area(path)}, "a library module imports a stage"
    if area(path) == "pipeline" and path.stem != "__init__":
        assert "pipeline" not in imported_areas(path), "one stage imports another"
    if area(path) in ("statistics", "report", "analysis"):
        assert not outside & {"torch", "transformers", "accelerate"}
        assert not imported_areas(path) & {"training", "models"}
    if area(path) == "statistics":
        assert not outside & {"pandas", "pyarrow"}
    if area(path) != "tracking":
        assert "mlflow" not in outside
    assert not outside & {"pickle", "dill", "joblib"}


@pytest.mark.parametrize("stage", [*STAGES, *CALIBRATION])
def test_a_stage_s_dependencies_are_the_modules_that_it_imports(stage: str) -> None:
    """Fewer: an edited helper reruns nothing; more: an edited page retrains. Mend with import_graph.py --write."""
    listed = sorted(dep for dep in (STAGES | CALIBRATION)[stage]["deps"] if dep.startswith("src/"))
    assert listed == graph.stage_dependencies(stage)


def test_editing_the_page_reruns_the_report_alone() -> None:
    touched = {stage for stage in STAGES if any("/report/" in dep for dep in graph.stage_dependencies(stage))}
    assert touched == {"report"}


def test_editing_the_statistics_reruns_no_model() -> None:
    touched = {stage for stage in STAGES if any("/statistics/" in dep for dep in graph.stage_dependencies(stage))}
    assert touched <= {"bias", "report"}


def test_editing_the_statistics_retrains_no_calibration() -> None:
    touched = {stage for stage in CALIBRATION if any("/statistics/" in dep for dep in graph.stage_dependencies(stage))}
    assert touched == {"verdict"}


def test_no_stage_of_the_study_waits_for_the_calibration() -> None:
    listed = [out for section in CALIBRATION.values() for out in section.get("outs", ())]
    outs = {next(iter(out)) if isinstance(out, dict) else out for out in listed}
    deps = {dep for section in STAGES.values() for dep in section["deps"]}
    assert outs and not outs & deps
    assert "metrics/calibration.json" not in deps | outs
    # Cached, they would be missing from the remote of everybody who never calibrated, and `dvc pull` would fail.
    assert all(isinstance(out, dict) and out[name] == {"cache": False} for out in listed for name in out)


def test_dvc_yaml_has_the_stages_of_the_design() -> None:
    design = {"sample", "corpus", "align", "tokenizer", "encode", "train", "score", "probe", "bias", "report"}
    assert set(STAGES) == design | {"check"}
    for stage, section in STAGES.items():
        assert section["cmd"].startswith(f"hansard-bias {stage}")


def test_stages_without_a_model_load_no_torch() -> None:
    """Process start-up is a third of the sample's run: torch alone takes more than a second."""
    light = ["check", "sample", "corpus", "align", "tokenizer", "encode", "bias", "report"]
    code = "import sys; " + "; ".join(f"import hansard_bias.pipeline.{stage}" for stage in light)
    code += "; print(sorted({'torch', 'transformers', 'mlflow', 'accelerate', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, hansard_bias.cli; print(sorted({'torch', 'pandas', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_torch_is_pinned_exactly() -> None:
    """Any looser range pulls several GB of CUDA packages where a CPU build is wanted."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in pins
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[^ ;]+", pin) for pin in pins)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_catches_everything(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert not (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
