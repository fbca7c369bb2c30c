"""Both archives on disk: the same bytes for the same seed, never mixed with other files; LiPaD's broken rows."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.params import SampleConfig
from hansard_bias.sample.archives import write_sample
from hansard_bias.sample.generate import generate
from hansard_bias.sample.legislature import Sample


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_seed_same_bytes(small_sample: Sample, tmp_path: Path) -> None:
    write_sample(small_sample, tmp_path / "a", 7)
    write_sample(generate(SampleConfig(seed=7, speeches=240, sittings=24)), tmp_path / "b", 7)

    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


def test_other_seed_other_bytes(small_sample: Sample, other_sample: Sample, tmp_path: Path) -> None:
    write_sample(small_sample, tmp_path / "a", 7)
    write_sample(small_sample, tmp_path / "dirt", 8)
    write_sample(other_sample, tmp_path / "b", 8)
    first, dirt, other = (_bytes(tmp_path / name) for name in ("a", "dirt", "b"))
    archive = next(name for name in first if name.endswith(".tgz"))

    assert first["planted.json"] == dirt["planted.json"] != other["planted.json"]
    assert len({first[archive], dirt[archive], other[archive]}) == 3


def test_an_earlier_sample_is_replaced(small_sample: Sample, other_sample: Sample, tmp_path: Path) -> None:
    write_sample(other_sample, tmp_path / "used", 8)
    write_sample(small_sample, tmp_path / "used", 7)
    write_sample(small_sample, tmp_path / "fresh", 7)

    assert _bytes(tmp_path / "used") == _bytes(tmp_path / "fresh")


def test_other_archives_are_left_alone(small_sample: Sample, tmp_path: Path) -> None:
    own = tmp_path / "canada" / "2016" / "4" / "2016-4-11.csv"
    own.parent.mkdir(parents=True)
    own.write_text("basepk\n")

    with pytest.raises(ValueError, match=r"2016-4-11\.csv but no planted\.json"):
        write_sample(small_sample, tmp_path, 7)
    assert _bytes(tmp_path) == {"canada/2016/4/2016-4-11.csv": b"basepk\n"}


def test_planted_json(default_folder: Path) -> None:
    truth = json.loads((default_folder / "planted.json").read_text(encoding="utf-8"))

    assert set(truth) == {"seed", "associations"}
    kept = {"id", "topic", "prompts", "groups", "probability_northern", "log_odds", "word_shares", "occurrences"}
    assert set(truth["associations"][0]) >= kept
    assert min(min(record["occurrences"].values()) for record in truth["associations"]) >= 120


# The Canadian archive: LiPaD's daily CSV files, with rows that a reader must set aside one by one.


COLUMNS = (
    "basepk,hid,speechdate,pid,opid,speakeroldname,speakerposition,maintopic,subtopic,subsubtopic,"
    "speechtext,speakerparty,speakerriding,speakername,speakerurl"
)
Row = list[str]


@pytest.fixture(scope="module")
def days(default_folder: Path) -> dict[str, list[Row]]:
    """The rows of every file, header included, by path."""
    found = {}
    root = default_folder / "canada"
    for path in sorted(root.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found[path.relative_to(root).as_posix()] = list(csv.reader(stream))
    return found


@pytest.fixture(scope="module")
def rows(days: dict[str, list[Row]]) -> list[dict[str, str]]:
    """All complete rows, by column."""
    names = COLUMNS.split(",")
    return [dict(zip(names, row, strict=True)) for content in days.values() for row in content[1:] if len(row) == 15]


def test_one_file_a_sitting_without_leading_zeros(days: dict[str, list[Row]], default_sample: Sample) -> None:
    dates = [sitting.date for sitting in default_sample.sittings["canada"]]

    assert set(days) == {f"{day.year}/{day.month}/{day.year}-{day.month}-{day.day}.csv" for day in dates}
    assert all(",".join(content[0]) == COLUMNS for content in days.values())


def test_every_speech_has_a_row(rows: list[dict[str, str]], default_sample: Sample) -> None:
    found = {(row["speechdate"], row["speakername"], " ".join(row["speechtext"].split())) for row in rows}

    for speech in default_sample.speeches("canada"):
        assert (speech.sitting.isoformat(), speech.person.name, speech.text) in found


def test_positions_and_names(rows: list[dict[str, str]]) -> None:
    positions = Counter(row["speakerposition"] for row in rows)
    titles = [row["speakeroldname"] for row in rows]

    assert set(positions) == {"", "Interjection", "intervention", "stagedirection"}
    assert positions[""] > positions["Interjection"] > positions["stagedirection"] >= 20
    assert all(row["speakername"] == "Some hon. members" for row in rows if row["speakerposition"] == "intervention")
    assert any(title.startswith("Hon. ") and "(Minister of Housing, " in title for title in titles)
    assert {"The Speaker", "The Deputy Speaker"} <= set(titles)
    assert any(title.startswith("The Acting Speaker (M") for title in titles)


def test_cells_have_line_ends_missing_values_and_accents(rows: list[dict[str, str]]) -> None:
    assert sum("\n " in row["speechtext"] for row in rows) > 500
    assert sum(row["subsubtopic"] == "NA" for row in rows) > 50
    assert sum(row["speakerriding"] == "NA" for row in rows) > 20
    assert any("Élodie" in row["speakername"] for row in rows)
    assert len({row["basepk"] for row in rows}) == len({row["hid"] for row in rows}) == len(rows)


def test_each_day_has_one_broken_row_of_the_kinds_in_turn(days: dict[str, list[Row]]) -> None:
    kinds: Counter[str] = Counter()
    for content in days.values():
        broken = [kind for kind in map(_broken, content[1:]) if kind]
        assert len(broken) == 1
        kinds.update(broken)

    assert kinds == {"missing columns": 24, "bad date": 24, "empty text": 24}


def _broken(row: Row) -> str:
    if len(row) != 15:
        return "missing columns"
    try:
        date.fromisoformat(row[2])
    except ValueError:
        return "bad date"
    return "" if row[10].strip() else "empty text"


def test_speeches_are_repeated_within_a_day_and_on_another(rows: list[dict[str, str]]) -> None:
    days_by_text: dict[str, list[str]] = {}
    for row in rows:
        if len(row["speechtext"].split()) > 15 and row["speechdate"][5:] != "13-45":
            days_by_text.setdefault(" ".join(row["speechtext"].split()), []).append(row["speechdate"])
    repeated = [found for found in days_by_text.values() if len(found) > 1]

    assert sum(len(set(found)) < len(found) for found in repeated) >= 5
    assert sum(len(set(found)) > 1 for found in repeated) >= 5
