"""The house rules that a script can see: who imports whom, how large a module is, what names a document."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hansard_bias.base.code import imports
from helpers.project import ROOT

SOURCE = ROOT / "src" / "hansard_bias"
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_MODULES, MOST_LINES = 200, 300

PLUMBING = {"base", "params", "randomness", "writing"}
NETWORKS = PLUMBING | {"tokens", "models"}
MAY_IMPORT = {
    "base": set(),
    "randomness": set(),
    "writing": set(),
    "params": {"base"},
    "tokens": PLUMBING,
    "models": NETWORKS,
    "statistics": {"base", "randomness"},
    "corpora": PLUMBING,
    "training": NETWORKS,
    "scoring": NETWORKS,
    "yardsticks": NETWORKS | {"scoring"},
    "probing": NETWORKS,
    "analysis": PLUMBING | {"tokens", "corpora", "scoring", "yardsticks", "probing", "statistics"},
    "report": {"base", "params", "analysis"},
    "sample": PLUMBING,
    "calibration": NETWORKS | {"training", "scoring", "probing", "statistics", "sample"},
    "tracking": {"base", "params", "training", "operations"},
    "operations": NETWORKS | {"training", "analysis", "report", "corpora"},
    "given": NETWORKS | {"probing"},
    "api": NETWORKS | {"training", "scoring", "yardsticks", "given", "analysis", "report"},
}
"""Imports point one way, to what cannot change a package's results by mistake; a package may import itself, too.

`pipeline` puts everything together, and `cli` alone knows it.
"""
HEAVY = {"torch", "transformers", "accelerate"}
FOREIGN = {"statistics": HEAVY | {"pandas", "pyarrow"}, "analysis": HEAVY, "report": HEAVY}
INSIDE_A_MODEL = re.compile(r"^transformers\.(models\b|modeling_|masking_|integrations|\w*(ForMaskedLM|Attention))")
"""What only `models` takes from transformers; tokenizers and the type PreTrainedModel are everybody's."""


def area(path: Path) -> str:
    """The package of a module, or its own name where it is in none."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def wrong_imports(path: Path) -> Iterator[str]:
    """What a module must not import, with the reason."""
    own = area(path)
    for name in sorted(imports(path)):
        outside, other = f"{name}.".split(".")[:2]
        if outside == "hansard_bias" and other:
            if other == "pipeline" and own != "cli":
                yield f"{name}: only cli calls a stage"
            elif own in MAY_IMPORT and other not in MAY_IMPORT[own] | {own}:
                yield f"{name}: {own} does not know {other}"
        elif outside in FOREIGN.get(own, ()):
            yield f"{name}: {own} does without {outside}"
        elif outside == "mlflow" and own != "tracking":
            yield f"{name}: only tracking knows MLflow"
        elif INSIDE_A_MODEL.match(name) and own != "models":
            yield f"{name}: only models knows the inside of an architecture"
        elif outside in ("pickle", "dill", "joblib"):
            yield f"{name}: a pickle runs what it holds"


def test_imports_point_one_way() -> None:
    found = [f"{path.relative_to(SOURCE)}: {wrong}" for path in MODULES for wrong in wrong_imports(path)]
    assert not found, "\n" + "\n".join(found)


def test_nothing_catches_everything() -> None:
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = {getattr(name, "id", "") for name in ast.walk(node.type)} if node.type else {"BaseException"}
                if caught & {"Exception", "BaseException"}:
                    found.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert not found, "\n" + "\n".join(found)


def test_modules_are_few_and_short() -> None:
    lines = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
    # A package's own file says what it is for, and is no room.
    assert len([path for path in lines if not path.endswith("__init__.py")]) <= MOST_MODULES


def test_documents_that_are_named_exist() -> None:
    """Numbered sections are those of docs/method.md; what is not in the repository is no reference."""
    files = [path for folder in ("src", "tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    files += [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile", *ROOT.glob("*.yaml")]
    known = {path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("docs/**/*.md")]}
    sections = re.findall(r"^## (\d)\.", (ROOT / "docs" / "method.md").read_text(encoding="utf-8"), re.MULTILINE)
    missing = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        named = {name for name in re.findall(r"\b[A-Za-z][\w-]*\.md\b", text) if name not in known}
        named |= {f"section {n}" for n in re.findall(r"method\.md section (\d)", text) if n not in sections}
        named |= {*re.findall(r"\bMETHOD\b|\bDESIGN\b(?= §|\.md)", text)} if file != Path(__file__) else set()
        missing += [f"{file.relative_to(ROOT)}: {', '.join(sorted(named))}"] if named else []
    assert not missing, "\n" + "\n".join(missing)


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


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, hansard_bias as hb; dir(hb), hb.__all__; "
    code += (
        "print(sum('hansard_bias.' in name for name in sys.modules), {'torch', 'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 set()"


def test_torch_is_pinned_exactly() -> None:
    """Any looser range pulls several GB of CUDA packages where a CPU build is wanted."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in pins
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[^ ;]+", pin) for pin in pins)
