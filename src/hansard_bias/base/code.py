"""Which code a result depends on: git's commit, and the import closure of a module with one digest of it.

DVC compares folders; `code_digest` is the key of code where a run is told from another without DVC.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
from functools import cache
from pathlib import Path

PACKAGE = "hansard_bias"
SOURCE = Path(__file__).parents[2]
# Packages without a number in them: no result depends on their code, only on the parameters that they read. Nor on the
# file that finds the public names.
PLUMBING = ("base", "params", "__init__.py")
DATA = (".yaml", ".jinja", ".css", ".js")


def code_digest(module: str) -> str:
    """One hash of every file that a module's results depend on: its import closure without the plumbing."""
    digest = hashlib.sha256()
    for path in sorted(closure(module)):
        name = path.relative_to(SOURCE)
        if name.parts[1] not in PLUMBING:
            digest.update(name.as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def closure(module: str) -> frozenset[Path]:
    """The file of a module, every file of this package that it imports at any depth, and their data files."""
    seen: set[Path] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        stem = SOURCE.joinpath(*name.split(".")) if name.partition(".")[0] == PACKAGE else None
        files = (stem.with_suffix(".py"), stem / "__init__.py") if stem else ()
        path = next(filter(Path.is_file, files), None)
        if path is None or path in seen:
            continue
        seen.add(path)
        # Importing a.b.c runs a and a.b, too.
        todo += [name.rpartition(".")[0], *imports(path)]
        # A registry finds its modules by itself: all of them are its imports.
        if "pkgutil" in imports(path):
            todo += [f"{name}.{module.stem}" for module in path.parent.glob("*.py") if module != path]
    return frozenset(seen | {data for path in seen for data in _data_files(path)})


@cache
def imports(path: Path) -> frozenset[str]:
    """All dotted names that a file imports, at any depth of its code; a name may be a module or be in one."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _data_files(path: Path) -> set[Path]:
    """Files beside a module that it reads."""
    named = path.read_text(encoding="utf-8")
    # A module that opens its package's resources names none of them where this could read it.
    everything = any(name.startswith("importlib.resources") for name in imports(path))
    beside = [data for data in path.parent.iterdir() if data.suffix in DATA]
    return {data for data in beside if everything or f'"{data.name}"' in named}


def git(root: Path, *arguments: str) -> bytes:
    """What git answers in this folder; nothing where it fails, is not installed, or there is no repository."""
    try:
        # A repository on a network that hangs must not hold up a report.
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""


def commit(root: Path) -> str:
    """The commit of the code that is checked out; empty outside git."""
    return git(root, "rev-parse", "HEAD").decode().strip()
