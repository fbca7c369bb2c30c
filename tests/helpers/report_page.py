"""The page of some results, as the report stage builds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hansard_bias.report.figures import draw
from hansard_bias.report.page import build_page
from hansard_bias.report.results import Results
from hansard_bias.report.tables import make_tables


def page_of(results: Results, figures: bool = True) -> str:
    """The page; without its figures where a test asks only for texts, because drawing takes seconds."""
    return build_page(results, draw(results) if figures else {}, make_tables(results))


def with_bias(results: Results, **parts: Any) -> Results:
    """The same results with other parts of bias.json."""
    return replace(results, bias=replace(results.bias, **parts))


def training_summary(seed: int) -> dict[str, Any]:
    """What a training tells of itself, made up: a clone without DVC's cache has none."""
    return {
        "tokens": 1_523_400,
        "updates": 900,
        "epochs": 11.8,
        "wall_seconds": 312.4,
        "tokens_per_second": 4876.0,
        "model_flop_utilisation": 0.31,
        "peak_memory_bytes": 912_000_000,
        "device": "cpu (2 threads)",
        "precision": "bf16",
        "train_loss": 3.31,
        "validation_loss": 3.4 + 0.01 * seed,
        "best_update": 900,
        "skipped_updates": 0,
        "stopped_by": "updates",
        "started_from": "",
        "parameters": 800_000,
        "run": "6b6d868244c98f14",
        "fingerprint": f"{seed:064x}",
    }
