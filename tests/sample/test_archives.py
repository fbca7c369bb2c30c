"""Both archives on disk: the same bytes for the same seed, and never mixed with other files."""

from __future__ import annotations

import json
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


def test_other_seed_other_bytes(small_sample: Sample, tmp_path: Path) -> None:
    write_sample(small_sample, tmp_path / "a", 7)
    write_sample(small_sample, tmp_path / "dirt", 8)
    write_sample(generate(SampleConfig(seed=8, speeches=240, sittings=24)), tmp_path / "b", 8)
    first, dirt, other = (_bytes(tmp_path / name) for name in ("a", "dirt", "b"))
    archive = next(name for name in first if name.endswith(".tgz"))

    assert first["planted.json"] == dirt["planted.json"] != other["planted.json"]
    assert len({first[archive], dirt[archive], other[archive]}) == 3


def test_an_earlier_sample_is_replaced(small_sample: Sample, tmp_path: Path) -> None:
    write_sample(generate(SampleConfig(seed=8, speeches=240, sittings=24)), tmp_path / "used", 8)
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
    assert set(truth["associations"][0]) >= {
        "id",
        "topic",
        "prompts",
        "groups",
        "probability_northern",
        "log_odds",
        "word_shares",
        "occurrences",
    }
    assert min(min(record["occurrences"].values()) for record in truth["associations"]) >= 120
