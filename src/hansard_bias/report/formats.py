"""Numbers, intervals and names as a reader meets them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from hansard_bias.analysis.probe_records import Count
from hansard_bias.analysis.records import Interval
from hansard_bias.params import Config

MINUS, DASH, TIMES = "\u2212", "\u2013", "\u00d7"
NOTHING = "\u2014"
NO_BREAK = "\u00a0"
UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Shown(str):
    """Text on the page that remembers the exact numbers behind it, so that files need not round."""

    __slots__ = ("numbers",)
    numbers: tuple[float | None, ...]

    def __new__(cls, text: str, *numbers: float | None) -> Shown:
        shown = super().__new__(cls, text)
        shown.numbers = numbers
        return shown


def sort_value(text: str) -> str:
    """What a column is sorted by, for the page's script; empty for words."""
    first = text.numbers[0] if isinstance(text, Shown) and text.numbers else None
    return "" if first is None else f"{first:.6g}"


def count(value: float) -> str:
    """A whole number with its thousands set apart."""
    return Shown(f"{round(value):,}", value)


def decimal(value: float, digits: int = 2) -> str:
    """A number with fixed decimals and a real minus sign; a rounded zero has no sign."""
    text = f"{value:,.{digits}f}"
    return Shown(text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS), value)


# For numbers of which the third decimal matters, such as bits per byte.
fine = partial(decimal, digits=3)


def signed(value: float) -> str:
    """A difference: always with its sign."""
    text = decimal(value)
    return text if text.startswith(MINUS) or not text.strip("0.") else Shown(f"+{text}", value)


def significant(value: float) -> str:
    """A positive quantity with about three significant digits: 4.21, 42.1, 421, 4,210."""
    return decimal(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def percent(value: float) -> str:
    """A share in percent; small ones keep a digit."""
    return Shown(f"{decimal(100 * value, 1 if 0 < value < 0.1 else 0)}{NO_BREAK}%", value)


def p_value(value: float | None) -> str:
    """A probability: never rounded to 0."""
    if value is None:
        return NOTHING
    # With a few thousand draws a smaller p is not known.
    text = "below 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.01 else f"{value:.3f}"
    return Shown(text, value)


def seconds(value: float) -> str:
    """A duration in the unit that people use."""
    # Below two of the next unit the smaller one tells more.
    if value < 120:
        return Shown(f"{value:.0f}{NO_BREAK}s", value)
    hours, minutes = divmod(round(value / 60), 60)
    return Shown(
        f"{hours}{NO_BREAK}h {minutes:02d}{NO_BREAK}min" if hours > 1 else f"{60 * hours + minutes}{NO_BREAK}min", value
    )


def size(value: float) -> str:
    """Bytes in decimal units."""
    if not value:
        return NOTHING
    power = min(int(math.log10(value) // 3), len(UNITS) - 1)
    return Shown(f"{value / 1000**power:.{0 if power < 2 else 1}f}{NO_BREAK}{UNITS[power]}", value)


def span(interval: Interval, form: Callable[[float], str], between: str = " to ") -> str:
    """The bounds alone: "1.2 to 1.4", or that there are none."""
    low, high = interval.low, interval.high
    text = "no interval" if low is None or high is None else f"{form(low)}{between}{form(high)}"
    return Shown(text, low, high)


def estimate(interval: Interval | None, form: Callable[[float], str]) -> str:
    """A number with its interval: "1.3 (1.2 to 1.4)"."""
    if interval is None:
        return NOTHING
    return Shown(f"{form(interval.value)} ({span(interval, form)})", interval.value, interval.low, interval.high)


def shares(*counts: Count) -> list[str]:
    """Counts as shares in percent, each with its interval."""
    return [estimate(each.rate, percent) for each in counts]


def title(name: str) -> str:
    """A name of params.yaml as a proper name."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def model_name(config: Config, model: str) -> str:
    """A model with its label: "A (Nunavut)"."""
    return f"{config.all_models[model].label} ({title(model)})"


def model_names(config: Config, models: Sequence[str]) -> str:
    """Some models as in a sentence."""
    return sentence_list([model_name(config, model) for model in models])


def row_names(config: Config) -> dict[str, str]:
    """Every model's name on the page by its row in metrics files."""
    return {config.row_key(model): model_name(config, model) for model in config.models}


def readable(config: Config, text: str) -> str:
    """A sentence of a metrics file with its keys as names: "A_nunavut reads canada" as "A (Nunavut) reads Canada"."""
    names = row_names(config) | {corpus: title(corpus) for corpus in config.corpora}
    # As whole words only: "canada" is also part of "canada_west".
    for key, name in names.items():
        text = name.join(re.split(rf"(?<!\w){re.escape(key)}(?!\w)", text))
    return text


def training_text(config: Config, model: str) -> str:
    """What a model was trained on: "Nunavut", or "50 % Nunavut, 50 % Canada"."""
    mixture = config.models[model].mixture
    parts = [f"{percent(weight)} {title(corpus)}" for corpus, weight in mixture.items()]
    return ", ".join(parts if len(parts) > 1 else map(title, mixture))


def sentence_list(items: Sequence[str]) -> str:
    """Items as in a sentence: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Nested records as pairs of keys and value, lists whole."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    else:
        yield path, value


def facts(value: object) -> Iterator[tuple[str, str]]:
    """Nested records as (name, text) pairs, for what has no table of its own."""
    for path, item in leaves(value):
        if not isinstance(item, Mapping):
            text = ", ".join(map(_scalar, item)) or "none" if isinstance(item, (list, tuple)) else _scalar(item)
            yield ", ".join(path).replace("_", " "), text


def _scalar(value: object) -> str:
    # Before the whole numbers, of which Python counts truth values as two.
    if value is None or isinstance(value, bool):
        return {None: NOTHING, True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return count(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
