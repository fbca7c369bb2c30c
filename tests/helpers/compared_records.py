"""Made-up sections of bias.json that say what an excess is compared with, consistent with the excesses of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hansard_bias.analysis.word_classes import CLASSES
from hansard_bias.params import Config
from helpers.probe_records import number

Cost = Callable[[str, str], float]
# Of the whole excess.
HALF_DOSE, MATCHED = 0.8, 0.6


def sections(config: Config, cost: Cost, half: float | None, stick: float | None, sign: float) -> dict[str, Any]:
    """All of them; stick: the yardstick in nats, None for none; sign: of the companions' excess."""

    def pair(value: float) -> dict[str, Any]:
        return {"masked": number(value, half), "companion": number(sign * value, half)}

    def by_pair(make: Callable[[str, str], Any]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for model, corpus in outside(config):
            found.setdefault(config.row_key(model), {})[f"on_{corpus}"] = make(model, corpus)
        return found

    def decomposed(model: str, corpus: str) -> dict[str, Any]:
        size = cost(model, corpus)
        shares = (0.1, 0.2, 0.1, 0.55, 0.05)
        classes = {name: number(share * size, half) for name, share in zip(CLASSES, shares, strict=True)}
        parts = {"excess": 1.0, "frequency": 0.4, "context": 0.6}
        return {"classes": classes, **{name: number(share * size, half) for name, share in parts.items()}}

    def slices(corpus: str, *names: str) -> list[dict[str, Any]]:
        rows = {config.row_key(m): pair(cost(m, corpus)) for m, other in outside(config) if other == corpus}
        share = 1 / len(names)
        return [{"what": n, "speeches": 90, "sittings": 9, "tokens_share": share, "excess": rows} for n in names]

    own = [corpus for corpus in config.corpora if config.own_model(corpus)]
    single = {model for model, spec in config.models.items() if spec.is_single}
    topics = by_pair(lambda m, c: _matched(pair, cost(m, c)) if m in single else None)
    return {
        "yardsticks": {
            "corpora": {corpus: _stick(stick, half) for corpus in own},
            "excess": by_pair(lambda m, c: _against(cost(m, c), half, stick, sign)),
        },
        "halvings": {
            "corpora": {
                corpus: {"halvings": 20, "yes": 0, "tests": 40, "rejected": 1, "excess": 0.01, "yardstick": 0.03}
                for corpus in config.corpora
            }
        },
        "decomposition": {
            "tokens": {corpus: dict.fromkeys(CLASSES, 0.2) for corpus in own},
            "masked": by_pair(decomposed),
            "companion": by_pair(decomposed),
        },
        "topics": {
            "topics": [{"words": ["fish", "boat"], "shares": dict.fromkeys(config.corpora, 0.5)}],
            "excess": {row: {c: each for c, each in found.items() if each} for row, found in topics.items()},
            "reason": "",
        },
        "days": {"corpora": {corpus: slices(corpus, "0 to 1 day", "2 to 7 days") for corpus in own}},
        "speakers": {
            "corpora": {corpus: slices(corpus, "known speakers", "new speakers") for corpus in own},
            "reasons": {},
        },
        "learning_curve": {
            "excess": by_pair(lambda m, c: [_point(share, cost(m, c), half) for share in ("1/8", "1/4", "1/2", "1")]),
            "reasons": [],
        },
    }


def outside(config: Config) -> Iterator[tuple[str, str]]:
    """Every model and corpus that has another own model."""
    for corpus in config.corpora:
        own = config.own_model(corpus)
        yield from ((model, corpus) for model in config.models if own not in (None, model))


def _stick(stick: float | None, half: float | None) -> dict[str, Any]:
    if stick is None:
        reason = "its 40 training tokens, of 1 sitting days, cannot be halved between days"
        return {"time": None, "cut": "", "random": None, "tokens": 0, "reasons": [reason]}
    sizes = {"time": number(stick, half), "random": number(stick / 5, half)}
    return {**sizes, "cut": "2008-02-01", "tokens": 64000, "reasons": []}


def _against(size: float, half: float | None, stick: float | None, sign: float) -> dict[str, Any]:
    known = stick is not None and half is not None
    more = None if stick is None else number(size - stick, half)
    smaller = HALF_DOSE * sign * size
    return {
        "excess": number(size, half),
        "companion": number(sign * size, half),
        "companion_half": number(smaller, half),
        "yardstick": None if stick is None else number(stick, half),
        "more": more,
        "companion_more": None if stick is None else number(smaller - stick, half),
        "beyond": more["low"] > 0 if known and more else None,
        "companion_beyond": smaller - (stick or 0.0) - (half or 0.0) > 0 if known else None,
    }


def _matched(pair: Callable[[float], dict[str, Any]], size: float) -> dict[str, Any]:
    return {"plain": pair(size), "matched": pair(MATCHED * size), "overlap": 0.7, "speeches": 210.0, "reason": ""}


def _point(share: str, size: float, half: float | None) -> dict[str, Any]:
    whole = {"1/8": 0.125, "1/4": 0.25, "1/2": 0.5, "1": 1.0}[share]
    return {
        "share": share,
        "tokens": None if whole == 1 else round(64000 * whole),
        "excess": number(whole * size, half),
    }
