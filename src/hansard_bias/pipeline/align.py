"""Common window, no duplicates, splits by sitting, mixtures, audits: `dvc repro align`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hansard_bias.base.files import (
    ALIGNED,
    METRICS,
    MIXTURES,
    SPEECHES,
    require_path,
    sha256,
    table_writer,
    write_json,
    write_table,
)
from hansard_bias.corpora.align.alignment import align
from hansard_bias.corpora.schema import ALIGNED as COLUMNS
from hansard_bias.params import Config


def run(config: Config, root: Path = Path(".")) -> None:
    """Align all corpora and write them, the mixtures and the audits."""
    files = {name: require_path(root / SPEECHES / f"{name}.parquet", f"corpus@{name}") for name in config.corpora}
    aligned = align(files, config)
    for name in config.corpora:
        with table_writer(root / ALIGNED / f"{name}.parquet", COLUMNS) as writer:
            for batch in aligned.written(name):
                writer.write_table(batch)
    write_table(root / MIXTURES, aligned.mixtures)
    _remove_others(root / ALIGNED, {f"{corpus}.parquet" for corpus in config.corpora} | {MIXTURES.name})
    digests = {path.name: sha256(path) for path in sorted((root / ALIGNED).iterdir())}
    write_json(root / METRICS / "alignment.json", {**aligned.report, "digests": digests})
    print("\n".join(audit_lines(aligned.report, config)))


def audit_lines(report: Mapping[str, Any], config: Config) -> list[str]:
    """The statistics table and the audits, a line each."""
    lines = [
        f"{config.column_label(row['name'])} {row['name']:12} {row['split']:10} "
        f"{row['speeches']:>9,} speeches {row['words']:>12,} words "
        f"{row['speakers']:>6,} speakers {row['sittings']:>6,} sittings {years(row)}"
        for row in report["statistics"]
    ]
    leakage, form, content = (report[key] for key in ("leakage", "format_audit", "content_audit"))
    shares = ", ".join(f"{name} {number(share, '.2%')}" for name, share in leakage["shared_13grams"].items())
    return [
        *lines,
        f"leakage: {leakage['shared_speeches']} test speeches in training text; "
        f"13-grams of the test text found there: {shares}",
        f"told apart by format alone, AUC {number(form['auc_before'], '.2f')} before cleaning and "
        f"{number(form['auc_after'], '.2f')} after; by words, AUC {number(content['auc'], '.2f')}",
    ]


def years(row: Mapping[str, Any]) -> str:
    """The years between the first and the last day of a line of the statistics table."""
    return f"{row['first_day'][:4]}-{row['last_day'][:4]}" if row["first_day"] else "-"


def number(value: float | None, form: str) -> str:
    """A number in this form, or a dash where there is none."""
    return "-" if value is None else format(value, form)


def _remove_others(folder: Path, expected: set[str]) -> None:
    """Drop tables of corpora that params.yaml no longer names: the folder is one output."""
    for path in folder.iterdir():
        if path.name not in expected:
            path.unlink()
