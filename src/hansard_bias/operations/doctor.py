"""The doctor's findings on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hansard_bias.operations.doctor_checks import Finding, Verdict, machine_findings, project_findings
from hansard_bias.operations.doctor_speed import Estimate, estimates
from hansard_bias.params import PARAMS_FILE, ConfigError

_STYLES = {Verdict.GOOD: "green", Verdict.NOTE: "yellow", Verdict.BAD: "bold red"}


def print_findings(findings: Iterable[Finding], console: Console) -> bool:
    """One line each; returns whether nothing is bad."""
    healthy = True
    for finding in findings:
        word = f"[{_STYLES[finding.verdict]}]{finding.verdict.value:<5}[/]"
        console.print(f"{word}{escape(finding.about)}: {escape(finding.text)}", soft_wrap=True)
        healthy = healthy and finding.verdict is not Verdict.BAD
    return healthy


def print_estimates(found: Iterable[Estimate], console: Console) -> None:
    """A table of what can be trained in what time."""
    title = "What this machine can train (an estimate from a few updates of each model, training alone)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("preset", "text", "trainings", "pieces a second", "one training", "all trainings"):
        table.add_column(column, justify="left" if column in ("preset", "text") else "right")
    for entry in found:
        table.add_row(entry.preset, entry.text, str(entry.trainings), *_times(entry))
    console.print(table)
    console.print("More or less text takes proportionally longer or shorter; patience may end a training sooner.")


def duration(seconds: float) -> str:
    """A length of time with two digits, as a person would say it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{float(f'{seconds / length:.2g}'):g} {unit}"
    return f"{max(1, round(seconds))} seconds"


def _times(entry: Estimate) -> tuple[str, str, str]:
    if entry.problem:
        return "-", "-", entry.problem
    return f"{entry.tokens_per_second:,.0f}", duration(entry.seconds / entry.trainings), duration(entry.seconds)


# The whole examination, in the order in which a person would mend things.


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
