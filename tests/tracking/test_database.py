"""Databases that cannot be used are refused in one line, at once, and stay as they are."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hansard_bias.tracking import Store, StoreError, repository_root, store_uri
from hansard_bias.tracking.database import alone, check_database, kept_experiment, known_revisions


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


def test_the_store_lies_at_the_repository_s_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_uri() == f"sqlite:///{root}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert store_uri() == "http://127.0.0.1:1"
    assert repository_root() == root


def test_an_experiment_s_number_is_read_without_mlflow(store_root: Path) -> None:
    number = Store("x").experiment
    assert kept_experiment(store_uri(), "x") == number
    assert kept_experiment(store_uri(), "another") is None
    assert kept_experiment(f"sqlite:///{store_root}/missing.db", "x") is None
    assert kept_experiment("http://127.0.0.1:1", "x") is None


def test_a_store_from_a_newer_mlflow_is_refused_and_not_touched(store_root: Path) -> None:
    change(store_root / "mlflow.db", "UPDATE alembic_version SET version_num = 'f00dfacecafe'")
    # A newer schema may lack a table that this MLflow would create on opening.
    change(store_root / "mlflow.db", "DROP TABLE latest_metrics")
    before = (store_root / "mlflow.db").read_bytes()
    with pytest.raises(StoreError) as refused:
        Store("x")
    assert "was written by a newer MLflow than" in str(refused.value)
    assert "f00dfacecafe" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert (store_root / "mlflow.db").read_bytes() == before


def test_the_installed_mlflow_knows_the_schema_that_it_writes(fresh_database: Path) -> None:
    with closing(sqlite3.connect(fresh_database)) as connection:
        ((revision,),) = connection.execute("SELECT version_num FROM alembic_version")
    assert revision in known_revisions()
    check_database(f"sqlite:///{fresh_database}")


def test_a_locked_database_is_told_after_a_moment(store_root: Path) -> None:
    with closing(sqlite3.connect(store_root / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"mlflow\.db cannot be used \(database is locked\)"):
            check_database(store_uri(), patience=0.1)


def test_a_file_that_is_no_database(root: Path) -> None:
    (root / "mlflow.db").write_text("something else " * 100)
    with pytest.raises(StoreError, match=r"cannot be used \(file is not a database\)"):
        check_database(store_uri())


def test_a_root_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "file").touch()
    monkeypatch.setenv("DVC_ROOT", str(root / "file"))
    with pytest.raises(StoreError, match=r"\.mlflow\.lock cannot be written"), alone():
        pass


def test_a_lock_that_somebody_keeps(root: Path) -> None:
    with alone(), pytest.raises(StoreError, match=r"another process has held .*\.mlflow\.lock"), alone(patience=0.1):
        pass
    with alone():
        pass


def test_two_processes_may_create_the_store_at_once(root: Path) -> None:
    code = "from hansard_bias.tracking import Store; print(Store('x').experiment)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].splitlines()[-1] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert answers[0] == answers[1]
