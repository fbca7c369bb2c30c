"""What a result was made from: the commit, the parameters, the versions of what computed it, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from hansard_bias.config import PARAMS_FILE

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "scipy", "scikit-learn", "dvc", "mlflow")
SOURCES = ("src", "data/probes", "dvc.yaml", "params.yaml")
"""What a result depends on; results themselves differ from the commit while they are being made."""


def provenance(root: Path = Path(".")) -> dict[str, str]:
    """Commit, what was changed since, digest of params.yaml, machine, and versions."""
    parameters = root / PARAMS_FILE
    facts = {"commit": commit(root)} if commit(root) else {}
    if facts:
        facts["date of the commit"] = _git(root, "show", "--no-patch", "--format=%cs", "HEAD")
        facts["changed since the commit"] = ", ".join(changed(root)) or "nothing"
    if parameters.is_file():
        facts["digest of the parameters"] = hashlib.sha256(parameters.read_bytes()).hexdigest()
    facts["machine"] = machine()
    facts["python"] = platform.python_version()
    return facts | {name: version(name) for name in PACKAGES}


def commit(root: Path) -> str:
    """The commit of the code that is checked out, or nothing outside git."""
    return _git(root, "rev-parse", "HEAD")


def changed(root: Path) -> list[str]:
    """Files of code, parameters and probes that differ from the commit."""
    lines = _git(root, "status", "--porcelain", "--", *SOURCES).splitlines()
    return [line.split(maxsplit=1)[-1] for line in lines]


def machine() -> str:
    """This machine in words: processor, cores, memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()}"


def _processor() -> str:
    """The processor's own name, which Python knows only on some systems."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(root: Path, *arguments: str) -> str:
    """What git answers, or nothing where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
