"""`bias.confidence` reaches every interval and decision that `bias` writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.analysis.metrics import further_records
from hansard_bias.analysis.record_files import columns
from hansard_bias.analysis.records import BiasResults
from hansard_bias.params import parse_config
from hansard_bias.pipeline import bias
from helpers.project import merged
from helpers.whole_study import SETTINGS, write_study

Bounds = tuple[float, float]
RATES = {"cultural_bias_rate", "content_rates"}


@pytest.fixture(scope="module")
def told(shipped: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[float, Any]:
    """The content of all files of `bias` at 95 % and at 50 %, from the same tables."""
    root = tmp_path_factory.mktemp("confidence")
    raw = merged(shipped, SETTINGS)
    write_study(parse_config(raw), root)
    found = {}
    for confidence in (0.95, 0.5):
        bias.run(parse_config(merged(raw, {"bias": {"confidence": confidence}})), root)
        found[confidence] = _content(root)
    return found


def _content(root: Path) -> dict[str, Any]:
    content = {name: json.loads((root / "metrics" / f"{name}.json").read_text()) for name in ("bias", "cells")}
    for name in ("slices", "words"):
        with (root / "metrics" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            content[name] = list(csv.DictReader(file))
    return content


def bounds(content: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Bounds]]:
    """Every pair of a lower and an upper bound that are numbers, with its place: `low`, or `perplexity_low`."""
    if isinstance(content, dict):
        for key in content:
            if key.endswith("low") and (high := f"{key.removesuffix('low')}high") in content:
                if content[key] not in (None, ""):
                    yield (*place, key), (float(content[key]), float(content[high]))
            else:
                yield from bounds(content[key], (*place, key))
    elif isinstance(content, list):
        for number, part in enumerate(content):
            yield from bounds(part, (*place, number))


def has_no_width(place: tuple[str | int, ...], pair: Bounds) -> bool:
    """The exceptions: the excess of a corpus's own model is exactly 0, the made-up text has even frequencies."""
    return pair[0] == pair[1] and (pair == (0.0, 0.0) or not {"unigrams", "frequency"}.isdisjoint(place))


def test_every_interval_is_narrower_at_half_the_confidence(told: dict[float, Any]) -> None:
    wide, narrow = (dict(bounds(told[confidence])) for confidence in (0.95, 0.5))
    assert list(wide) == list(narrow), "the same numbers have intervals"
    compared = {place: pair for place, pair in wide.items() if not has_no_width(place, pair)}
    same = [place for place, pair in compared.items() if narrow[place] == pair]
    assert not same
    for place, (low, high) in compared.items():
        inner_low, inner_high = narrow[place]
        assert inner_high - inner_low < high - low, place
        # A rate counts decisions, of which half the confidence makes more: it moves as a whole.
        assert not RATES.isdisjoint(place) or low <= inner_low <= inner_high <= high, place
    sections = {str(place[1]) for place in compared if place[0] == "bias"} - further_records(
        columns(BiasResults)
    ).keys()
    assert sections == {
        "models", "tests", "without_shared_13grams", "unigrams", "probes", "benchmarks", "associations", "likelihoods",
        "planted",
    }  # fmt: skip
    assert {place[0] for place in compared} == {"bias", "cells", "slices", "words"}


def test_decisions_need_less_at_half_the_confidence(told: dict[float, Any]) -> None:
    """More prompts have a sign that holds, and more words differ."""
    wide, narrow = told[0.95]["bias"], told[0.5]["bias"]
    assert narrow["uncertainty"]["confidence"] == 0.5
    rates = [{row: model["cultural_bias_rate"] for row, model in each["models"].items()} for each in (wide, narrow)]
    undecided = [sum(rate["undecided"] for rate in each.values()) for each in rates]
    assert undecided[0] > undecided[1] == 0
    for before, after in zip(wide["probes"]["prompts"], narrow["probes"]["prompts"], strict=True):
        for row, answer in before["models"].items():
            assert answer["p_corrected"] == after["models"][row]["p_corrected"]
            if answer["direction"] != "undecided":
                assert after["models"][row]["direction"] == answer["direction"]
    counts = [
        sum(each["more_surprising"] + each["less_surprising"] for each in part["words"]) for part in (wide, narrow)
    ]
    assert counts[0] < counts[1]


def test_p_does_not_depend_on_the_confidence(told: dict[float, Any]) -> None:
    before, after = (
        [
            {key: value for key, value in test.items() if key.startswith("p")}
            for test in told[confidence]["bias"]["tests"]
        ]
        for confidence in (0.95, 0.5)
    )
    assert before == after
