"""Scoring speed: exact pseudo-log-likelihood against minicons, speech by speech in one run; and the masked folds.

    python benchmarks/score.py [--speeches 500] [--longest 510]

Preset `small`'s model (4 layers x 256, vocabulary 8,192) with random weights, which cost what trained ones do; the text
is that of benchmarks/train.py, a random draw of its speeches. Both sides take turns, so that a busy moment meets both;
minicons gets one speech a call, which is its fastest way (a batch it pads). Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from train import prepare
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import ScoreConfig
from hansard_bias.scoring.scoring import score_speeches, token_likelihoods
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import load_tokenizer, special_ids, tokens_and_words

TURN = 25
"""Speeches that one side scores before the other has its turn."""
CONFIG = ScoreConfig(seed=17, mask_rate=0.15, batch_tokens=2048, likelihood_speeches=0)
ORIGINAL, WITHIN, ALONE, OURS, FOLDS = (
    "minicons, `original`",
    "minicons, `within_word_l2r`",
    "this project, pieces one at a time only",
    "this project, both forms",
    "this project, masked folds",
)


@dataclass
class Timed:
    """What one way took for the speeches so far, and what it found."""

    seconds: float = 0.0
    found: list[float] = field(default_factory=list)


class Contest:
    """The same model and speeches for both."""

    def __init__(self, folder: Path) -> None:
        settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        sizes = {name: value for name, value in settings["model"].items() if name != "init"}
        torch.manual_seed(1)
        model: Any = BertForMaskedLM(BertConfig(vocab_size=settings["vocabulary"], type_vocab_size=1, **sizes)).eval()
        # minicons 0.3.39 calls what transformers 5 has dropped.
        PreTrainedTokenizerBase.batch_encode_plus = lambda self, *one, **more: self(*one, **more)
        from minicons.scorer import MaskedLMScorer

        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder / "tokenizer"))
        self.scorer = MaskedLMScorer(model, "cpu", tokenizer=tokenizer)
        self.reader = ReadingScorer(model.config.to_dict(), model.state_dict(), "cpu")
        self.corpus: EncodedCorpus = read_encoded(folder / "text")
        self.texts = pq.read_table(folder / "nunavut.parquet", columns=["text"])["text"].to_pylist()
        self.special = special_ids(folder / "tokenizer")
        self.tokenizer = load_tokenizer(folder / "tokenizer")

    def theirs(self, metric: str, rows: np.ndarray) -> list[float]:
        """Pseudo-log-likelihoods by minicons."""
        total: Callable[[Any], float] = lambda scores: scores.double().sum().item()  # noqa: E731
        return [self.scorer.sequence_score([self.texts[row]], reduction=total, PLL_metric=metric)[0] for row in rows]

    def ours(self, rows: np.ndarray) -> list[float]:
        """Pseudo-log-likelihoods in both forms, the words looked up too: first all of one, then all of the other."""
        return self.asked(rows, [own for _, own in tokens_and_words(self.tokenizer, [self.texts[row] for row in rows])])

    def alone(self, rows: np.ndarray) -> list[float]:
        """The first form: where each piece is a word of its own, the second needs no pass."""
        return self.asked(rows, [np.arange(self.corpus.lengths[row]) for row in rows])[: len(rows)]

    def asked(self, rows: np.ndarray, words: list[np.ndarray]) -> list[float]:
        """Both forms of every speech, with these words."""
        nats = token_likelihoods(self.reader, self.corpus, rows, words, CONFIG.batch_tokens, self.special)
        starts = np.cumsum(self.corpus.lengths[rows]) - self.corpus.lengths[rows]
        return (-np.add.reduceat(nats, starts, axis=1, dtype=np.float64)).ravel().tolist()

    def folds(self, rows: np.ndarray) -> list[float]:
        """Masked folds: every piece once."""
        return score_speeches(self.reader, self.corpus, rows, CONFIG, self.special).tolist()


def run(contest: Contest, rows: np.ndarray) -> dict[str, Timed]:
    """Let every way score all rows, in turns."""
    ways: dict[str, Callable[[np.ndarray], list[float]]] = {
        ORIGINAL: lambda chosen: contest.theirs("original", chosen),
        WITHIN: lambda chosen: contest.theirs("within_word_l2r", chosen),
        ALONE: contest.alone,
        OURS: contest.ours,
        FOLDS: contest.folds,
    }
    results = {name: Timed() for name in ways}
    for way in ways.values():
        way(rows[:2])
    for start in range(0, len(rows), TURN):
        for name, way in ways.items():
            began = time.perf_counter()
            results[name].found += way(rows[start : start + TURN])
            results[name].seconds += time.perf_counter() - began
    return results


def largest_difference(results: dict[str, Timed], speeches: int) -> float:
    """The largest relative difference of any speech in either form."""
    ours = [results[OURS].found[2 * at : 2 * at + 2 * TURN] for at in range(0, speeches, TURN)]
    pairs = [np.array(part).reshape(2, -1) for part in ours]
    both = np.concatenate(pairs, axis=1)
    theirs = np.array([results[ORIGINAL].found, results[WITHIN].found])
    return float(np.abs(both / theirs - 1).max())


def table(results: dict[str, Timed], speeches: int, pieces: int) -> str:
    """A Markdown table; `times` compares each way with minicons computing the same numbers."""
    seconds = {name: timed.seconds for name, timed in results.items()}
    seconds["minicons, both"] = both = seconds[ORIGINAL] + seconds[WITHIN]
    peers = {ALONE: seconds[ORIGINAL], OURS: both}
    lines = ["| way | seconds | speeches/s | pieces/s | times minicons |", "|---|---|---|---|---|"]
    for name, took in seconds.items():
        times = f"{peers[name] / took:.1f}" if name in peers else "–"
        lines.append(f"| {name} | {took:.1f} | {speeches / took:.2f} | {pieces / took:,.0f} | {times} |")
    return "\n".join(lines)


def main() -> None:
    """Prepare, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speeches", type=int, default=500)
    parser.add_argument("--longest", type=int, default=510, help="pieces; minicons reads no longer ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(prepare(Path(name)), flush=True)
        contest = Contest(Path(name))
        lengths = contest.corpus.lengths
        fitting = np.flatnonzero(lengths <= min(options.longest, contest.reader.positions - 2))
        rows = np.random.default_rng(0).permutation(fitting)[: options.speeches]
        results = run(contest, rows)
    chosen = lengths[rows]
    print(f"{len(rows)} speeches of {chosen.min()} to {chosen.max()} pieces, mean {chosen.mean():.0f}")
    print(table(results, len(rows), int(lengths[rows].sum())))
    print(f"Largest relative difference of a speech: {largest_difference(results, len(rows)):.1e}")


if __name__ == "__main__":
    main()
