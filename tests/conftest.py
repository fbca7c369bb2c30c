"""A tiny project, run once through every stage's own `run`: what is tested is what DVC runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from helpers.dvc_clone import Clone, finished_clone
from helpers.project import (
    TINY,
    Project,
    built_once,
    forget_accelerator,
    merged,
    run_all_stages,
    shipped_params,
    write_trained_project,
)

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Several test processes with all cores each slow one another down; the models here are tiny.
os.environ.setdefault("OMP_NUM_THREADS", "1")


LONGEST = (
    "test_dvc.py",
    "test_continuing.py",
    "test_processes.py",
    "test_interruptions.py",
    "test_dvc_experiments.py",
    "test_faults.py",
    "test_cache.py",
)
"""Files that come first, so that the test processes end together; those that share a clone are apart."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(autouse=True)
def own_accelerator() -> Iterator[None]:
    """No test finds the precision of another."""
    forget_accelerator()
    yield
    forget_accelerator()


@pytest.fixture(scope="session")
def shipped() -> dict[str, Any]:
    """The shipped params.yaml, as plain data."""
    return shipped_params()


@pytest.fixture
def raw(shipped: dict[str, Any]) -> dict[str, Any]:
    """A copy of the shipped parameters that a test may change."""
    return merged(shipped, {})


@pytest.fixture(scope="session")
def tiny(shipped: dict[str, Any]) -> dict[str, Any]:
    """Parameters of the tiny project."""
    return merged(shipped, TINY)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, tiny: dict[str, Any]) -> Project:
    """The tiny project, from the sample to the page."""
    return Project(built_once(tmp_path_factory, "project", lambda folder: run_all_stages(folder, tiny)), tiny)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a trained model, ready to be scored."""
    return built_once(tmp_path_factory, "trained", write_trained_project)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, shipped: dict[str, Any]) -> Clone:
    """A clone of the project with tiny parameters after its first `dvc repro`, committed; each module has its own."""
    return finished_clone(tmp_path_factory, shipped)


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The tiny project as the working directory."""
    monkeypatch.chdir(project.root)
    return project
