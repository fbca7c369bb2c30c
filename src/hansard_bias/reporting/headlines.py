"""The few numbers that stand beside the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hansard_bias.reporting.comparisons import comparisons, tilt_unlearned
from hansard_bias.reporting.formats import TIMES, model_name, signed, significant, span, title
from hansard_bias.reporting.results import Results
from hansard_bias.reporting.words import tilt_sentence, unlearned_text

MOST = 4


@dataclass(frozen=True)
class Headline:
    """A number in large type, what it is, its interval and what it says."""

    what: str
    number: str
    bounds: str
    finding: str
    metric: str
    """The calibration's name of the metric; empty where the number says nothing, so that nothing vouches for it."""


def headlines(results: Results) -> list[Headline]:
    """The excess of the models from outside, largest first, then the tilts."""
    return [*_excesses(results)][: MOST - 1] + [*_tilts(results)][:1]


def _excesses(results: Results) -> Iterator[Headline]:
    findings = {1: "reads worse", -1: "reads better", 0: "no difference found", None: "not decided"}
    for each in sorted(comparisons(results), key=lambda comparison: -comparison.excess.size.value):
        what = f"{model_name(results.config, each.model)} reads {title(each.corpus)}"
        number = f"{TIMES}{significant(each.factor.value)}"
        idle = each.unlearned
        finding = unlearned_text(results.config, idle) if idle else findings[each.excess.side]
        yield Headline(what, number, span(each.factor, significant), finding, "" if idle else "excess")


def _tilts(results: Results) -> Iterator[Headline]:
    for model in results.config.models:
        tilt = results.measure(model, "tilt")
        if tilt is not None:
            what = f"tilt of {model_name(results.config, model)}, in nats"
            finding = tilt_sentence(results, model) or ""
            yield Headline(
                what, signed(tilt.value), span(tilt, signed), finding, "" if tilt_unlearned(results, model) else "tilt"
            )
