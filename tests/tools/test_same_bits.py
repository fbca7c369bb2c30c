"""The digest of results sees every number, and neither the clock nor the last digits of linear algebra."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import same_bits


def project(root: Path, value: float, seconds: float) -> dict[str, str]:
    (root / "metrics").mkdir(parents=True)
    content = {"wall_seconds": seconds, "rows": [{"value": value}]}
    (root / "metrics" / "bias.json").write_text(json.dumps(content), encoding="utf-8")
    (root / "models").mkdir()
    (root / "models" / "model.safetensors").write_bytes(b"weights")
    return {path.as_posix(): same_bits.digest(root / path) for path in same_bits.results(root)}


@pytest.mark.parametrize(
    ("value", "seconds", "differing"),
    [(1.5, 9.0, []), (1.5000000000001, 1.0, []), (1.500001, 1.0, ["metrics/bias.json differs"])],
)
def test_numbers_are_compared_and_times_are_not(
    tmp_path: Path, value: float, seconds: float, differing: list[str]
) -> None:
    kept = project(tmp_path / "before", 1.5, 1.0)
    assert set(kept) == {"metrics/bias.json", "models/model.safetensors"}
    assert same_bits.compare(kept, project(tmp_path / "after", value, seconds)) == differing


def test_results_that_come_and_go_are_told() -> None:
    assert same_bits.compare({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ["a is gone", "c is new"]
