"""The sample as it ships, generated and written once for all tests of this folder."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from hansard_bias.params import SampleConfig
from hansard_bias.sample.archives import write_sample
from hansard_bias.sample.generate import generate
from hansard_bias.sample.legislature import Sample

DEFAULT = SampleConfig(seed=1999, speeches=3400, sittings=72)
SMALL = SampleConfig(seed=7, speeches=240, sittings=24)


@pytest.fixture(scope="session")
def default_sample() -> Sample:
    """Both legislatures at the shipped size."""
    return generate(DEFAULT)


@pytest.fixture(scope="session")
def small_sample() -> Sample:
    """Both legislatures, ten speeches a sitting."""
    return generate(SMALL)


@pytest.fixture(scope="session")
def other_sample() -> Sample:
    """The same with another seed, 8."""
    return generate(replace(SMALL, seed=8))


@pytest.fixture(scope="session")
def default_folder(default_sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archives of the shipped sample."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(default_sample, folder, DEFAULT.seed)
    return folder


@pytest.fixture(scope="session")
def nrc_files(default_folder: Path) -> dict[str, list[str]]:
    """The lines of the two files of the Nunavut archive, by file name."""
    (path,) = (default_folder / "nunavut").iterdir()
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            found[Path(member.name).name] = io.TextIOWrapper(content, encoding="utf-8").read().splitlines()
    return found
