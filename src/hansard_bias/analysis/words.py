"""Words behind the gap: which words of a corpus one model finds surprising and the corpus's own model does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hansard_bias.analysis.inputs import Facts, Losses, read_test_tokens, score_path
from hansard_bias.analysis.records import WordRow, WordSummary
from hansard_bias.base.files import TOKENIZER, require_path
from hansard_bias.params import Config
from hansard_bias.scoring.tables import read_tokens
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.words import WordGaps, word_gaps
from hansard_bias.tokens.encoded import Ids
from hansard_bias.tokens.tokenizer import Vocabulary


@dataclass(frozen=True)
class Counted:
    """The words of a corpus that occur often enough, by sitting."""

    names: tuple[str, ...]
    cell: Ids
    """Of each token: word * sittings + sitting, or words * sittings where it is in no such word; shape [tokens]."""
    counts: FloatArray
    """Occurrences, shape [words, sittings]."""
    tokens: float
    """Tokens of the text looked at, those outside these words too."""

    def sums(self, surprisals: FloatArray) -> FloatArray:
        """Σ surprisal of each word and sitting, shape [words, sittings]."""
        size = self.counts.size
        sums = np.bincount(self.cell, weights=surprisals, minlength=size + 1)[:size]
        return np.asarray(sums, dtype=np.float64).reshape(self.counts.shape)


def word_findings(
    config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts], root: Path
) -> tuple[list[WordRow], list[WordSummary]]:
    """The words, and one summary for each corpus, text and model.

    Of each only the `bias.words` words that contribute most to the gap are kept; p is corrected over all. Corpora
    without an own model have no gap to explain.
    """
    vocabulary = Vocabulary(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer"))
    kept: list[WordRow] = []
    summaries: list[WordSummary] = []
    for corpus, each in losses.items():
        own = config.own_model(corpus)
        for text, chosen in facts[corpus].texts.items():
            if own is None or not chosen.any():
                continue
            counted = count_words(config, corpus, each, chosen, vocabulary, root)
            for model, gaps in _gaps(config, corpus, own, counted, root):
                head = text, corpus, config.row_key(model), config.row_key(own)
                kept += _rows(head, counted, gaps, config.bias.words)
                summaries.append(_summary(head, gaps, config))
    return kept, summaries


def count_words(
    config: Config, corpus: str, losses: Losses, chosen: np.ndarray, vocabulary: Vocabulary, root: Path
) -> Counted:
    """Find the words of the chosen speeches that occur at least `bias.word_occurrences` times."""
    offsets, ids = read_test_tokens(config, root, corpus)
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
    # One cell for all that is not counted, so that every token has a place to go.
    size = len(frequent) * len(days)
    cell = np.where(code >= 0, code * len(days) + sitting, size)
    # A word occurs once, with its first token; its surprisal is that of all its tokens.
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


def _rows(head: tuple[str, str, str, str], counted: Counted, gaps: WordGaps, most: int) -> list[WordRow]:
    """The words that contribute most, in either direction; contribution: their share of the excess, nats per token."""
    occurrences = counted.counts.sum(axis=1)
    contribution = gaps.difference * occurrences / counted.tokens
    present = np.count_nonzero(counted.counts > 0, axis=1)
    # Stable, so that equal contributions stay in the order of the alphabet.
    order = np.argsort(-np.abs(contribution), kind="stable")
    return [
        WordRow(
            *head,
            counted.names[at],
            int(occurrences[at]),
            int(present[at]),
            float(gaps.difference[at]),
            low=_known(gaps.low[at]),
            high=_known(gaps.high[at]),
            contribution=float(contribution[at]),
            p=_known(gaps.p[at]),
            p_holm=_known(gaps.p_holm[at]),
        )
        for at in (order[:most] if most else order).tolist()
    ]


def _summary(head: tuple[str, str, str, str], gaps: WordGaps, config: Config) -> WordSummary:
    """How many words were looked at, and how many differ beyond chance."""
    sure = gaps.p_holm <= 1 - config.bias.confidence
    return WordSummary(
        *head,
        words=len(gaps.difference),
        tested=int(np.isfinite(gaps.p).sum()),
        more_surprising=int(np.sum(sure & (gaps.difference > 0))),
        less_surprising=int(np.sum(sure & (gaps.difference < 0))),
        least_occurrences=config.bias.word_occurrences,
        correction="Holm over all words tested, p of Student's t",
    )


def _known(value: float) -> float | None:
    """A number, or None where there is none."""
    return float(value) if np.isfinite(value) else None
