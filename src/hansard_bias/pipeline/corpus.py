"""One archive as a table of speeches, every record accounted for: `dvc repro corpus@nunavut`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hansard_bias.base.files import METRICS, SPEECHES, write_json
from hansard_bias.base.messages import one_line
from hansard_bias.corpora.build import write_corpus
from hansard_bias.params import Config

SHOWN_ROLES = 8
# Reasons that are mistakes of the archive or of params.yaml: where the first is helps to mend them.
TOLD = ("bad_date", "broken_row")


def run(config: Config, corpus: str, root: Path = Path(".")) -> None:
    """Read, clean and count; write the kept and the rejected records and the summary."""
    summary = write_corpus(corpus, config.corpora[corpus], config.clean, root / SPEECHES)
    write_json(root / METRICS / "corpora" / f"{corpus}.json", summary)
    print(account(corpus, summary))


def account(corpus: str, summary: Mapping[str, Any]) -> str:
    """One line: what was read, kept and dropped, and why; and which words for roles nobody knew."""
    reasons = ", ".join(
        f"{reason} {count:,}" + f" (first {summary['first_dropped'][reason]})" * (reason in TOLD)
        for reason, count in summary["dropped"].items()
    )
    unknown = [f"{one_line(words, 60)} {count:,}" for words, count in summary["unknown_roles"].items()]
    listed = ", ".join(unknown[:SHOWN_ROLES]) + f" and {len(unknown) - SHOWN_ROLES} more" * (len(unknown) > SHOWN_ROLES)
    return (
        f"{corpus}: {summary['read']:,} records read, {summary['kept']:,} speeches kept of {summary['sittings']:,} "
        f"sittings ({summary['first_day']} to {summary['last_day']}), {summary['tokens']:,} words; "
        f"dropped: {reasons or 'nothing'}"
        + _as_others(summary["encodings"])
        + f"; taken for members (`columns.roles` explains words): {listed}" * bool(unknown)
    )


def _as_others(encodings: Mapping[str, int]) -> str:
    """Which encodings were found beside UTF-8: letters tell them, so that a person should look."""
    others = [f"{count:,} as {name}" for name, count in encodings.items() if not name.startswith("UTF-8")]
    return f"; files read {', '.join(others)} (`encoding` says another)" if others else ""
