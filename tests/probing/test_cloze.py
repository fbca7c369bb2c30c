"""Masks beside punctuation: the tokens of a filling are those of the filled text, found here by counting signs."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import torch

from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import TokenizerConfig
from hansard_bias.probing.cloze import ClozeEncoder, Filling, score_clozes, term_log_probabilities
from hansard_bias.probing.prompts import MASK, Candidate
from hansard_bias.tokens.tokenizer import train_tokenizer
from helpers.local_models import BERT_TOKENS, NAMES, ROBERTA_TOKENS, TOKENIZERS, model_of

TERMS = ("northern", "sunny", "tundra", "m\u00e9tis", "first nations", "x-ray", "7th")
# Where a mask stands, and whether a sentence begins there.
TEXTS = {
    'They call it the "[MASK] plan" of the old town.': False,
    '"[MASK] plan" is what they call it.': True,
    'It is closed. "[MASK] plan" is open.': True,
    'He said "no." [MASK] roads are closed.': False,
    "The town (planned ([MASK] by all)) is open.": False,
    "The town ([MASK]) is open.": False,
    'The word is "[MASK]".': False,
    "An anti-[MASK] plan is open.": False,
    "C'est l'[MASK] du pays.": False,
    "[MASK]'s roads are closed.": True,
    "The [MASK]'s roads are closed.": False,
    "The old/[MASK]/new road is closed.": False,
    "The road is [MASK], or closed; [not so].": False,
    "The road is [MASK].": False,
    "Roads (old), #[MASK]: closed!": False,
    "The roads\u2014[MASK] or not\u2014are open.": False,
    "[MASK]": True,
    "The [MASK] road is closed.": False,
}
KINDS = ("own", "bert", "roberta", "modernbert")


@cache
def tokenizer_of(kind: str) -> Any:
    from transformers import PreTrainedTokenizerFast

    corpus = [text.replace(MASK, term) for text in TEXTS for term in TERMS[:3]]
    config = TokenizerConfig(vocab_size=340, min_frequency=1)
    made = train_tokenizer(corpus, config) if kind == "own" else TOKENIZERS[kind](corpus)
    names: Any = dict(zip(NAMES, ROBERTA_TOKENS if kind == "roberta" else BERT_TOKENS, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def filled(text: str, term: str, begins: bool, surface: Any) -> tuple[str, str, str]:
    """Before, term and after as a running text has them."""
    whole = surface(text.replace(MASK, "Zyx" if begins else "zyx"))
    before, after = whole.split(surface("Zyx" if begins else "zyx"))
    return before, surface(term[0].upper() + term[1:] if begins else term), after


def signs(token: str) -> int:
    """How many signs of a text stand in a token, in bytes where its pieces are bytes; blanks are none."""
    return len(token.removeprefix("##").replace("\u0120", ""))


def by_counting(tokenizer: Any, before: str, term: str, after: str) -> Filling:
    """A token that holds a sign of the term is the term's, and so is a blank before the term that is alone."""
    ids = tokenizer(before + term + after)["input_ids"]
    tokens = ["" if token in tokenizer.all_special_ids else tokenizer.convert_ids_to_tokens(token) for token in ids]
    wordpiece = not any("\u0120" in token for token in tokenizer.get_vocab())
    size = len if wordpiece else lambda text: len(text.encode())
    first, last = (size("".join(part.split())) for part in (before, before + term))
    ends = np.cumsum([signs(token) for token in tokens])
    start = next(at for at, end in enumerate(ends) if end > first)
    stop = next(at for at, end in enumerate(ends) if end >= last) + 1
    while tokens[start - 1] == "\u0120":
        start -= 1
    return Filling(tuple(ids[:start]), tuple(ids[start:stop]), tuple(ids[stop:]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_a_term_is_encoded_as_running_text_has_it(kind: str, lowercase: bool, text: str) -> None:
    tokenizer, surface = tokenizer_of(kind), partial(clean_text, lowercase=lowercase)
    candidates = [Candidate("term", term) for term in TERMS]
    cloze, prior = ClozeEncoder(tokenizer, surface).cloze_and_prior(text, candidates, "prompt")
    for term, filling, masked in zip(TERMS, cloze.fillings, prior.fillings, strict=True):
        parts = filled(text, term, TEXTS[text], surface)
        assert filling == by_counting(tokenizer, *parts), parts
        assert (masked.tokens, len(masked.head), len(masked.tail)) == (
            filling.tokens,
            len(filling.head),
            len(filling.tail),
        )
    assert max(len(filling.tokens) for filling in cloze.fillings) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_probability_of_a_term_beside_punctuation(kind: str) -> None:
    """One forward pass of transformers for each token of each term, masks and what is filled in put in by hand."""
    tokenizer = tokenizer_of(kind)
    vocabulary = len(tokenizer)
    model = model_of("bert" if kind == "own" else kind, vocabulary, tokenizer.pad_token_id).eval()
    encoder = ClozeEncoder(tokenizer, str)
    candidates = [Candidate("term", term) for term in TERMS]
    clozes = [encoder.cloze_and_prior(text, candidates, "prompt")[0] for text in TEXTS]
    answers = score_clozes(TransformersScorer(model), tokenizer, clozes, 1, 16)
    found = term_log_probabilities(clozes, answers)
    for row, text in list(enumerate(TEXTS))[::3]:
        for column, term in enumerate(TERMS):
            head, tokens, tail = by_counting(tokenizer, *filled(text, term, TEXTS[text], str))
            total = 0.0
            for at, token in enumerate(tokens):
                shown = [*head, *tokens[:at], *[tokenizer.mask_token_id] * (len(tokens) - at), *tail]
                with torch.no_grad():
                    logits = model(input_ids=torch.tensor([shown])).logits[0, len(head) + at].double()
                total += float(logits.log_softmax(-1)[token])
            assert math.isclose(found[row, column], total, abs_tol=2e-5), (text, term)


def test_a_term_takes_what_the_tokenizer_joins_to_it_and_the_single_mask_does_not() -> None:
    """Byte-level BPE reads l'tundra as l + 't + undra, and l'northern as l + ' + northern."""
    tokenizer = tokenizer_of("roberta")
    candidates = [Candidate("term", term) for term in ("tundra", "northern")]
    cloze, _ = ClozeEncoder(tokenizer, str).cloze_and_prior("C'est l'[MASK] du pays.", candidates, "prompt")
    assert [tokenizer.decode(each.tokens) for each in cloze.fillings] == ["'tundra", "northern"]
    tokens, place = cloze.gap()
    assert tokenizer.decode(tokens[1:place]) == "C'est l'" and tokenizer.decode(tokens[place + 1 : -1]) == " du pays."
