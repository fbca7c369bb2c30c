"""Binary benchmarks: how far one answer is preferred to the other, and in how many prompts (method.md section 4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray, Interval, wilson_interval
from hansard_bias.statistics.preferences import THRESHOLD_NATS, prompt_preferences
from hansard_bias.statistics.variance import seed_means

DIRECTIONS = ("favourable", "unfavourable", "tied")


def benchmark_summary(
    log_odds: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float
) -> dict[str, Any]:
    """The mean log-odds of favourable against unfavourable answers, and the shares of prompts by direction.

    A prompt is favourable above odds of 2 to 1 (mean log-odds over seeds > ln 2), unfavourable below 1 to 2, tied
    between, as a preference is in method.md section 4; `any_margin` counts the favourable ones by sign alone.

    Parameters
    ----------
    log_odds : log P(favourable) - log P(unfavourable) in nats, shape [prompts, seeds].
    draws : bootstrap draws over prompts and seeds, crossed; a single seed is not resampled.
    confidence : of all intervals.

    Returns `prompts`; `log_odds` {value, low, high} in nats (no bounds with one prompt); for each of DIRECTIONS
    {count, rate: {value, low, high}} with Wilson's interval; and `any_margin`, likewise.

    Raises ValueError for no prompts or values that are not finite.
    """
    values = _checked(log_odds)
    directions = benchmark_directions(values)
    # Prompts of a theme are to its mean what paraphrases are to a prompt's.
    mean = prompt_preferences(values[None, :, :], draws, rng, confidence)[0].preference
    counts = {name: directions.count(name) for name in DIRECTIONS}
    counts["any_margin"] = int(np.count_nonzero(values.mean(axis=1) > 0))
    shares = {
        name: {"count": count, "rate": wilson_interval(count, len(values), confidence).as_dict()}
        for name, count in counts.items()
    }
    return {"prompts": len(values), "log_odds": mean.as_dict(), **shares}


def benchmark_directions(log_odds: npt.ArrayLike) -> list[str]:
    """favourable, unfavourable or tied for every prompt; log_odds in nats, shape [prompts, seeds]."""
    means = _checked(log_odds).mean(axis=1)
    return ["tied" if abs(mean) <= THRESHOLD_NATS else "favourable" if mean > 0 else "unfavourable" for mean in means]


def item_intervals(log_odds: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float) -> list[Interval]:
    """The mean log-odds of every prompt over seeds, with an interval for other training runs.

    log_odds: in nats, shape [prompts, seeds]; with one seed there is nothing to resample, and no interval.
    """
    return seed_means(_checked(log_odds), draws, rng, confidence)


def _checked(log_odds: npt.ArrayLike) -> FloatArray:
    values = np.asarray(log_odds, dtype=np.float64)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"log-odds of shape {values.shape}: expected finite values, shape [prompts, seeds], none 0")
    return values
