"""The whole examination, in the order in which a person would mend things."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from hansard_bias.config import PARAMS_FILE, ConfigError
from hansard_bias.doctor.machine import machine_findings
from hansard_bias.doctor.printed import print_estimates, print_findings
from hansard_bias.doctor.project import project_findings
from hansard_bias.doctor.speed import estimates


def examine(speed: bool, root: Path = Path("."), console: Console | None = None) -> bool:
    """Print every finding and, where `speed` is asked for, the estimates; returns whether nothing is bad."""
    console = console or Console(highlight=False, width=max(120, Console().width))
    healthy = print_findings([*machine_findings(root), *project_findings(root)], console)
    if not speed:
        return healthy
    try:
        print_estimates(estimates(root / PARAMS_FILE), console)
    except (ConfigError, OSError):
        console.print("No estimate without a valid params.yaml.")
    return healthy
