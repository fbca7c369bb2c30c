"""The yardsticks' files: written and read back, and refused where they do not fit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hansard_bias.base.files import TOKENIZER, YARDSTICKS, sha256
from hansard_bias.scoring.tables import TOKENIZER_KEY
from hansard_bias.yardsticks.tables import (
    PartFacts,
    Topic,
    Topics,
    read_parts,
    read_topics,
    write_parts,
    write_topics,
)

IDS = {"moor": [f"moor/{at}" for at in range(7)], "heath": [f"heath/{at}" for at in range(4)]}
HALF = PartFacts("early", "moor", ("moor",), 120, 6, "2001-01-01", "2001-01-09")
DOSE = PartFacts("1/8", "mixed", ("heath", "moor"), 60, 2, "2001-01-01", "2001-01-02")
MISSING = PartFacts("late", "heath", ("heath",), reason="there is one sitting")
NATS = {name: np.arange(len(ids)) + 0.1 + 10 * len(name) for name, ids in IDS.items()}
FOUND = Topics(
    (Topic(("fish", "quota"), {"moor": 0.25, "heath": 0.5}), Topic(("roads",), {"moor": 0.5, "heath": 0.125})),
    {"moor": np.array([0, 1, -1, 0, 1, 1, 0]), "heath": np.array([1, 1, 0, -1])},
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / TOKENIZER).mkdir(parents=True)
    (tmp_path / TOKENIZER / "tokenizer.json").write_text("{}")
    ids = {name: pa.chunked_array([pa.array(each, pa.string())]) for name, each in IDS.items()}
    read = [(HALF, [NATS["moor"]]), (DOSE, [NATS["heath"], -NATS["moor"]]), (MISSING, [])]
    write_parts(tmp_path / YARDSTICKS, fingerprint(tmp_path), ids, read)
    write_topics(tmp_path / YARDSTICKS, FOUND, ids)
    return tmp_path


def fingerprint(root: Path) -> dict[bytes, str]:
    return {TOKENIZER_KEY: sha256(root / TOKENIZER / "tokenizer.json")}


def test_parts_come_back(root: Path) -> None:
    found = read_parts(root, IDS)
    assert found.facts == (HALF, DOSE, MISSING)
    assert [*found.nats] == [("early", "moor", "moor"), ("1/8", "mixed", "heath"), ("1/8", "mixed", "moor")]
    np.testing.assert_array_equal(found.nats["early", "moor", "moor"], NATS["moor"])
    np.testing.assert_array_equal(found.nats["1/8", "mixed", "moor"], -NATS["moor"])
    assert found.of("1/8", "mixed", "moor") == DOSE
    assert found.of("late", "heath", "heath") == MISSING
    assert found.of("late", "heath", "moor") is None


def test_sums_follow_the_ids_that_are_given(root: Path) -> None:
    order = [3, 1, 6, 0, 2, 5, 4]
    asked = {"moor": [IDS["moor"][at] for at in order]}
    found = read_parts(root, asked)
    assert {corpus for _, _, corpus in found.nats} == {"moor"}
    np.testing.assert_array_equal(found.nats["early", "moor", "moor"], NATS["moor"][order])
    np.testing.assert_array_equal(read_topics(root, asked).of_speech["moor"], FOUND.of_speech["moor"][order])


def test_topics_come_back(root: Path) -> None:
    found = read_topics(root, IDS)
    assert (found.topics, found.reason) == (FOUND.topics, "")
    for name in IDS:
        np.testing.assert_array_equal(found.of_speech[name], FOUND.of_speech[name])


def test_without_topics_every_speech_has_none(root: Path) -> None:
    ids = {name: pa.chunked_array([pa.array(each, pa.string())]) for name, each in IDS.items()}
    write_topics(root / YARDSTICKS, Topics((), {}, "there is too little text"), ids)
    found = read_topics(root, IDS)
    assert (found.topics, found.reason) == ((), "there is too little text")
    assert set(found.of_speech["moor"]) == {-1}


@pytest.mark.parametrize(
    "ids", [IDS["moor"][1:], [*IDS["moor"], "moor/7"], [*IDS["moor"][1:], "moor/other"], IDS["heath"]]
)
def test_other_speeches_are_refused(root: Path, ids: list[str]) -> None:
    for read, file in ((read_parts, "parts"), (read_topics, "topics")):
        said = f"{root / YARDSTICKS / file}.parquet: other test speeches of moor than were scored; run `dvc repro"
        with pytest.raises(ValueError, match=re.escape(said)):
            read(root, {"moor": ids})


def test_another_tokenizer_is_refused(root: Path) -> None:
    (root / TOKENIZER / "tokenizer.json").write_text("{ }")
    with pytest.raises(ValueError, match=r"parts\.parquet: scores of another tokenizer.*run `dvc repro companion`"):
        read_parts(root, IDS)


@pytest.mark.parametrize("file", ["parts.parquet", "parts.json", "topics.parquet", "topics.json"])
def test_a_missing_file_names_the_stage(root: Path, file: str) -> None:
    (root / YARDSTICKS / file).unlink()
    with pytest.raises(ValueError, match=re.escape(file) + ".*dvc repro companion"):
        (read_parts if file.startswith("parts") else read_topics)(root, IDS)
