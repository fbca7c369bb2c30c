"""Vectors and associations of words against slow computations of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.files import Associations, AssociationTest
from hansard_bias.probing.probes import asked_words, contextual_vectors, input_vectors, measure_associations
from hansard_bias.probing.prompts import Candidate, Group
from helpers.local_models import (
    BERT_TOKENS,
    NAMES,
    POSITIONS,
    ROBERTA_TOKENS,
    bert_tokenizer,
    model_of,
    roberta_tokenizer,
)

WORDS = ("icy", "frostbitten", "sunny", "warm", "town", "bridge", "road")
SENTENCES = ["The icy road of the town is closed.", "In the sunny town, the old bridge is open; the warm road too."]
TEMPLATES = ("It is about the [MASK] matter.", "[MASK] is the word.")
TEST = AssociationTest(
    "t",
    (Group("cold", "", "", ("icy", "frostbitten")), Group("warm", "", "", ("sunny", "warm"))),
    (Group("places", "", "", ("town",)), Group("ways", "", "", ("bridge", "road"))),
)
ASKED = Associations((TEST,), TEMPLATES, (("icy", "road"),))


@pytest.fixture(scope="module", params=["roberta", "bert"])
def made(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A tokenizer and a model, with leading spaces as pieces and without."""
    from transformers import PreTrainedTokenizerFast

    roberta = request.param == "roberta"
    tokenizer = (roberta_tokenizer if roberta else bert_tokenizer)(SENTENCES * 2)
    names = dict(zip(NAMES, ROBERTA_TOKENS if roberta else BERT_TOKENS, strict=True))
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    return fast, model_of(request.param, tokenizer.get_vocab_size(), fast.pad_token_id).eval()


@pytest.fixture
def tokenizer(made: tuple[Any, Any]) -> Any:
    return made[0]


@pytest.fixture
def model(made: tuple[Any, Any]) -> Any:
    return made[1]


def pieces_of(tokenizer: Any, word: str) -> list[int]:
    return list(tokenizer.encode(" " + word, add_special_tokens=False))


def candidates() -> list[Candidate]:
    return [Candidate("word", word) for word in WORDS]


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.dot(first, second) / np.sqrt(np.dot(first, first) * np.dot(second, second)))


def slow_contextual(tokenizer: Any, model: Any, word: str) -> np.ndarray:
    """The template is filled, tokenised whole, and the word found in it by its word numbers."""
    found = []
    for template in TEMPLATES:
        start = template.index("[MASK]")
        written = word[0].upper() + word[1:] if start == 0 else word
        encoding = tokenizer(re.sub(r"\[MASK\]", written, template), return_tensors="pt")
        place = [n for n, number in enumerate(encoding.word_ids()) if number == encoding.char_to_word(start)]
        with torch.no_grad():
            states = model.base_model(input_ids=encoding["input_ids"]).last_hidden_state[0]
        found.append(states[place].double().mean(dim=0).numpy())
    return np.mean(found, axis=0)


def test_input_vectors_are_means_of_the_pieces_embeddings(tokenizer: Any, model: Any) -> None:
    vectors = input_vectors(TransformersScorer(model), ClozeEncoder(tokenizer, str), candidates())
    table = model.base_model.embeddings.word_embeddings.weight.detach().double().numpy()
    lengths = {len(pieces_of(tokenizer, word)) for word in WORDS}
    assert min(lengths) < max(lengths), "the words must differ in pieces, or the mean is not tested"
    for word in WORDS:
        np.testing.assert_allclose(vectors[word], table[pieces_of(tokenizer, word)].mean(axis=0), atol=1e-7)


@pytest.mark.parametrize("batch_size", [1, 64])
def test_contextual_vectors_are_the_word_s_own_states(tokenizer: Any, model: Any, batch_size: int) -> None:
    vectors = contextual_vectors(
        TransformersScorer(model), ClozeEncoder(tokenizer, str), candidates(), TEMPLATES, batch_size
    )
    for word in WORDS:
        np.testing.assert_allclose(vectors[word], slow_contextual(tokenizer, model, word), atol=1e-5)


def test_associations_are_differences_of_mean_cosines(tokenizer: Any, model: Any) -> None:
    table = measure_associations(TransformersScorer(model), ClozeEncoder(tokenizer, str), ASKED)
    assert table.groupby(["space", "kind"]).size().to_dict() == {
        ("contextual", "association"): 4,
        ("contextual", "cosine"): 1,
        ("input", "association"): 4,
        ("input", "cosine"): 1,
    }
    vectors = {
        "input": input_vectors(TransformersScorer(model), ClozeEncoder(tokenizer, str), candidates()),
        "contextual": {word: slow_contextual(tokenizer, model, word) for word in WORDS},
    }
    for row in table[table["kind"] == "association"].itertuples():
        near, *far = (cosine(vectors[row.space][row.word], vectors[row.space][w]) for w in ("town", "bridge", "road"))
        assert row.value == pytest.approx(near - np.mean(far), abs=1e-5)
    for row in table[table["kind"] == "cosine"].itertuples():
        assert row.value == pytest.approx(cosine(vectors[row.space]["icy"], vectors[row.space]["road"]), abs=1e-5)
    sides = table[table["kind"] == "association"].groupby("side")["word"].unique()
    assert (set(sides["first"]), set(sides["second"])) == ({"icy", "frostbitten"}, {"sunny", "warm"})


def slow_alone(tokenizer: Any, model: Any, text: str) -> np.ndarray:
    """The mean of the last states of all tokens of a text between the special ones."""
    encoding = tokenizer(text[0].upper() + text[1:], return_tensors="pt")
    with torch.no_grad():
        states = model.base_model(input_ids=encoding["input_ids"]).last_hidden_state[0]
    return np.asarray(states[1:-1].double().mean(dim=0).numpy())


def test_sentences_stand_alone_and_so_do_words_without_templates(tokenizer: Any, model: Any) -> None:
    sentences = [Candidate("word", text) for text in ("The icy road is open.", "is the bridge warm?")]
    asked = TransformersScorer(model), ClozeEncoder(tokenizer, str), [*candidates(), *sentences]
    within, alone = (contextual_vectors(*asked, templates, 4) for templates in (TEMPLATES, ()))
    assert [*within] == [*alone] == [*WORDS, *(each.term for each in sentences)]
    for candidate in sentences:
        for vectors in (within, alone):
            np.testing.assert_allclose(vectors[candidate.term], slow_alone(tokenizer, model, candidate.term), atol=1e-5)
    for word in WORDS:
        np.testing.assert_allclose(alone[word], slow_alone(tokenizer, model, word), atol=1e-5)
        np.testing.assert_allclose(within[word], slow_contextual(tokenizer, model, word), atol=1e-5)


def test_words_of_benchmarks_that_cannot_be_asked_are_left_out(tokenizer: Any, model: Any) -> None:
    long = "The road" + " is open" * POSITIONS + "."
    bad = Group("warm", "", "", ("sunny", tokenizer.sep_token, "warm", long))
    attributes = TEST.attributes[1], Group("towns", "", "", ("town", "towns"))
    listed = AssociationTest("weat", (TEST.targets[0], bad), attributes, "data/weat.json")
    few = Group("x", "", "", ("town", tokenizer.sep_token))
    small = replace(TEST, id="small", attributes=(TEST.attributes[1], few), path="small.json")
    asked = Associations((listed, TEST, small), TEMPLATES, ())
    kept, left_out = asked_words(asked, TransformersScorer(model), ClozeEncoder(tokenizer, str))
    test, own = kept.tests
    assert own is TEST, "a user's own words are no others' business"
    assert (test.id, test.targets[1].terms) == ("weat", ("sunny", "warm"))
    messages = [
        rf"data/weat\.json: warm: '{re.escape(tokenizer.sep_token)}' encodes to a special token",
        rf"data/weat\.json: warm: 'The road .* takes \d+ tokens, the model reads {POSITIONS}",
        rf"small\.json: x: '{re.escape(tokenizer.sep_token)}' encodes to a special token",
        r"small\.json: too few words are left for a test",
    ]
    assert [name for name, _ in left_out] == ["weat", "weat", "small", "small"]
    assert all(re.match(wanted, problem) for wanted, (_, problem) in zip(messages, left_out, strict=True)), left_out


def test_nothing_asked_is_an_empty_table(tokenizer: Any, model: Any) -> None:
    assert (
        len(measure_associations(TransformersScorer(model), ClozeEncoder(tokenizer, str), Associations((), (), ())))
        == 0
    )


def test_a_template_longer_than_the_window_is_refused(tokenizer: Any, model: Any) -> None:
    long = Associations((TEST,), ("The [MASK] road" + " is open" * POSITIONS,), ())
    with pytest.raises(
        ValueError, match=f"probe.associations: template .* takes .* tokens, the model reads {POSITIONS}"
    ):
        measure_associations(TransformersScorer(model), ClozeEncoder(tokenizer, str), long)
