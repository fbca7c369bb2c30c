"""Cloze texts as tokens, with and without their content words, and how a model fills them (method.md section 4)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from hansard_bias.base.messages import Progress
from hansard_bias.models.scorer import MaskedBatch, Scorer
from hansard_bias.probing.prompts import (
    FUNCTION_WORDS,
    Candidate,
    Normalise,
    around_mask,
    is_content_word,
    written_after,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Tokens = tuple[int, ...]


class Gap(NamedTuple):
    """A sequence that a model reads, and the masked position in it that is scored."""

    tokens: Tokens
    position: int


@dataclass(frozen=True)
class Cloze:
    """One text as tokens around its mask, special tokens included, and the tokens of every term in that place."""

    head: Tokens
    tail: Tokens
    terms: tuple[Tokens, ...]
    mask: int
    """The id of the mask."""
    where: str = field(default="", compare=False)
    """What the text belongs to, for messages: "prompt housing-rent"."""

    def gap(self, length: int = 1, filled: Tokens = ()) -> Gap:
        """Where a word of so many tokens goes on, whose first ones are filled in."""
        masks = (self.mask,) * (length - len(filled))
        return Gap(self.head + filled + masks + self.tail, len(self.head) + len(filled))

    def chain(self, term: Tokens) -> Iterator[tuple[Gap, int]]:
        """The gaps whose answers multiply to the probability of a term, each with the token it asks for."""
        return ((self.gap(len(term), term[:index]), token) for index, token in enumerate(term))


class ClozeEncoder:
    """Makes clozes for one tokenizer and one way to normalise words (the cleaning of the training text)."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        normalise: Normalise,
        function_words: Container[str] = FUNCTION_WORDS,
    ) -> None:
        self.tokenizer, self.mask = tokenizer, tokenizer.mask_token_id
        self.normalise, self.function_words = normalise, function_words
        # Terms are written alike in most texts.
        self._known: dict[str, Tokens] = {}
        # The special tokens which this tokenizer puts around a text.
        around = tokenizer("a", return_special_tokens_mask=True)
        special = around["special_tokens_mask"]
        start, stop = special.index(0), len(special) - special[::-1].index(0)
        self._opening: Tokens = tuple(around["input_ids"][:start])
        self._closing: Tokens = tuple(around["input_ids"][stop:])

    def in_text(self, candidate: Candidate) -> Tokens:
        """The tokens of a term in running text, with its leading space; ValueError where they cannot write it."""
        return self._tokens(candidate, " " + self.normalise(candidate.term))

    def cloze_and_prior(self, text: str, candidates: Sequence[Candidate], where: str) -> tuple[Cloze, Cloze]:
        """The cloze of a text with one [MASK], and its prior: the same with the content words masked, one mask a token.

        Raises ValueError, beginning with `where`, when the tokenizer joins the mask to its neighbours.
        """
        before, after = around_mask(text, self.normalise)
        written = [written_after(before, candidate.term, self.normalise) for candidate in candidates]
        terms = tuple(self._tokens(candidate, form) for candidate, form in zip(candidates, written, strict=True))
        # Tokens are cut out of a filled sentence: alone, the text after the mask could get a leading space of its own.
        # Filled with the first candidate of the alphabet, whatever their order.
        first = written.index(min(written))
        filled = self.tokenizer(before + written[first] + after, add_special_tokens=False)
        tokens = tuple(filled["input_ids"])
        head = tuple(self.tokenizer.encode(before, add_special_tokens=False))
        start, stop = len(head), len(head) + len(terms[first])
        if tokens[:stop] != head + terms[first]:
            raise ValueError(f"{where}: the tokenizer joins the mask of {text!r} to its neighbours; reword it")
        # The candidate is cut out of the masked sentence, too: its tokens, and those of no other, are needed.
        prior = self._mask_content(tokens, filled.word_ids())
        return (
            Cloze(self._opening + head, tokens[stop:] + self._closing, terms, self.mask, where),
            Cloze(self._opening + prior[:start], prior[stop:] + self._closing, terms, self.mask, where),
        )

    def _tokens(self, candidate: Candidate, written: str) -> Tokens:
        if written not in self._known:
            self._known[written] = tuple(self.tokenizer.encode(written, add_special_tokens=False))
        tokens = self._known[written]
        if not tokens or self.tokenizer.unk_token_id in tokens:
            raise candidate.refused("an unknown token")
        if set(tokens) & set(self.tokenizer.all_special_ids):
            raise candidate.refused("a special token")
        return tokens

    def _mask_content(self, tokens: Tokens, word_ids: Sequence[int | None]) -> Tokens:
        """The tokens with those of content words masked; function words, punctuation and special tokens stay."""
        masked: list[int] = []
        for word, group in groupby(zip(word_ids, tokens, strict=True), key=itemgetter(0)):
            own = [token for _, token in group]
            # Tokens in no word are special ones.
            content = word is not None and is_content_word(str(self.tokenizer.decode(own)), self.function_words)
            masked += [self.mask] * len(own) if content else own
        return tuple(masked)


# All gaps of some clozes together, in few forward passes.


@dataclass(frozen=True)
class Answer:
    """What a model expects at one masked position: log P (nats) of the tokens asked for, and its k favourites."""

    log_probabilities: dict[int, float]
    top: list[tuple[int, float]]


@torch.inference_mode()
def score_clozes(
    scorer: Scorer, tokenizer: PreTrainedTokenizerFast, clozes: Sequence[Cloze], top_k: int, batch_size: int
) -> dict[Gap, Answer]:
    """Answer the gaps of all terms, and of a single mask, in few forward passes: batches of similar length, padded.

    A term of n tokens is n gaps in each cloze: small vocabularies take long, and a line now and then says how far.
    Raises ValueError, naming the prompt, for a text that is longer than the model's window.
    """
    # A single mask is always asked for: it gives the open-ended candidates.
    wanted: dict[Gap, set[int]] = {cloze.gap(): set() for cloze in clozes}
    where = {cloze.gap(): cloze.where for cloze in reversed(clozes)}
    for cloze in clozes:
        # Terms of one length that begin alike share their first gaps: each is scored once.
        for gap, token in chain.from_iterable(map(cloze.chain, cloze.terms)):
            wanted.setdefault(gap, set()).add(token)
            where.setdefault(gap, cloze.where)
    # By length: little padding. The longest is last, and is looked at before anything is scored. In an order that
    # depends on what is asked alone: another place in a batch may change the last digits.
    order = sorted(wanted, key=lambda gap: (len(gap.tokens), gap))
    check_window(scorer, len(order[-1].tokens), where[order[-1]])
    answers: dict[Gap, Answer] = {}
    progress = Progress("asked", len(order), "questions")
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        positions = [(gap.position,) for gap in chosen]
        batch = MaskedBatch.of([gap.tokens for gap in chosen], positions, tokenizer.pad_token_id)
        tokens = [sorted(wanted[gap]) for gap in chosen]
        found = _read(scorer.log_probabilities(batch), tokens, top_k, tokenizer.all_special_ids)
        answers.update(zip(chosen, found, strict=True))
        progress.reached(start + len(chosen))
    return answers


def check_window(scorer: Scorer, length: int, where: str) -> None:
    """Raise ValueError, beginning with `where`, for more tokens than the model reads."""
    if length > scorer.positions:
        raise ValueError(f"{where}: takes {length} tokens, the model reads {scorer.positions}; shorten the prompt")


def _read(logp: torch.Tensor, wanted: Sequence[list[int]], top_k: int, special: list[int]) -> list[Answer]:
    """Take out of log P [gaps, vocabulary] what each gap asks for."""
    # Filled up with token 0, which the shorter lists do not take out again.
    width = max(len(tokens) for tokens in wanted)
    columns = torch.tensor([tokens + [0] * (width - len(tokens)) for tokens in wanted], dtype=torch.long)
    found = logp.gather(1, columns.to(logp.device)).tolist()
    # A special token fills no cloze.
    logp[:, special] = -torch.inf
    top = logp.topk(min(top_k, logp.shape[1] - len(special)))
    favourites = zip(top.indices.tolist(), top.values.exp().tolist(), strict=True)
    return [
        Answer(dict(zip(tokens, values, strict=False)), list(zip(*best, strict=True)))
        for tokens, values, best in zip(wanted, found, favourites, strict=True)
    ]


def term_log_probabilities(clozes: Sequence[Cloze], answers: Mapping[Gap, Answer]) -> npt.NDArray[np.float64]:
    """log P of every term in its cloze, in nats, shape [clozes, terms]: the product of its tokens' probabilities.

    All clozes must have equally many terms; the answers are those of `score_clozes` to the same clozes.
    """

    def log_p(cloze: Cloze, term: Tokens) -> float:
        return sum(answers[gap].log_probabilities[token] for gap, token in cloze.chain(term))

    return np.array([[log_p(cloze, term) for term in cloze.terms] for cloze in clozes])
