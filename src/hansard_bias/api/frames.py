"""The columns of every frame with their types, in one place; docs/api.md says what each column means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from hansard_bias.analysis.records import Interval

TEXT, NUMBER, COUNT, FLAG, DAY, KIND = "str", "float64", "int64", "boolean", "datetime64[us]", "category"


def _columns(kind: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, kind)


def _estimates(*names: str) -> dict[str, str]:
    """Each number with its bounds."""
    return _columns(NUMBER, *(column for name in names for column in (name, f"{name}_low", f"{name}_high")))


_SPEECH = {"speech_id": TEXT, "corpus": TEXT, "sitting": DAY, **_columns(TEXT, "speaker", "role", "topic")}
_BOUNDS = _columns(NUMBER, "low", "high")
FRAMES: dict[str, dict[str, str]] = {
    "matrix": _columns(TEXT, "model", "corpus")
    | _estimates("perplexity", "bits_per_byte", "companion_perplexity", "companion_bits_per_byte"),
    "excess": _columns(TEXT, "model", "corpus")
    | _estimates("nats", "bits_per_byte", "companion_nats")
    | _columns(NUMBER, "p", "p_holm")
    | {"companion_agrees": FLAG}
    | _estimates("yardstick", "more")
    | {"beyond": FLAG},
    "yardsticks": {"corpus": TEXT, **_estimates("time", "random"), "cut": TEXT, "tokens": COUNT, "reasons": TEXT},
    "given": {**_columns(TEXT, "model", "folder", "corpus"), **_estimates("bits_per_byte", "perplexity")}
    | _columns(NUMBER, "tokens_per_byte", "unknown")
    | _estimates("pll", "pll_within_word"),
    "tests": _columns(TEXT, "family", "what", "model", "corpus")
    | {"effect": NUMBER, **_BOUNDS, "unit": TEXT, **_columns(NUMBER, "p", "p_holm"), "p_covers": TEXT},
    "words": _columns(TEXT, "text", "corpus", "model", "against", "word")
    | _columns(COUNT, "occurrences", "sittings")
    | {"difference": NUMBER, **_BOUNDS, **_columns(NUMBER, "contribution", "p", "p_holm")},
    "slices": _columns(TEXT, "text", "corpus", "slice", "value", "model")
    | _columns(COUNT, "speeches", "sittings", "tokens")
    | _estimates("perplexity", "excess_nats"),
    "prompts": _columns(TEXT, "prompt", "theme", "text", "model")
    | _estimates("log_odds", "habit", "content")
    | {"mass": NUMBER, "direction": TEXT, **_columns(NUMBER, "p_corrected", "agreement", "spread")},
    "pairs": _columns(TEXT, "benchmark", "form", "model", "score", "of")
    | {"items": COUNT}
    | _estimates("preferring", "difference", "ss", "lms", "icat"),
    "answers": {"benchmark": TEXT, "line": COUNT, **_columns(TEXT, "theme", "text", "first", "second", "model")}
    | _estimates("log_odds", "content")
    | {"direction": TEXT},
    "curves": {"model": TEXT, **_columns(COUNT, "seed", "update")}
    | _columns(NUMBER, "epoch", "learning_rate", "train_loss", "validation_loss"),
    "speeches": _SPEECH
    | {"ordinal": COUNT, "split": TEXT, **_columns(COUNT, "words", "bytes"), "shares_13gram": FLAG, "text": TEXT},
    "scores": _SPEECH | _columns(COUNT, "tokens", "bytes") | _columns(NUMBER, "nats", "nats_per_token"),
    # Of millions of tokens the same texts over and over.
    "scores by token": {name: KIND if kind == TEXT else kind for name, kind in _SPEECH.items()}
    | {"position": COUNT, "token_id": COUNT, "token": KIND, "nats": NUMBER},
    "scored.tokens": _columns(COUNT, "text", "position", "token_id")
    | {"token": TEXT, **_columns(COUNT, "start", "end"), "nats": NUMBER},
    "scored.words": _columns(COUNT, "text", "position", "start", "end")
    | {"word": TEXT, "tokens": COUNT, "nats": NUMBER},
    "scored.texts": {"text": COUNT, "id": TEXT, **_columns(COUNT, "tokens", "unknown", "bytes")}
    | _columns(NUMBER, "nats", "nats_per_token", "bits_per_byte"),
}


def frame(name: str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """These rows, or the columns of a table, as the frame of this name: its columns in its order, in its types."""
    columns = FRAMES[name]
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=[*columns])
    return table[[*columns]].astype(columns)


def spread(name: str, interval: Interval | None) -> dict[str, float | None]:
    """An estimate as three columns; missing in all of them where there is none."""
    value, low, high = (interval.value, interval.low, interval.high) if interval else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
