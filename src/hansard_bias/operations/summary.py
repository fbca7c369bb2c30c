"""What `make repro` prints at its end: the matrix, the measures with their intervals, and where everything is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hansard_bias.analysis.record_files import read_bias
from hansard_bias.analysis.records import Interval, ModelRecord
from hansard_bias.base.files import METRICS
from hansard_bias.params import Config
from hansard_bias.report.results import load_results
from hansard_bias.report.sentences import budget_caveat, period_caveat
from hansard_bias.report.verdict import answer

MATRICES = (
    ("Perplexity: rows read columns", "perplexity", 2),
    ("Excess cross-entropy, nats per token", "excess_nats", 3),
)
RATIOS = ("model", "bias ratio", "tilt, nats", "prompts with a preference")


def print_summary(config: Config, metrics: Path = METRICS, console: Console | None = None) -> None:
    """Print the comparison recorded in metrics/; raises ValueError where it is not that of params.yaml."""
    console = console or Console(highlight=False, width=max(120, Console().width))
    bias = read_bias(metrics / "bias.json")
    wanted = [config.row_key(model) for model in config.models]
    columns = [f"on_{name}" for name in config.columns()]
    if sorted(bias.models) != sorted(wanted) or not all(
        sorted(measures.perplexity) == sorted(columns) for measures in bias.models.values()
    ):
        held = f"{metrics / 'bias.json'}: results of {', '.join(bias.models)} on other corpora or models"
        raise ValueError(f"{held} than those of params.yaml ({', '.join(wanted)}); run `dvc repro` first")
    for title, measure, digits in MATRICES:
        rows = [
            (row, *(interval_text(getattr(measures, measure).get(column), digits) for column in columns))
            for row, measures in bias.models.items()
        ]
        console.print(_table(title, ["model", *columns], rows))
    rows = [(row, *_ratios(measures)) for row, measures in bias.models.items()]
    console.print(_table("Bias ratio, tilt and cultural bias rate", RATIOS, rows))
    console.print(f"Intervals: {bias.uncertainty.confidence:.0%}, for other {bias.uncertainty.covers}.")
    results = load_results(metrics, config)
    console.print(f"Answer: {answer(results)[0]}")
    for caveat in filter(None, (period_caveat(results), budget_caveat(results))):
        console.print(f"But:    {caveat}")
    console.print(f"Page:   {metrics / 'report' / 'index.html'}")
    console.print("Runs:   mlflow.db, open them with `make ui`")
    if "VIRTUAL_ENV" not in os.environ:
        console.print("Next:   `source .venv/bin/activate`; then `dvc` and `hansard-bias` are found here")


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="left" if column == "model" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _ratios(measures: ModelRecord) -> tuple[str, str, str]:
    found = measures.cultural_bias_rate
    rate = None if found is None else found.any.rate
    share = "-" if rate is None else f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})"
    return interval_text(measures.bias_ratio, 2), interval_text(measures.tilt, 3), share


def interval_text(interval: Interval | None, digits: int) -> str:
    """`12.30 (11.90 to 12.70)`; no interval where there is none; `-` where there is no number."""
    if interval is None:
        return "-"
    value = f"{interval.value:.{digits}f}"
    # The excess of a model on its own text is 0 by definition.
    if interval.low is None or interval.high is None or interval.low == interval.high:
        return value
    return f"{value} ({interval.low:.{digits}f} to {interval.high:.{digits}f})"
