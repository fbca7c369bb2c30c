"""Parts of training texts: which sittings they are of, how long they are, and what lies in what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.params import Config, parse_config
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.yardsticks.parts import Part, parts_of
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, DOSES, OWN
from helpers.project import merged, shipped_params

POSITIONS = 12


def corpus_of(name: str, sittings: list[list[int]]) -> EncodedCorpus:
    """Speeches of so many tokens, by sitting."""
    lengths = np.array([length for sitting in sittings for length in sitting], dtype=np.int64)
    days = [np.datetime64("2001-01-01") + at for at, sitting in enumerate(sittings) for _ in sitting]
    index = pa.table({"speech_id": [f"{name}/{at}" for at in range(len(lengths))], "sitting": pa.array(np.array(days))})
    tokens = np.random.default_rng(len(name)).integers(5, 90, size=lengths.sum()).astype(np.uint16)
    return EncodedCorpus(tokens, np.cumsum(lengths) - lengths, lengths, index)


def made_up(sittings: int, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 40, size=rng.integers(20, 40)).tolist() for _ in range(sittings)]


CORPORA = {"moor": corpus_of("moor", made_up(23, 1)), "heath": corpus_of("heath", made_up(9, 2))}


def windows_of(corpora: dict[str, EncodedCorpus], **share: float) -> Windows:
    """Windows of the first so many of every corpus's speeches."""
    rows = [np.arange(round(share.get(name, 0) * len(each.lengths))) for name, each in corpora.items()]
    return cut_windows([*corpora.values()], rows, POSITIONS)


def texts_of(corpora: dict[str, EncodedCorpus]) -> dict[str, Windows]:
    return {
        "moor": windows_of(corpora, moor=0.5),
        "heath": windows_of(corpora, heath=1),
        "mixed": windows_of(corpora, moor=0.4, heath=0.6),
    }


def config_of(raw: dict[str, Any], mixtures: dict[str, dict[str, float]]) -> Config:
    """Models by name; corpora as these name them."""
    names = sorted({name for mixture in mixtures.values() for name in mixture})
    corpora = {name: {"label": name, "reader": "nrc", "path": "x"} for name in names}
    models = {name: {"label": name, "mixture": mixture} for name, mixture in mixtures.items()}
    return parse_config({**merged(raw, {}), "corpora": corpora, "models": models})


MIXTURES = {"moor": {"moor": 1.0}, "heath": {"heath": 1.0}, "mixed": {"moor": 0.5, "heath": 0.5}}


@pytest.fixture
def parts(raw: dict[str, Any]) -> dict[tuple[str, str, tuple[str, ...]], Part]:
    return by_name(parts_of(texts_of(CORPORA), config_of(raw, MIXTURES), CORPORA))


def by_name(parts: Any) -> dict[tuple[str, str, tuple[str, ...]], Part]:
    return {(part.facts.kind, part.facts.name, part.facts.reads): part for part in parts}


def places(windows: Windows, corpora: dict[str, EncodedCorpus] = CORPORA) -> set[tuple[str, int]]:
    """Every token, by its corpus and where it stands there."""
    names = [*corpora]
    spans = zip(windows.corpus, windows.start, windows.length, strict=True)
    found = [(names[corpus], int(start) + at) for corpus, start, length in spans for at in range(length)]
    assert len(found) == len(set(found)), "no token is learned from twice"
    return set(found)


def sittings(tokens: set[tuple[str, int]]) -> set[tuple[str, str]]:
    """The sittings of these tokens."""
    days = {name: np.repeat(each.index["sitting"].to_numpy(), each.lengths) for name, each in CORPORA.items()}
    return {(name, str(days[name][at])) for name, at in tokens}


@pytest.mark.parametrize("kinds", [BY_TIME, AT_RANDOM])
@pytest.mark.parametrize("corpus", ["moor", "heath"])
def test_halves_share_no_sitting_and_are_as_long(parts: dict[Any, Part], kinds: tuple[str, str], corpus: str) -> None:
    one, other = (parts[kind, corpus, (corpus,)] for kind in kinds)
    first, second = places(one.windows), places(other.windows)
    assert len(first) == len(second) == one.facts.tokens == other.facts.tokens
    assert not sittings(first) & sittings(second)
    assert (one.facts.sittings, other.facts.sittings) == (len(sittings(first)), len(sittings(second)))
    whole = places(texts_of(CORPORA)[corpus])
    assert first | second <= whole
    # What is missing is of the sitting at the cut, and not all of it.
    lost = whole - first - second
    assert len(sittings(lost)) <= 1
    assert sittings(lost) <= sittings(first) | sittings(second)


def test_the_cut_by_time_is_a_day(parts: dict[Any, Part]) -> None:
    early, late = (parts[kind, "moor", ("moor",)] for kind in BY_TIME)
    assert early.facts.first_day == "2001-01-01"
    assert early.facts.last_day < late.facts.first_day <= late.facts.last_day
    days = {day for _, day in sittings(places(early.windows))}
    assert max(days) == early.facts.last_day and min(days) == early.facts.first_day


def test_random_halves_are_not_halves_by_time(parts: dict[Any, Part]) -> None:
    one, other = (parts[kind, "moor", ("moor",)].facts for kind in AT_RANDOM)
    assert one.first_day < other.last_day and other.first_day < one.last_day


@pytest.mark.parametrize("model", MIXTURES)
def test_doses_are_nested_and_as_long_for_every_model(parts: dict[Any, Part], model: str) -> None:
    texts = texts_of(CORPORA)
    shared = min(int(windows.length.sum()) for windows in texts.values())
    larger = places(texts[model])
    for kind, share in DOSES.items():
        part = parts[kind, model, ("heath", "moor")]
        own = places(part.windows)
        assert len(own) == part.facts.tokens == shared // share
        assert own < larger
        larger = own


def test_a_dose_is_of_whole_sittings_but_for_one_of_each_corpus(parts: dict[Any, Part]) -> None:
    whole = places(texts_of(CORPORA)["mixed"])
    for kind in DOSES:
        own = places(parts[kind, "mixed", ("heath", "moor")].windows)
        cut = sittings(own) & sittings(whole - own)
        assert len(cut) <= 2 and len({corpus for corpus, _ in cut}) == len(cut)


def test_a_dose_of_a_mixture_has_its_shares(parts: dict[Any, Part]) -> None:
    windows = texts_of(CORPORA)["mixed"]
    share = windows.length[windows.corpus == 0].sum() / windows.length.sum()
    for kind in DOSES:
        dose = parts[kind, "mixed", ("heath", "moor")].windows
        assert dose.length[dose.corpus == 0].sum() == pytest.approx(share * dose.length.sum(), abs=1)


@pytest.mark.parametrize("corpus", ["moor", "heath"])
def test_own_models_at_a_mixtures_dose_learn_from_the_mixtures_own_text(parts: dict[Any, Part], corpus: str) -> None:
    found = places(parts[OWN, "mixed", (corpus,)].windows)
    assert found == {token for token in places(texts_of(CORPORA)["mixed"]) if token[0] == corpus}


def test_the_order_of_entries_does_not_matter(raw: dict[str, Any], parts: dict[Any, Part]) -> None:
    corpora = dict(reversed(CORPORA.items()))
    texts = dict(reversed(texts_of(corpora).items()))
    turned = by_name(parts_of(texts, config_of(raw, dict(reversed(MIXTURES.items()))), corpora))
    assert [*turned] == [*parts]
    for key, part in parts.items():
        assert turned[key].facts == part.facts
        assert places(turned[key].windows, corpora) == places(part.windows)


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), min_size=1, max_size=8))
def test_any_text_gives_parts_or_reasons(lengths: list[list[int]]) -> None:
    corpora = {"moor": corpus_of("moor", lengths)}
    windows = windows_of(corpora, moor=1)
    if not len(windows):
        return
    config = config_of(shipped_params(), {"moor": {"moor": 1.0}})
    for part in parts_of({"moor": windows}, config, corpora):
        assert bool(part.facts.reason) == (not len(part.windows))
        assert part.facts.tokens == part.windows.length.sum()
        assert (part.windows.length > 0).all()


@pytest.mark.parametrize(
    ("sittings_of_moor", "kinds", "reason"),
    [
        ([[50, 40, 30]], AT_RANDOM, "120 training tokens cannot be halved between whole sittings (there are 1, or"),
        ([[900], [20], [10]], BY_TIME, "(there are 3, or one holds most of the text)"),
        ([[10], [10]], ("1/8",), "2 tokens would be left to learn from, and an n-gram has 4"),
        ([[2], [1]], ("1/2", *BY_TIME), "1 tokens would be left to learn from, and an n-gram has 4"),
    ],
)  # fmt: skip
def test_what_cannot_be_has_a_reason(
    raw: dict[str, Any], sittings_of_moor: list[list[int]], kinds: tuple[str, ...], reason: str
) -> None:
    corpora = {"moor": corpus_of("moor", sittings_of_moor)}
    config = config_of(raw, {"moor": {"moor": 1.0}})
    found = by_name(parts_of({"moor": windows_of(corpora, moor=1)}, config, corpora))
    for kind in kinds:
        part = found[kind, "moor", ("moor",)]
        assert reason in part.facts.reason
        assert (part.facts.tokens, len(part.windows)) == (0, 0)


def test_a_corpus_without_a_model_of_its_own_has_no_halves(raw: dict[str, Any]) -> None:
    texts = {"mixed": windows_of(CORPORA, moor=0.5, heath=0.5), "moor": windows_of(CORPORA, moor=1)}
    config = config_of(raw, {name: MIXTURES[name] for name in ("mixed", "moor")})
    found = by_name(parts_of(texts, config, CORPORA))
    assert found["early", "heath", ("heath",)].facts.reason == "no model learns from heath alone"
    assert not found["early", "moor", ("moor",)].facts.reason
    # Nothing can be said of its tilt, for which one of the two own models is missing.
    assert not [kind for kind, _, _ in found if kind == OWN]
