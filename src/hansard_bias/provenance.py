"""What a result was made from: the commit, the parameters, the versions of what computed it."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from hansard_bias.config import PARAMS_FILE

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "scipy", "scikit-learn", "dvc", "mlflow")


def provenance(root: Path = Path(".")) -> dict[str, str]:
    """Commit digest of params.yaml, and versions."""
    parameters = root / PARAMS_FILE
    facts = {"commit": commit(root)} if commit(root) else {}
    if parameters.is_file():
        facts["digest of the parameters"] = hashlib.sha256(parameters.read_bytes()).hexdigest()
    facts["python"] = platform.python_version()
    return facts | {name: version(name) for name in PACKAGES}


def commit(root: Path) -> str:
    """The commit of the code that is checked out, or nothing outside git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
