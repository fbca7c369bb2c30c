"""Which modules a stage imports, transitively, read from the source; and dvc.yaml's dependencies made from it.

python tests/import_graph.py --write brings dvc.yaml and calibration/dvc.yaml up to date.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PACKAGE = "hansard_bias"
PIPELINES = (ROOT / "dvc.yaml", ROOT / "calibration" / "dvc.yaml")
MODULES_OF = {name: "calibrate" for name in ("base", "halves", "dose")}
"""The module of a stage under stages/, where it has another name."""


def module_path(name: str) -> Path | None:
    """The file of a module of this package, or None."""
    base = SOURCE / Path(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def module_name(path: Path) -> str:
    """The dotted name of a file under src."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> frozenset[str]:
    """All dotted names that a file imports, at any depth of its code; packages above a module count as imported."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def parents(name: str) -> list[str]:
    """a.b.c -> a, a.b: importing a module runs its packages."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def closure(start: Path) -> set[Path]:
    """The file itself and every file of the package that it imports, directly or not, with their data files."""
    seen: set[Path] = set()
    todo = [start]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        wanted = {name for name in imports(path) if name.split(".")[0] == PACKAGE} | {module_name(path)}
        wanted |= {parent for name in wanted for parent in parents(name)}
        todo += [found for name in wanted if (found := module_path(name)) is not None]
    return seen | {data for path in seen for data in data_files(path)}


def data_files(path: Path) -> set[Path]:
    """Files beside a module that it reads: those that it names, or all where it opens them as package resources."""
    named = path.read_text(encoding="utf-8")
    everything = any(name.startswith("importlib.resources") for name in imports(path))
    beside = [data for data in path.parent.iterdir() if data.suffix in (".yaml", ".jinja", ".css", ".js")]
    return {data for data in beside if everything or f'"{data.name}"' in named}


def stage_dependencies(stage: str) -> list[str]:
    """The src/ paths that belong into this stage's deps, sorted; packages' bare __init__ files are left out."""
    files = closure(SOURCE / PACKAGE / "pipeline" / f"{MODULES_OF.get(stage, stage)}.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in files if not is_bare(path))


def is_bare(path: Path) -> bool:
    """Whether a file holds a docstring and nothing else, so that no result can depend on it."""
    if path.name != "__init__.py":
        return False
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) for node in body)


def definitions(document: dict) -> dict[str, dict]:
    """Every stage's own section, inside foreach or not."""
    return {name: entry.get("do", entry) for name, entry in document["stages"].items()}


def write(path: Path) -> None:
    """Replace the src/ entries of every stage's deps in a dvc.yaml, keeping all else."""
    yaml = YAML()
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text(encoding="utf-8"))
    for stage, section in definitions(document).items():
        others = [dep for dep in section["deps"] if not str(dep).startswith("src/")]
        section["deps"] = others + stage_dependencies(stage)
    with path.open("w", encoding="utf-8") as handle:
        yaml.dump(document, handle)


if __name__ == "__main__" and "--write" in sys.argv:
    for pipeline in PIPELINES:
        write(pipeline)
