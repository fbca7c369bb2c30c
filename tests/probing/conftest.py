"""One project with a trained model for all tests of scores."""

from __future__ import annotations

from pathlib import Path

import pytest

import trained_project


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project.build(tmp_path_factory.mktemp("trained"))
