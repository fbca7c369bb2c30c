"""The Nunavut reader against lines labelled by hand (tests/gold), over all sittings of the shared text.

`drawn` is the drawing: of each sitting the 13 line numbers with the lowest SHA-256 of "gold:<number>".
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import pytest

from hansard_bias.corpora.readers.nrc import read_nrc
from hansard_bias.corpora.schema import Record

GOLD = Path(__file__).parents[1] / "gold/nunavut_1999_2000.csv"
SHARED = Path(__file__).parents[3] / "shared/data/nunavut/Nunavut-Hansard-Inuktitut-English-Parallel-Corpus-3.0"
A_SITTING = 13
LABELS = {
    "": "turn_start",
    "empty": "turn_start",  # a turn without words
    "interruption": "interruption",
    "heading": "heading",
    "list": "list",
    "contents": "list",
    "page_header": "header",
    "appendix": "continuation",
    "unattributed": "continuation",
}

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Nunavut text is not on this machine")


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(read_nrc(SHARED))


@pytest.fixture(scope="module")
def gold() -> dict[int, str]:
    lines = [line for line in GOLD.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {int(row["line"]): row["label"] for row in csv.DictReader(lines)}


def drawn() -> list[int]:
    """The numbers of the lines to label, in order."""
    sittings: dict[str, list[int]] = defaultdict(list)
    with (SHARED / "NunavutHansard.id").open(encoding="utf-8") as ids:
        for number, line in enumerate(ids, start=1):
            sittings[line.partition("\t")[0]].append(number)
    chosen = [sorted(lines, key=_draw)[:A_SITTING] for lines in sittings.values()]
    return sorted(number for lines in chosen for number in lines)


def _draw(number: int) -> str:
    return hashlib.sha256(f"gold:{number}".encode()).hexdigest()


def labels(records: list[Record]) -> dict[int, str]:
    """What the reader says of each line that begins a record; it took all others for continuations."""
    found: dict[int, str] = {}
    for record in records:
        number, label = int(record.source.rpartition(":")[2]), LABELS[record.reason]
        if found.get(number) != "turn_start":
            found[number] = label
    return found


def test_the_gold_lines_are_those_drawn(gold: dict[int, str]) -> None:
    assert list(gold) == drawn()
    assert set(gold.values()) == set(LABELS.values())


def test_the_reader_agrees_with_the_labels(records: list[Record], gold: dict[int, str]) -> None:
    read = labels(records)
    wrong = {line: (label, read.get(line, "continuation")) for line, label in gold.items()}
    wrong = {line: pair for line, pair in wrong.items() if pair[0] != pair[1]}
    turns = [line for line, label in gold.items() if label == "turn_start"]
    assert len(wrong) <= 0.01 * len(gold), wrong
    assert sum(line in wrong for line in turns) <= 0.005 * len(turns), wrong


def test_every_sitting_is_found(records: list[Record]) -> None:
    # The last one is cut off within its cover: it has no speech.
    assert len({record.sitting for record in records}) == 49
    assert len({record.sitting for record in records if not record.reason}) == 48
