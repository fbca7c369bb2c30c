"""Cloze texts as tokens, with and without their content words, and how a model fills them (method.md section 4)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
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


class Filling(NamedTuple):
    """The tokens of a term in a text, and those before and after it, special tokens included."""

    head: Tokens
    tokens: Tokens
    tail: Tokens

    def chain(self, mask: int) -> Iterator[tuple[Gap, int]]:
        """The gaps whose answers multiply to the probability of the term, each with the token it asks for."""
        for index, token in enumerate(self.tokens):
            masks = (mask,) * (len(self.tokens) - index)
            yield Gap(self.head + self.tokens[:index] + masks + self.tail, len(self.head) + index), token


@dataclass(frozen=True)
class Cloze:
    """One text with every term in the place of its mask."""

    fillings: tuple[Filling, ...]
    mask: int
    """The id of the mask."""
    where: str = field(default="", compare=False)
    """What the text belongs to, for messages: "prompt housing-rent"."""

    def gap(self) -> Gap:
        """A single mask in the place of the terms."""
        # A term may share a token with what it touches: where none does, the text around it is whole.
        head, _, tail = min(self.fillings, key=lambda each: (-len(each.head) - len(each.tail), each.head, each.tail))
        return Gap((*head, self.mask, *tail), len(head))

    def chains(self) -> Iterator[tuple[Gap, int]]:
        """What is asked for all terms, one after the other."""
        return chain.from_iterable(each.chain(self.mask) for each in self.fillings)


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
        # Most of what stands around a mask is the same for all terms.
        self._masked: dict[tuple[Tokens, Tokens], Tokens] = {}
        # The special tokens which this tokenizer puts around a text.
        around = tokenizer("a", return_special_tokens_mask=True)
        special = around["special_tokens_mask"]
        start, stop = special.index(0), len(special) - special[::-1].index(0)
        self.opening: Tokens = tuple(around["input_ids"][:start])
        self.closing: Tokens = tuple(around["input_ids"][stop:])

    def in_text(self, candidate: Candidate) -> Tokens:
        """The tokens of a term in running text, with its leading space; ValueError where they cannot write it."""
        written = self.normalise(candidate.term)
        return self._writable(candidate, written, tuple(self.tokenizer.encode(" " + written, add_special_tokens=False)))

    def cloze_and_prior(self, text: str, candidates: Sequence[Candidate], where: str) -> tuple[Cloze, Cloze]:
        """The cloze of a text with one [MASK], and its prior: the same with the content words masked, one mask a token.

        Every term is encoded as running text has it in that place: its tokens are those of the filled text that hold a
        part of it, or the blank before it. In l'[MASK] a term has the apostrophe that a tokenizer joins to it.
        Raises ValueError for a term that the tokenizer cannot write there.
        """
        before, after = around_mask(text, self.normalise)
        written = [written_after(before, candidate.term, self.normalise) for candidate in candidates]
        texts = [before + form + after for form in written]
        encoded = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
        # The blank, or the beginning of a text, which some tokenizers give a token of its own.
        start = len(before) - (before[-1:] in ("", " "))
        fillings, priors = [], []
        for row, (candidate, form) in enumerate(zip(candidates, written, strict=True)):
            tokens, words = tuple(encoded["input_ids"][row]), encoded.word_ids(row)
            own = held(encoded["offset_mapping"][row], start, len(before) + len(form))
            term = self._writable(candidate, form, tokens[own.start : own.stop])
            head, tail = tokens[: own.start], tokens[own.stop :]
            fillings.append(self._around(head, term, tail))
            masked = self._mask_content(head, words[: own.start]), self._mask_content(tail, words[own.stop :])
            priors.append(self._around(masked[0], term, masked[1]))
        return Cloze(tuple(fillings), self.mask, where), Cloze(tuple(priors), self.mask, where)

    def _around(self, head: Tokens, term: Tokens, tail: Tokens) -> Filling:
        return Filling(self.opening + head, term, tail + self.closing)

    def _writable(self, candidate: Candidate, written: str, tokens: Tokens) -> Tokens:
        if not written or not tokens or self.tokenizer.unk_token_id in tokens:
            raise candidate.refused("an unknown token")
        if set(tokens) & set(self.tokenizer.all_special_ids):
            raise candidate.refused("a special token")
        return tokens

    def _mask_content(self, tokens: Tokens, word_ids: Sequence[int | None]) -> Tokens:
        """The tokens with those of content words masked; function words, punctuation and special tokens stay."""
        groups = [(word, len([*group])) for word, group in groupby(word_ids)]
        key = tokens, tuple(size for _, size in groups)
        if key not in self._masked:
            masked: Tokens = ()
            for word, size in groups:
                own = tokens[len(masked) : len(masked) + size]
                # Tokens in no word are special ones.
                content = word is not None and is_content_word(
                    str(self.tokenizer.decode(list(own))), self.function_words
                )
                masked += (self.mask,) * size if content else own
            self._masked[key] = masked
        return self._masked[key]


def held(offsets: Sequence[tuple[int, int]], start: int, stop: int) -> range:
    """The tokens that hold a part of the text between two of its places; empty where none does."""
    own = [at for at, (begin, end) in enumerate(offsets) if begin < stop and end > start]
    return range(own[0], own[-1] + 1) if own else range(0)


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
        for gap, token in cloze.chains():
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

    def log_p(cloze: Cloze, filling: Filling) -> float:
        return sum(answers[gap].log_probabilities[token] for gap, token in filling.chain(cloze.mask))

    return np.array([[log_p(cloze, filling) for filling in cloze.fillings] for cloze in clozes])
