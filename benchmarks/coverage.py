"""Do 95 % intervals hold the truth, and do tests reject true nulls at 5 %? Simulated studies with known effects.

python benchmarks/coverage.py                          (all tables, 2,000 studies a row)
python benchmarks/coverage.py --tables matrix words --studies 500 --rows 0 3 7

Numbers are per cent: of intervals that hold the truth, and in columns "p …" of true nulls that are rejected. Below
sittings, seeds and their like stand the standard deviations of what is random (`simulated.py` for the matrix).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from typing import Any

import numpy as np
from scipy.special import ndtri
from simulated import BATCH, CONFIDENCE, SPEECHES, MatrixStudies, Results, held, matrix_studies, rejected, speakers_of

from hansard_bias.statistics.associations import association_summary
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.preferences import (
    THRESHOLD_NATS,
    compare_models,
    cultural_bias_rate,
    prompt_preferences,
)
from hansard_bias.statistics.words import Occurrences, word_gaps

# Words.


@dataclass(frozen=True)
class WordStudies:
    """One kind of word; standard deviations in nats per occurrence."""

    sittings: int
    seeds: int = 1
    speakers: float | None = 0.0
    times: float = 60
    """How often it occurs, about: more in some sittings than in others."""
    run: float = 0.05


def word_studies(kind: WordStudies, rng: np.random.Generator) -> Results:
    """Many words, each of a study of its own."""
    groups = BATCH * kind.sittings
    sitting = np.repeat(np.arange(groups), SPEECHES)
    study = sitting // kind.sittings
    speaker = speakers_of(study, rng)
    counts = rng.poisson(kind.times / kind.sittings / SPEECHES * rng.gamma(0.5, 2, size=groups)[sitting])
    said = counts > 0
    # One cell for each speaker in each sitting.
    keys, cell = np.unique(np.stack([study, sitting, speaker])[:, said], axis=1, return_inverse=True)
    word, day, voice = keys
    times = np.bincount(cell.ravel(), counts[said])
    level = rng.normal(0, 0.3, size=groups)[day] + (kind.speakers or 0) * rng.normal(size=speaker.max() + 1)[voice]
    runs = rng.normal(0, kind.run if kind.seeds > 1 else 0, size=(kind.seeds, BATCH))[:, word]
    noise = rng.normal(0, 1, size=len(word)) + rng.normal(0, 0.3, size=(kind.seeds, len(word)))
    sums = times * (level + runs) + np.sqrt(times) * noise
    found, where = np.unique(word, return_inverse=True)[1], None if kind.speakers is None else voice
    gaps = word_gaps(sums, Occurrences(found, day, where, times.astype(np.float64)), CONFIDENCE, least_sittings=5)
    return {"difference": held(gaps.difference, gaps.high - gaps.difference), "p": rejected(gaps.p)}


# Preferences.


@dataclass(frozen=True)
class PreferenceStudies:
    """Log-odds of two models without a true difference; standard deviations in nats."""

    prompts: int
    seeds: int = 1
    run: float = 0.2
    suits: float = 1.0
    """How a prompt suits a model."""
    both: float = 0.3
    """How a prompt suits a run; half as much a paraphrase."""


def preference_studies(kind: PreferenceStudies, rng: np.random.Generator) -> Results:
    """The models compared, and each prompt of one of them by itself: of its runs' five paraphrases."""
    compared, alone = [], []
    for _ in range(BATCH):
        truth, values = _log_odds(kind, rng)
        compared.append(compare_models(values[0], values[1], CONFIDENCE))
        shown = [each.preference for each in prompt_preferences(values[0], CONFIDENCE)]
        alone.append(np.mean([_holds(each, true) for each, true in zip(shown, truth.tolist(), strict=True)]))
    held, rejected = (
        [each.interval.side(0) == 0 for each in compared],
        [each.p < 1 - CONFIDENCE for each in compared],
    )
    return {"models compared": held, "p": rejected, "one prompt": alone}


def _log_odds(kind: PreferenceStudies, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """The true log-odds of the first model, shape [prompts], and what is seen, [models, prompts, wordings, seeds]."""
    shape, several = (2, kind.prompts, 5, kind.seeds), kind.seeds > 1
    truth = rng.normal(0, 3, size=(kind.prompts, 1, 1)) + rng.normal(0, kind.suits, size=(2, kind.prompts, 1, 1))
    runs = rng.normal(0, kind.run, size=(2, 1, 1, kind.seeds)) + rng.normal(
        0, kind.both, size=(*shape[:2], 1, shape[3])
    )
    wordings = rng.normal(0, 0.5, size=(*shape[:3], 1)) + rng.normal(0, kind.both / 2, size=shape)
    return truth[0].ravel(), truth + several * runs + wordings


def _holds(interval: Interval, truth: float) -> bool:
    return interval.low is not None and interval.high is not None and interval.low <= truth <= interval.high


@dataclass(frozen=True)
class RateStudies:
    """Sixty prompts of five wordings, whose true log-odds are normal; this share of them is beyond 2 to 1."""

    rate: float
    seeds: int
    prompts: int = 60


def rate_studies(kind: RateStudies, rng: np.random.Generator) -> Results:
    """The estimated share, beside the true one, and whether its interval holds it."""
    spread = THRESHOLD_NATS / ndtri(1 - kind.rate / 2) if kind.rate else 0.0
    found = []
    for _ in range(BATCH):
        truth = rng.normal(0, 1, size=(kind.prompts, 1, 1)) * spread
        wordings = rng.normal(0, 0.5, size=(kind.prompts, 5, 1)) + rng.normal(
            0, 0.5, size=(kind.prompts, 1, kind.seeds)
        )
        values = truth + wordings + rng.normal(0, 0.3, size=(kind.prompts, 5, kind.seeds))
        rate = cultural_bias_rate(values, prompt_preferences(values, CONFIDENCE), 300, rng, CONFIDENCE)
        assert rate is not None, "several seeds have a rate"
        found.append(rate.any.rate)
    return {"mean": [each.value for each in found], "held": [float(_holds(each, kind.rate)) for each in found]}


# Associations.


@dataclass(frozen=True)
class AssociationStudies:
    """Two sides of equally many words; a word's association has a standard deviation of 1."""

    words: int
    seeds: int = 1
    difference: float = 0.0
    run: float = 0.1
    """How a run suits a side."""
    both: float = 0.5
    """How a run suits a word."""


def association_studies(kind: AssociationStudies, rng: np.random.Generator) -> Results:
    """Effect sizes; the truth is that of all words, of the mean of as many runs."""
    sides = np.repeat([0.5, -0.5], kind.words)[:, None]
    truth = kind.difference / math.sqrt(1 + kind.both**2 / kind.seeds + kind.difference**2 / 4)
    held, rejected = [], []
    for _ in range(BATCH):
        run = rng.normal(0, kind.run if kind.seeds > 1 else 0, size=kind.seeds)
        words = rng.normal(size=sides.shape) + rng.normal(0, kind.both, size=(len(sides), kind.seeds))
        found = association_summary((kind.difference + run) * sides + words, kind.words, 500, rng, CONFIDENCE)
        assert found.effect_size is not None, "words differ, so that there is an effect size"
        held.append(_holds(found.effect_size, truth))
        rejected.append(float(found.p < 1 - CONFIDENCE) if not kind.difference else math.nan)
    return {"effect size": held, "p": rejected}


# Tables.

DESIGNS = ((1, 12), (2, 12), (3, 30), (5, 40), (7, 19), (40, 40))
Study = Callable[[Any, np.random.Generator], Results]
TABLES: dict[str, tuple[Study, Sequence[Any]]] = {
    "matrix": (
        matrix_studies,
        (
            *(
                MatrixStudies(sittings, seeds, speakers)
                for seeds in (1, 2, 3, 5)
                for speakers in (0.0, 0.1)
                for sittings in DESIGNS
            ),
            *(MatrixStudies(sittings, speakers=None) for sittings in DESIGNS[1:]),
            *(MatrixStudies((40, 40), 3, 0.0, run) for run in (0.0, 0.1)),
            MatrixStudies((12, 12), 5, 0.0, suits=0.02, both=0.1),
        ),
    ),
    "words": (
        word_studies,
        tuple(
            WordStudies(sittings, seeds, speakers)
            for seeds in (1, 3, 5)
            for speakers in (0.0, 0.3)
            for sittings in (7, 19, 40)
        ),
    ),
    "preferences": (
        preference_studies,
        tuple(PreferenceStudies(prompts, seeds) for seeds in (1, 2, 3, 5) for prompts in (12, 40)),
    ),
    "rates": (
        rate_studies,
        tuple(RateStudies(rate, seeds) for rate in (0.0, 0.1, 0.32, 0.6) for seeds in (2, 3, 5, 10)),
    ),
    "associations": (
        association_studies,
        tuple(
            AssociationStudies(words, seeds, difference)
            for words in (8, 25)
            for seeds in (1, 3, 5)
            for difference in (0.0, 1.0)
        ),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--studies", type=int, default=2000, help=f"of each kind, by {BATCH}")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rows", type=int, nargs="*", help="by number, from 0 on; all by default")
    arguments = parser.parse_args()
    with Pool(arguments.processes) as pool:
        for name in arguments.tables:
            started = time.perf_counter()
            print(f"\n{name}, {arguments.studies} studies a row, per cent\n")
            for line in table(name, arguments.rows, -(-arguments.studies // BATCH), pool.map):
                print(line, flush=True)
            print(f"\n{time.perf_counter() - started:.0f} s")


def table(name: str, rows: Sequence[int] | None, batches: int, mapped: Callable[..., list[Results]]) -> Iterator[str]:
    """The lines of a table in Markdown, one kind of study each."""
    study, kinds = TABLES[name]
    for count, kind in enumerate(kinds if rows is None else [kinds[row] for row in rows]):
        results = mapped(partial(_batch, study, kind), range(batches))
        if not count:
            columns = [*vars(kind), *results[0]]
            yield "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns)
        values = [np.concatenate([np.asarray(each[column], dtype=float) for each in results]) for column in results[0]]
        yield "| " + " | ".join([*map(_setting, vars(kind).values()), *map(_per_cent, values)]) + " |"


def _batch(study: Study, kind: Any, number: int) -> Results:
    return study(kind, np.random.default_rng([1999, number]))


def _setting(value: object) -> str:
    if isinstance(value, tuple):
        return " and ".join(map(str, value))
    return "not known" if value is None else f"{value:g}"


def _per_cent(values: FloatArray) -> str:
    """The mean of those that are not refused."""
    known = values[~np.isnan(values)]
    return f"{100 * known.mean():.1f}" if len(known) else "refused"


if __name__ == "__main__":
    main()
