"""Words behind the gap: which words of a corpus one model finds surprising and the corpus's own model does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hansard_bias.analysis.comparison import TEXTS
from hansard_bias.analysis.losses import Facts, Losses, score_path
from hansard_bias.base.files import TOKENIZER, needed
from hansard_bias.params import Config
from hansard_bias.scoring.tables import read_tokens
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.words import WordGaps, word_gaps
from hansard_bias.tokens.words import Ids, Vocabulary

COLUMNS = (
    "text", "corpus", "model", "against", "word", "occurrences", "sittings",
    "difference", "low", "high", "contribution", "p", "p_holm",
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """The words of a corpus that occur often enough, by sitting."""

    names: tuple[str, ...]
    cell: Ids
    """Of each piece: word * sittings + sitting, or words * sittings where it is in no such word; shape [pieces]."""
    counts: FloatArray
    """Occurrences, shape [words, sittings]."""
    tokens: float
    """Pieces of the text looked at, those outside these words too."""

    def sums(self, surprisals: FloatArray) -> FloatArray:
        """Σ surprisal of each word and sitting, shape [words, sittings]."""
        size = self.counts.size
        sums = np.bincount(self.cell, weights=surprisals, minlength=size + 1)[:size]
        return np.asarray(sums, dtype=np.float64).reshape(self.counts.shape)


def word_records(
    config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts], root: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The words, with the keys of COLUMNS, and one summary for each corpus, text and model.

    Of each only the `bias.words` words that contribute most to the gap are kept; p is corrected over all. Corpora
    without an own model have no gap to explain.
    """
    vocabulary = Vocabulary(needed(root / TOKENIZER / "tokenizer.json", "tokenizer"))
    kept: list[dict[str, Any]] = []
    summaries = []
    for corpus, each in losses.items():
        own = config.own_model(corpus)
        for text, chosen in zip(TEXTS, (np.ones(len(each), dtype=bool), ~facts[corpus].sharing), strict=True):
            if own is None or not chosen.any():
                continue
            counted = count_words(config, corpus, each, chosen, vocabulary, root)
            for model, gaps in _gaps(config, corpus, own, counted, root):
                head = {"text": text, "corpus": corpus, "model": config.row_key(model), "against": config.row_key(own)}
                kept += _records(head, counted, gaps, config.bias.words)
                summaries.append(head | _summary(gaps, config))
    return kept, summaries


def count_words(
    config: Config, corpus: str, losses: Losses, chosen: np.ndarray, vocabulary: Vocabulary, root: Path
) -> Counted:
    """Find the words of the chosen speeches that occur at least `bias.word_occurrences` times."""
    first = score_path(config, root, next(iter(config.models)), config.train.seeds[0])
    offsets, ids = read_tokens(first, corpus, "token_ids")
    words = vocabulary.words(offsets, ids)
    days, sitting_of_speech = np.unique(losses.sittings, return_inverse=True)
    speech = np.repeat(np.arange(len(losses)), np.diff(offsets))
    inside, sitting = chosen[speech], sitting_of_speech[speech]
    occurrences = np.bincount(words.code[words.first & inside], minlength=len(words.names))
    frequent = np.flatnonzero(occurrences >= config.bias.word_occurrences)
    # In the order of the alphabet: nothing may depend on which word is met first.
    frequent = frequent[np.argsort(np.array(words.names)[frequent], kind="stable")] if len(frequent) else frequent
    number = np.full(len(words.names) + 1, -1)
    number[frequent] = np.arange(len(frequent))
    code = np.where(inside, number[words.code], -1)
    size = len(frequent) * len(days)
    cell = np.where(code >= 0, code * len(days) + sitting, size)
    counts = np.bincount(cell[words.first], minlength=size + 1)[:size].reshape(len(frequent), len(days))
    names = tuple(words.names[place] for place in frequent)
    return Counted(names, cell, counts.astype(np.float64), float(losses.tokens[chosen].sum()))


def _gaps(config: Config, corpus: str, own: str, counted: Counted, root: Path) -> Iterator[tuple[str, WordGaps]]:
    """Every other model against the own one."""
    if not counted.names:
        return
    bias = config.bias
    reference = _sums(config, corpus, own, counted, root)
    for model in config.models:
        if model != own:
            differences = _sums(config, corpus, model, counted, root) - reference
            yield (
                model,
                word_gaps(differences, counted.counts, bias.draws, bias.confidence, bias.seed, bias.slice_sittings),
            )


def _sums(config: Config, corpus: str, model: str, counted: Counted, root: Path) -> FloatArray:
    """Σ surprisal of one model, shape [words, seeds, sittings]."""
    paths = [score_path(config, root, model, seed) for seed in config.train.seeds]
    return np.stack([counted.sums(read_tokens(path, corpus, "surprisals")[1]) for path in paths], axis=1)


def _records(head: dict[str, Any], counted: Counted, gaps: WordGaps, most: int) -> list[dict[str, Any]]:
    """The words that contribute most, in either direction; contribution: their share of the excess, nats per token."""
    occurrences = counted.counts.sum(axis=1)
    contribution = gaps.difference * occurrences / counted.tokens
    present = np.count_nonzero(counted.counts > 0, axis=1)
    order = np.argsort(-np.abs(contribution), kind="stable")
    return [
        {
            **head,
            "word": counted.names[at],
            "occurrences": int(occurrences[at]),
            "sittings": int(present[at]),
            "difference": float(gaps.difference[at]),
            **{name: _known(getattr(gaps, name)[at]) for name in ("low", "high", "p", "p_holm")},
            "contribution": float(contribution[at]),
        }
        for at in (order[:most] if most else order).tolist()
    ]


def _summary(gaps: WordGaps, config: Config) -> dict[str, Any]:
    """How many words were looked at, and how many differ beyond chance."""
    alpha = 1 - config.bias.confidence
    return {
        "words": len(gaps.difference),
        "tested": int(np.isfinite(gaps.p).sum()),
        "more_surprising": int(np.sum((gaps.p_holm <= alpha) & (gaps.difference > 0))),
        "less_surprising": int(np.sum((gaps.p_holm <= alpha) & (gaps.difference < 0))),
        "least_occurrences": config.bias.word_occurrences,
        "correction": "Holm over all words tested, p of Student's t",
    }


def _known(value: float) -> float | None:
    """A number, or None where there is none."""
    return float(value) if np.isfinite(value) else None
