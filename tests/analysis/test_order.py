"""No number of `bias` depends on the order of what is compared: models, corpora, prompts, benchmarks, words, terms."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.params import parse_config
from hansard_bias.pipeline import bias
from helpers.project import merged
from helpers.whole_study import ITEMS, PAIRS, PROMPTS, SETTINGS, TARGETS, TERMS, write_probes, write_study

Named = dict[tuple[str, ...], Any]
IDS = (
    "family",
    "what",
    "term",
    "prompt",
    "word",
    "other",
    "test",
    "space",
    "text",
    "corpus",
    "model",
    "slice",
    "value",
    "association",
    "share",
    "words",
)
"""Keys that tell the records of a list apart."""
EXTRA = {
    "again": {"label": "A2", "mixture": {"nunavut": 1.0}},
    "little": {"label": "D", "mixture": {"nunavut": 0.25, "canada": 0.75}},
}
"""A second model of one corpus (which one is its own must not depend on their order), and a second mixture."""
SECTIONS = ("models", "corpora", "prompts", "benchmarks", "words", "pairs", "terms")


@pytest.fixture(scope="module")
def study(shipped: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The tables of a study, and its parameters; `bias` has run once."""
    root, raw = tmp_path_factory.mktemp("order"), merged(shipped, SETTINGS)
    raw["models"] |= EXTRA
    write_study(parse_config(raw), root)
    bias.run(parse_config(raw), root)
    return root, raw


def numbers(root: Path) -> Named:
    """Everything that `bias` wrote, by names alone."""
    found: Named = {}
    for path in sorted((root / "metrics").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            content = json.load(file) if path.suffix == ".json" else list(csv.DictReader(file))
        for place, value in named(content, (path.stem,)):
            assert place not in found, f"two numbers of one name: {place}"
            found[place] = value
    return found


def named(content: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The leaves of a structure: records of a list go by what they are about, plain lists of names are sets."""
    if isinstance(content, dict):
        for key, part in content.items():
            # Where a line stands in its file is no finding.
            if key != "line":
                yield from named(part, (*place, key))
    elif not isinstance(content, list):
        yield place, content
    elif place[-1] == "terms":
        yield place, frozenset(content)
    elif content and all(isinstance(part, dict) and "token" not in part for part in content):
        for part in content:
            yield from named(part, (*place, *(str(part[key]) for key in IDS if key in part)))
    else:
        yield place, content


def backwards(raw: dict[str, Any], root: Path, what: str) -> dict[str, Any]:
    """The parameters, with this part of what is asked in the reverse order, in them or in the tables."""
    asked: dict[str, Any] = {"prompts": PROMPTS, "benchmarks": ITEMS, "words": TARGETS, "pairs": PAIRS, "terms": TERMS}
    if what in raw and what in ("models", "corpora"):
        return raw | {what: dict(reversed(raw[what].items()))}
    turned = asked[what]
    if isinstance(turned, dict):
        asked[what] = {name: words[::-1] for name, words in turned.items()}
    else:
        asked[what] = turned[::-1]
    write_probes(parse_config(raw), root, *asked.values())
    return raw


@pytest.mark.parametrize("what", SECTIONS)
def test_the_order_of_what_is_compared_changes_no_bit(study: tuple[Path, dict[str, Any]], what: str) -> None:
    root, raw = study
    write_probes(parse_config(raw), root, PROMPTS, ITEMS, TARGETS, PAIRS, TERMS)
    bias.run(parse_config(raw), root)
    before = numbers(root)
    bias.run(parse_config(backwards(raw, root, what)), root)
    after = numbers(root)
    assert before.keys() == after.keys() and len(before) > 4000
    changed = [place for place, value in before.items() if after[place] != value]
    assert not changed, f"{len(changed)} of {len(before)} numbers"


def test_results_are_told_in_the_order_of_params(study: tuple[Path, dict[str, Any]]) -> None:
    root, raw = study
    turned = raw | {part: dict(reversed(raw[part].items())) for part in ("models", "corpora")}
    config = parse_config(turned)
    bias.run(config, root)
    told = json.loads((root / "metrics/bias.json").read_text())
    rows = [config.row_key(model) for model in config.models]
    assert rows != sorted(rows)
    assert list(told["models"]) == list(told["probes"]["stability"]) == list(told["unigrams"]) == rows
    assert list(told["models"][rows[0]]["perplexity"]) == [f"on_{column}" for column in config.columns()]
    assert list(told["uncertainty"]["sittings"]) == list(config.corpora)
    cells = json.loads((root / "metrics/cells.json").read_text())
    assert list(dict.fromkeys(cell["model"] for cell in cells)) == rows
    assert [prompt["prompt"] for prompt in told["probes"]["prompts"]] == [name for name, *_ in PROMPTS]
    assert [item["line"] for item in told["benchmarks"][0]["items"]] == [2, 3, 4, 5, 6]


def test_another_prompt_moves_no_other(study: tuple[Path, dict[str, Any]]) -> None:
    """What is told of a prompt, a benchmark's prompt or a pair of words depends on nothing else in the file.

    But for decisions on prompts and their intervals: all prompts together tell how large errors are.
    """
    root, raw = study
    write_probes(parse_config(raw), root, PROMPTS, ITEMS, TARGETS, PAIRS, TERMS)
    bias.run(parse_config(raw), root)
    before = numbers(root)
    write_probes(parse_config(raw), root, PROMPTS[1:], ITEMS[1:], TARGETS, PAIRS[1:], TERMS)
    bias.run(parse_config(raw), root)
    after = numbers(root)
    corrected = {"p_corrected", "direction", "low", "high"}
    alone = [
        place
        for place in after
        if (place[:3] == ("bias", "probes", "prompts") and corrected.isdisjoint(place))
        or place[:3] == ("bias", "associations", "pairs")
        or "items" in place[:4]
    ]
    assert len(alone) > 300
    assert [place for place in alone if before[place] != after[place]] == []
