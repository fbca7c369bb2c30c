"""DVC links its cache's read-only files into the workspace: a command that is run by hand must not write into them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansard_bias.base.files import atomic_folder
from hansard_bias.pipeline import align, check, corpus, encode, probe, sample, score, tokenizer, train
from helpers.project import Project


@pytest.fixture
def linked(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tiny project whose outputs are links to a cache, and the cache."""
    copy, cache = tmp_path / "copy", tmp_path / "cache"
    shutil.copytree(project.root, copy, symlinks=True)
    for part in ("data", "models"):
        shutil.copytree(copy / part, cache / part, copy_function=os.link, symlinks=True)
    for file in cache_files(cache):
        file.chmod(0o444)
        os.utime(file, (0, 0))
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_ROOT", str(copy))
    yield cache


def cache_files(cache: Path) -> list[Path]:
    return [file for file in cache.rglob("*") if file.is_file() and not file.is_relative_to(cache / "data/probes")]


def test_no_stage_writes_into_a_file_of_the_cache(project: Project, linked: Path) -> None:
    config, name = project.config, "nunavut"
    check.run(config)
    sample.run(config)
    corpus.run(config, name)
    align.run(config)
    tokenizer.run(config)
    encode.run(name)
    train.run(config, name, 1)
    score.run(config, name, 1)
    probe.run(config, name, 1)
    assert len(cache_files(linked)) > 30
    assert [str(file) for file in cache_files(linked) if file.stat().st_mtime != 0] == []


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "a-1"
    for name in ("first", "second"):
        with atomic_folder(folder) as new:
            (new / name).touch()
    with pytest.raises(KeyError), atomic_folder(folder) as new:
        (new / "third").touch()
        raise KeyError
    assert [path.name for path in tmp_path.rglob("*")] == ["models", "a-1", "second"]
