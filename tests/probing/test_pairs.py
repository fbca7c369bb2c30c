"""Sentences that compete: scores against minicons and against one forward pass a token, and what cannot be asked."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.probing import pairs as scoring
from hansard_bias.probing.benchmarks import Benchmark, Pair
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.pairs import probe_pairs
from hansard_bias.probing.tables import ASKED
from helpers.local_models import BERT_TOKENS, NAMES, POSITIONS, ROBERTA_TOKENS, TOKENIZERS, model_of

SENTENCES = [
    ("The icy roads of the town are closed.", "The sunny roads of the towns are closed."),
    ("They said the old bridge is open, too.", "We said, too, that the bridge is open."),
    ("A frostbitten hunter isn't here.", "A tropical hunter is here."),
    ("Roads are icy.", "The roads are sunny and open."),
]
PAIRS = tuple(Pair(str(n), f"p.csv:{n}", "roads", each, "stereo") for n, each in enumerate(SENTENCES, 2))
WORDS = ("icy", "frostbitten", "sunny")
AFTER = ("He was icy.", "He was sunny, they said.", "The bridge is a road.")
TRIPLES = (
    Pair("a1", "s.json: item a1", "place", WORDS, "intrasentence", "north", "The (old) [MASK] road is closed."),
    Pair("a2", "s.json: item a2", "place", WORDS[::-1], "intrasentence", "north", 'A "[MASK]" town.'),
    Pair("b1", "s.json: item b1", "place", AFTER, "intersentence", "south", "A hunter said it."),
)
KINDS = ("bert", "roberta", "modernbert")
Made = tuple[Any, Any]


def made_of(kind: str) -> Made:
    from transformers import PreTrainedTokenizerFast

    texts = [sentence for pair in SENTENCES for sentence in pair] + [each for pair in TRIPLES for each in pair.options]
    tokenizer = TOKENIZERS[kind]([*texts, "x " * 4])
    names: Any = dict(zip(NAMES, ROBERTA_TOKENS if kind == "roberta" else BERT_TOKENS, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    return fast, model_of(kind, tokenizer.get_vocab_size(), fast.pad_token_id).eval()


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest) -> Made:
    return made_of(request.param)


def asked(made: Made, *benchmarks: Benchmark, surface: Any = str) -> tuple[pd.DataFrame, list[Any]]:
    tokenizer, model = made
    return probe_pairs(TransformersScorer(model), ClozeEncoder(tokenizer, surface), benchmarks)


def log_p(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].double(), dim=-1)


def masked(made: Made, ids: list[int], at: int) -> float:
    tokenizer, model = made
    return float(log_p(model, [*ids[:at], tokenizer.mask_token_id, *ids[at + 1 :]])[at, ids[at]])


def unmasked(made: Made, ids: list[int], places: Any) -> float:
    found = log_p(made[1], ids)
    return float(np.mean([float(found[at, ids[at]]) for at in places]))


def shared_places(first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
    """As Nangia et al. find them: over whole sequences, then without both ends."""
    places: tuple[list[int], list[int]] = ([], [])
    for kind, *spans in SequenceMatcher(None, [*map(str, first)], [*map(str, second)]).get_opcodes():
        if kind == "equal":
            places[0].extend(range(*spans[:2]))
            places[1].extend(range(*spans[2:]))
    return places[0][1:-1], places[1][1:-1]


def test_pairs_by_one_forward_pass_a_token(made: Made) -> None:
    table, left_out = asked(made, Benchmark("crows", "p.csv", pairs=PAIRS, form="crows_pairs"))
    assert not left_out and list(table.columns[: len(ASKED["pairs"])]) == ASKED["pairs"]
    for row, sentences in zip(table.itertuples(), SENTENCES, strict=True):
        ids = [made[0](sentence)["input_ids"] for sentence in sentences]
        places = shared_places(*ids)
        assert 0 < row.shared == len(places[0]) < min(map(len, ids)) - 2
        for side, score, aul in ((0, row.score_first, row.aul_first), (1, row.score_second, row.aul_second)):
            assert score == pytest.approx(sum(masked(made, ids[side], at) for at in places[side]), abs=2e-5)
            assert aul == pytest.approx(unmasked(made, ids[side], range(1, len(ids[side]) - 1)), abs=2e-6)
    assert table[["score_third", "aul_third"]].isna().all(axis=None)
    assert (table["score_first"] - table["score_second"]).abs().min() > 1e-3


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_minicons_finds_the_same_likelihoods(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # minicons 0.3.39 calls what transformers 5 has dropped.
    restored = lambda self, *arguments, **named: self(*arguments, **named)  # noqa: E731
    monkeypatch.setattr(PreTrainedTokenizerBase, "batch_encode_plus", restored, raising=False)
    from minicons.scorer import MaskedLMScorer

    made = made_of(kind)
    minicons = MaskedLMScorer(made[1], "cpu", tokenizer=made[0])
    table, _ = asked(made, Benchmark("crows", "p.csv", pairs=PAIRS, form="crows_pairs"))
    for row, sentences in zip(table.itertuples(), SENTENCES, strict=True):
        places = shared_places(*(made[0](sentence)["input_ids"] for sentence in sentences))
        for found, own, sentence in zip((row.score_first, row.score_second), places, sentences, strict=True):
            (scores,) = minicons.token_score([sentence], PLL_metric="original")
            assert found == pytest.approx(sum(scores[at - 1][1] for at in own), rel=1e-5)


def test_stereoset_by_one_forward_pass_a_token(made: Made) -> None:
    tokenizer, _ = made
    table, left_out = asked(made, Benchmark("dev", "s.json", pairs=TRIPLES, form="stereoset"))
    assert not left_out
    for row, pair in zip(table.itertuples(), TRIPLES, strict=True):
        for name, option in zip(("first", "second", "third"), pair.options, strict=True):
            within = pair.part == "intrasentence"
            text = pair.context.replace("[MASK]", option) if within else f"{pair.context} {option}"
            start = pair.context.index("[MASK]") if within else len(pair.context) + 1
            encoded = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
            ids, special = encoded["input_ids"], encoded["special_tokens_mask"]
            spans = [(0, 0) if skip else span for span, skip in zip(encoded["offset_mapping"], special, strict=True)]
            own = [at for at, (_, stop) in enumerate(spans) if start < stop <= start + len(option)]
            # A blank that is a token by itself belongs to what follows.
            own = [own[0] - 1] * (tokenizer.decode(ids[own[0] - 1]) == " ") + own
            if within:
                filled = list(ids)
                for at in own:
                    filled[at] = tokenizer.mask_token_id
                score = 0.0
                for at in own:
                    score += float(log_p(made[1], filled)[at, ids[at]])
                    filled[at] = ids[at]
                everything = range(1, len(ids) - 1)
            else:
                score, everything = sum(masked(made, ids, at) for at in own), own
            assert getattr(row, f"score_{name}") == pytest.approx(score / len(own), abs=2e-6)
            assert getattr(row, f"aul_{name}") == pytest.approx(unmasked(made, ids, everything), abs=2e-6)
    assert table["shared"].tolist() == [0, 0, 0]


def test_what_cannot_be_asked_is_named_and_hides_nothing(made: Made) -> None:
    tokenizer, _ = made
    bad = {
        ("The icy roads.", "THE ICY ROADS."): "two of its sentences become the same tokens",
        ("icy", "mud"): "its sentences share no token",
        ("The icy roads are closed." * 20, "The roads are closed."): rf"takes \d+ tokens, the model reads {POSITIONS}",
        (f"The {tokenizer.sep_token} roads.", "The icy roads."): ".* encodes to an unknown or special token",
        ("( )", "The icy roads."): "'.*' encodes to an unknown or special token",
    }
    wrong = [Pair(str(n), f"p.csv:{n}", "roads", options) for n, options in enumerate(bad, 100)]
    triple = replace(TRIPLES[0], options=("icy", "sunny", "ICY"))
    first = Benchmark("own", "p.csv", pairs=(wrong[0], *PAIRS[:1], *wrong[1:]), form="pairs")
    second = Benchmark("dev", "s.json", pairs=(triple, *TRIPLES[1:]), form="stereoset")

    def surface(text: str) -> str:
        return text if tokenizer.sep_token in text else text.lower().replace("( )", "")

    table, left_out = asked(made, first, second, surface=surface)
    assert table["item"].tolist() == ["2", "a2", "b1"] and table["benchmark"].tolist() == ["own", "dev", "dev"]
    assert [name for name, _ in left_out] == ["own"] * len(bad) + ["dev"]
    wanted = [rf"p\.csv:{n}: {message}" for n, message in enumerate(bad.values(), 100)]
    wanted.append(r"s\.json: item a1: two of its sentences become the same tokens")
    assert all(re.match(each, problem) for each, (_, problem) in zip(wanted, left_out, strict=True)), left_out


def test_scores_do_not_depend_on_order_neighbours_or_batches(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Benchmark("one", "p.csv", pairs=PAIRS, form="pairs")
    two = Benchmark("two", "s.json", pairs=TRIPLES, form="stereoset")
    before, _ = asked(made, one, two)
    after, _ = asked(made, replace(two, pairs=TRIPLES[::-1]), replace(one, pairs=PAIRS[::-1]))
    keys = ["benchmark", "item"]
    left, right = (table.sort_values(keys).reset_index(drop=True) for table in (before, after))
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    monkeypatch.setattr(scoring, "BATCH_TOKENS", 1)
    alone, _ = asked(made, one, two)
    numbers = [table.filter(regex="^(score|aul)_").to_numpy() for table in (before, alone)]
    np.testing.assert_allclose(*numbers, atol=1e-5)


def test_without_pairs_there_are_the_columns_and_no_rows(made: Made) -> None:
    table, left_out = asked(made, Benchmark("words", "w.json", form="words"))
    assert list(table.columns) == ASKED["pairs"] and table.empty and not left_out
