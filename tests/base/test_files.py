"""Files appear whole or not at all; a folder that cannot be written to is told before anything is computed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from hansard_bias.base.files import (
    atomic_write,
    md5,
    require_path,
    require_writable,
    sha256,
    unwritable,
    with_folders_below,
    write_json,
)


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the system calls read-only, whoever asks: root may write anywhere."""
    folder = tmp_path / "metrics" / "curves"
    folder.mkdir(parents=True)
    before = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and before(path, mode))
    return folder


def test_the_first_one_is_told_with_a_remedy(read_only: Path) -> None:
    folders = with_folders_below(read_only.parent)
    assert folders == [read_only.parent, read_only]
    with pytest.raises(ValueError, match=r"curves: cannot be written to.*try `chmod u\+w") as refused:
        require_writable(folders)
    assert "\n" not in str(refused.value)


def test_what_is_not_there_yet_is_no_problem(tmp_path: Path) -> None:
    assert unwritable([tmp_path, tmp_path / "models"]) == []


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "metrics" / "bias.json"
    with atomic_write(file) as partial:
        partial.write_text("whole", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), atomic_write(file) as partial:
        partial.write_text("half", encoding="utf-8")
        _ = 1 / 0
    assert file.read_text(encoding="utf-8") == "whole"
    assert [*file.parent.iterdir()] == [file]


def test_digests_are_those_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert sha256(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()
    assert md5(tmp_path / "file") == hashlib.md5(b"content").hexdigest()


def test_a_missing_file_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    assert require_path(tmp_path, "align") == tmp_path
    with pytest.raises(ValueError, match=r"mixtures.parquet: no such file; run `dvc repro align` first"):
        require_path(tmp_path / "mixtures.parquet", "align")


def test_numbers_that_differ_in_the_13th_digit_are_the_same_file(tmp_path: Path) -> None:
    texts = []
    for value in (-0.02677980126762874, -0.026779801267625917):
        write_json(tmp_path / "x.json", {"rows": [{"value": value}], "count": 3, "pair": (value, None)})
        texts.append((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["rows"][0]["value"] == -0.0267798012676
    write_json(tmp_path / "x.json", -0.0267798012686)
    assert (tmp_path / "x.json").read_text(encoding="utf-8") != texts[0]
