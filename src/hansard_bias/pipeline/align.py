"""Common window, no duplicates, splits by sitting, mixtures, audits: `dvc repro align`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hansard_bias.base import files
from hansard_bias.corpora.align.alignment import align
from hansard_bias.corpora.schema import ALIGNED
from hansard_bias.params import Config


def run(config: Config, root: Path = Path(".")) -> None:
    """Align all corpora and write them, the mixtures and the audits."""
    speeches, output = root / files.SPEECHES, root / files.ALIGNED
    read = {name: files.require_path(speeches / f"{name}.parquet", f"corpus@{name}") for name in config.corpora}
    aligned = align(read, config)
    for name in config.corpora:
        with files.table_writer(output / f"{name}.parquet", ALIGNED) as writer:
            for batch in aligned.written(name):
                writer.write_table(batch)
    files.write_table(root / files.MIXTURES, aligned.mixtures)
    # The folder is one output: tables of corpora that params.yaml no longer names are none of it.
    expected = {f"{corpus}.parquet" for corpus in config.corpora} | {files.MIXTURES.name}
    for path in output.iterdir():
        if path.name not in expected:
            path.unlink()
    digests = {path.name: files.sha256(path) for path in sorted(output.iterdir())}
    files.write_json(root / files.METRICS / "alignment.json", {**aligned.report, "digests": digests})
    print("\n".join(audit_lines(aligned.report, config)))


def audit_lines(report: Mapping[str, Any], config: Config) -> list[str]:
    """The statistics table and the audits, a line each."""
    lines = [
        f"{config.column_label(row['name'])} {row['name']:12} {row['split']:10} "
        f"{row['speeches']:>9,} speeches {row['words']:>12,} words "
        f"{row['speakers']:>6,} speakers {row['sittings']:>6,} sittings "
        # A split that is empty has no days.
        + (f"{row['first_day'][:4]}-{row['last_day'][:4]}" if row["first_day"] else "-")
        for row in report["statistics"]
    ]
    leakage, form, content = (report[key] for key in ("leakage", "format_audit", "content_audit"))
    shares = ", ".join(f"{name} {_number(share, '.2%')}" for name, share in leakage["shared_13grams"].items())
    apart = report["different_periods"].items()
    periods = "; ".join(f"{name} {days['first_day']} to {days['last_day']}" for name, days in apart)
    return [
        *lines,
        *([f"different periods, as align.period is none: {periods}"] if periods else []),
        f"leakage: {leakage['shared_speeches']} test speeches in training text; "
        f"13-grams of the test text found there: {shares}",
        f"told apart by format alone, AUC {_number(form['auc_before'], '.2f')} before cleaning and "
        f"{_number(form['auc_after'], '.2f')} after; by words, AUC {_number(content['auc'], '.2f')}",
    ]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
