"""Words behind the gap: which words of a corpus one model finds surprising and the corpus's own model does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.records import WordRow, WordSummary
from hansard_bias.analysis.speeches import Flags
from hansard_bias.params import Config
from hansard_bias.scoring.tables import read_tokens
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.words import Occurrences, WordGaps, word_gaps
from hansard_bias.tokens.encoded import Ids


@dataclass(frozen=True)
class Counted:
    """The words of a corpus that occur often enough, by sitting and speaker."""

    names: tuple[str, ...]
    cell: Ids  # Of each token, the last one for those that are in no such word; shape [tokens]
    where: Occurrences
    occurrences: FloatArray  # Of every word, shape [words]
    tokens: float  # Tokens of the text looked at, those outside these words too

    def sums(self, surprisals: FloatArray) -> FloatArray:
        """Σ surprisal of each cell, shape [cells]."""
        sums = np.bincount(self.cell, weights=surprisals, minlength=len(self.where.counts) + 1)[:-1]
        return np.asarray(sums, dtype=np.float64)


@metric("words", tuple[WordSummary, ...])
def word_findings(data: StudyData) -> Found:
    """One summary for each corpus, text and model, and the words themselves as rows.

    Of each only the `bias.words` words that contribute most to the gap are kept; p is corrected over all. Corpora
    without an own model have no gap to explain.
    """
    config = data.config
    kept: list[WordRow] = []
    summaries: list[WordSummary] = []
    for corpus, facts in data.facts.items():
        own = config.own_model(corpus)
        for text, chosen in facts.texts.items():
            if own is None or not chosen.any():
                continue
            counted = count_words(data, corpus, chosen)
            for model, gaps in _gaps(data, corpus, own, counted):
                head = text, corpus, config.row_key(model), config.row_key(own)
                kept += _rows(head, counted, gaps, config.bias.words)
                summaries.append(_summary(head, gaps, config))
    return Found(summaries, rows=kept)


def count_words(data: StudyData, corpus: str, chosen: Flags) -> Counted:
    """Find the words of the chosen speeches that occur at least `bias.word_occurrences` times."""
    losses = data.losses[corpus]
    offsets, ids = data.test_tokens(corpus)
    words = data.vocabulary.words(offsets, ids)
    speech = np.repeat(np.arange(len(losses)), np.diff(offsets))
    occurrences = np.bincount(words.code[words.first & chosen[speech]], minlength=len(words.names))
    frequent = np.flatnonzero(occurrences >= data.config.bias.word_occurrences)
    # In the order of the alphabet: nothing may depend on which word is met first.
    frequent = frequent[np.argsort(np.array(words.names)[frequent], kind="stable")] if len(frequent) else frequent
    number = np.full(len(words.names) + 1, -1)
    number[frequent] = np.arange(len(frequent))
    code = np.where(chosen[speech], number[words.code], -1)
    sitting, speaker = losses.clusters
    cell, where = _occurrences(code, words.first, sitting[speech], None if speaker is None else speaker[speech])
    names = tuple(words.names[place] for place in frequent)
    return Counted(names, cell, where, occurrences[frequent].astype(np.float64), float(losses.tokens[chosen].sum()))


def _occurrences(code: Ids, first: Flags, sitting: Ids, speaker: Ids | None) -> tuple[Ids, Occurrences]:
    """The cell of every token, and the cells; code: its word, or -1; first: whether it begins the word."""
    known = code >= 0
    sizes = [int(each.max(initial=0)) + 1 for each in (code, sitting, speaker) if each is not None]
    labels = [each[known] for each in (code, sitting, speaker) if each is not None]
    # One number for each cell: sorting rows of three takes ten times as long.
    keys, of_known = np.unique(np.ravel_multi_index(labels, sizes), return_inverse=True)
    # One cell for all that is not counted, so that every token has a place to go.
    cell = np.full(len(code), len(keys))
    cell[known] = of_known
    # A word occurs once, with its first token; its surprisal is that of all its tokens.
    counts = np.bincount(cell[first], minlength=len(keys) + 1)[:-1]
    word, in_sitting, *by = (each.astype(np.int64) for each in np.unravel_index(keys, sizes))
    return cell, Occurrences(word, in_sitting, by[0] if by else None, counts.astype(np.float64))


def _gaps(data: StudyData, corpus: str, own: str, counted: Counted) -> Iterator[tuple[str, WordGaps]]:
    # Short texts have no word that is frequent enough.
    if not counted.names:
        return
    asked = counted.where, data.config.bias.confidence, data.config.bias.slice_sittings
    reference = _sums(data, corpus, own, counted)
    for model in data.config.models:
        if model != own:
            yield model, word_gaps(_sums(data, corpus, model, counted) - reference, *asked)


def _sums(data: StudyData, corpus: str, model: str, counted: Counted) -> FloatArray:
    """Σ surprisal of one model, shape [seeds, cells]."""
    paths = [data.scores(model, seed) for seed in data.config.train.seeds]
    return np.stack([counted.sums(read_tokens(path, corpus, "surprisals")[1]) for path in paths])


def _rows(head: tuple[str, str, str, str], counted: Counted, gaps: WordGaps, most: int) -> list[WordRow]:
    """The words that contribute most, in either direction; contribution: their share of the excess, nats per token."""
    occurrences, present = counted.occurrences, counted.where.sittings
    contribution = gaps.difference * occurrences / counted.tokens
    # Stable, so that equal contributions stay in the order of the alphabet.
    order = np.argsort(-np.abs(contribution), kind="stable")
    numbers = {**vars(gaps), "contribution": contribution}
    return [
        WordRow(
            *head,
            counted.names[at],
            int(occurrences[at]),
            int(present[at]),
            **_known(numbers, at),
        )
        for at in (order[:most] if most else order).tolist()
    ]


def _known(numbers: Mapping[str, FloatArray], at: int) -> dict[str, Any]:
    return {name: float(each[at]) if np.isfinite(each[at]) else None for name, each in numbers.items()}


def _summary(head: tuple[str, str, str, str], gaps: WordGaps, config: Config) -> WordSummary:
    sure = gaps.p_holm < 1 - config.bias.confidence
    tested = int(np.isfinite(gaps.p).sum())
    more, less = (int(np.sum(sure & side)) for side in (gaps.difference > 0, gaps.difference < 0))
    correction = "Holm over all words tested"
    return WordSummary(*head, len(gaps.difference), tested, more, less, config.bias.word_occurrences, correction)
