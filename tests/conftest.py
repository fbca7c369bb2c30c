"""A tiny project, run once through every stage's own `run`: what is tested is what DVC runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from ruamel.yaml import YAML

from built_once import built_once
from tiny_project import ROOT, TINY, Project, merged, write_params

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
)
"""Files that come first, so that the test processes end together; the two that share a clone are apart."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def forget_accelerator() -> None:
    """Let the next training choose its precision: Accelerate keeps one a process, whoever set it."""
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(True)


@pytest.fixture(autouse=True)
def own_accelerator() -> Iterator[None]:
    """No test finds the precision of another."""
    forget_accelerator()
    yield
    forget_accelerator()


@pytest.fixture(scope="session")
def shipped() -> dict[str, Any]:
    """The shipped params.yaml, as plain data."""
    return YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))


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


def run_all_stages(folder: Path, tiny: dict[str, Any]) -> None:
    """Every stage's own `run`, in order."""
    from hansard_bias.pipeline import align, bias, check, corpus, encode, probe, report, sample, score, tokenizer, train

    forget_accelerator()
    built = Project(write_params(folder, tiny), tiny)
    before = Path.cwd()
    os.chdir(built.root)
    try:
        check.run(built.config)
        sample.run(built.config)
        for name in built.config.corpora:
            corpus.run(built.config, name)
        align.run(built.config)
        tokenizer.run(built.config)
        for name in built.config.corpora:
            encode.run(name)
        for model in built.config.models:
            for seed in built.config.train.seeds:
                train.run(built.config, model, seed)
                score.run(built.config, model, seed)
                probe.run(built.config, model, seed)
        bias.run(built.config)
        report.run(built.config)
    finally:
        os.chdir(before)
        forget_accelerator()


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The tiny project as the working directory."""
    monkeypatch.chdir(project.root)
    return project
