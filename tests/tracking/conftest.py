"""A store of its own for every test, copied from one that MLflow has created: creating takes seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hansard_bias.tracking import Store

VARIABLES = ("MLFLOW_TRACKING_URI", "DVC_EXP_NAME")


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database as MLflow creates it."""
    folder = tmp_path_factory.mktemp("database")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(folder))
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        Store("unused")
    return folder / "mlflow.db"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's root without any store."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def store_root(root: Path, fresh_database: Path) -> Path:
    """A repository's root with a store."""
    shutil.copy(fresh_database, root / "mlflow.db")
    return root
