"""What `make repro` prints at its end: the matrix, the measures with their intervals, and where everything is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hansard_bias.base.files import METRICS, require_path
from hansard_bias.params import Config
from hansard_bias.report.results import load_results
from hansard_bias.report.sentences import answer


def print_summary(config: Config, metrics: Path = METRICS, console: Console | None = None) -> None:
    """Print the comparison recorded in metrics/; raises ValueError where it is not that of params.yaml."""
    console = console or Console(highlight=False, width=max(120, Console().width))
    bias = json.loads(require_path(metrics / "bias.json", "bias").read_text(encoding="utf-8"))
    wanted = [config.row_key(model) for model in config.models]
    columns = [f"on_{name}" for name in config.columns()]
    if sorted(bias["models"]) != sorted(wanted) or not all(
        sorted(measures["perplexity"]) == sorted(columns) for measures in bias["models"].values()
    ):
        held = f"{metrics / 'bias.json'}: results of {', '.join(bias['models'])} on other corpora or models"
        raise ValueError(f"{held} than those of params.yaml ({', '.join(wanted)}); run `dvc repro` first")
    console.print(_table("Perplexity: rows read columns", "perplexity", columns, bias["models"], 2))
    console.print(_table("Excess cross-entropy, nats per token", "excess_nats", columns, bias["models"], 3))
    console.print(_ratios(bias["models"]))
    uncertainty = bias["uncertainty"]
    drawn = f"{uncertainty['draws']:,} draws, resampled: {uncertainty['resampled']}"
    console.print(f"Intervals: {uncertainty['confidence']:.0%}, {drawn}.")
    console.print(f"Answer: {answer(load_results(metrics, config))[0]}")
    console.print(f"Page:   {metrics / 'report' / 'index.html'}")
    console.print("Runs:   mlflow.db, open them with `make ui`")
    if "VIRTUAL_ENV" not in os.environ:
        console.print("Next:   `source .venv/bin/activate`; then `dvc` and `hansard-bias` are found here")


def _table(title: str, measure: str, columns: list[str], models: dict[str, Any], digits: int) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("model")
    for column in columns:
        table.add_column(column, justify="right")
    for row, measures in models.items():
        cells = [measures[measure].get(column) for column in columns]
        table.add_row(row, *(interval_text(cell, digits) for cell in cells))
    return table


def _ratios(models: dict[str, Any]) -> Table:
    table = Table(title="Bias ratio, tilt and cultural bias rate", title_justify="left", box=SIMPLE_HEAD)
    for column in ("model", "bias ratio", "tilt, nats", "prompts with a preference"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row, measures in models.items():
        rate = measures["cultural_bias_rate"]["any"]["rate"]
        share = f"{rate['value']:.0%} ({rate['low']:.0%} to {rate['high']:.0%})"
        table.add_row(row, interval_text(measures["bias_ratio"], 2), interval_text(measures.get("tilt"), 3), share)
    return table


def interval_text(cell: dict[str, float | None] | None, digits: int) -> str:
    """`12.30 (11.90 to 12.70)`; no interval where there is none; `-` where there is no number."""
    if cell is None:
        return "-"
    value = f"{cell['value']:.{digits}f}"
    if cell["low"] is None or cell["high"] is None or cell["low"] == cell["high"]:
        return value
    return f"{value} ({cell['low']:.{digits}f} to {cell['high']:.{digits}f})"
