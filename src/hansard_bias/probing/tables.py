"""What the `probe` stage leaves on disk for each run, and what the stages behind it may expect there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.base.files import PROBED, require_path, run_name, table_writer
from hansard_bias.probing.prompts import LeftOut

AUDIT_KEY = b"audit"
# Fillings that the study's own definition of bias looks at: always stored, whatever probe.top_k is.
LEGACY_TOP = 5
ANSWERS = ("favorable", "unfavorable")
# Of a pair: the stereotype, or what its benchmark prefers; the other; in StereoSet an unrelated one.
OPTIONS = ("first", "second", "third")
PROMPTS = ["prompt", "theme", "paraphrase", "text"]
# The tables of a run, and the columns of each that say what was asked.
ASKED = {
    "prompts": PROMPTS,
    "benchmarks": ["benchmark", "line", "theme", "prompt", *ANSWERS, *(f"{answer}_pieces" for answer in ANSWERS)],
    "associations": ["space", "kind", "test", "side", "word", "other"],
    "planted": PROMPTS,
    "pairs": ["benchmark", "form", "item", "theme", "part", "target", "context", *OPTIONS, "shared"],
}


@dataclass(frozen=True)
class Probed:
    """The answers of one run, as the functions of `probes` return them, and the audit of the words asked for."""

    prompts: pd.DataFrame
    benchmarks: pd.DataFrame
    associations: pd.DataFrame
    audit: list[dict[str, Any]]
    """Of the groups' terms."""
    words: list[dict[str, Any]]
    """Audit of the words of the association tests."""
    tests: list[dict[str, Any]]
    """The association tests: test, and the names of its targets and attributes."""
    planted: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PROMPTS))
    """No rows but for the bundled sample."""
    pairs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ASKED["pairs"]))
    """No rows without benchmarks of sentences."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Items of all benchmarks."""


def probed_paths(model: str, seed: int) -> tuple[Path, ...]:
    """The tables of one run in the order of ASKED, relative to the project's root."""
    # The prompts' table bears the run's name alone.
    ends = ("" if table == "prompts" else f".{table}" for table in ASKED)
    return tuple(PROBED / f"{run_name(model, seed)}{end}.parquet" for end in ends)


def write_probed(probed: Probed, model: str, seed: int, root: Path) -> None:
    """Write the five tables of one run, each with its audit."""
    audits: tuple[Any, ...] = (probed.audit, [], {"words": probed.words, "tests": probed.tests}, [], probed.left_out)
    for path, name, audit in zip(probed_paths(model, seed), ASKED, audits, strict=True):
        table = pa.Table.from_pandas(getattr(probed, name), preserve_index=False)
        table = table.replace_schema_metadata({AUDIT_KEY: json.dumps(audit)})
        with table_writer(root / path, table.schema) as writer:
            writer.write_table(table)


def read_probed(model: str, seed: int, root: Path) -> Probed:
    """Read the five tables of one run; ValueError names the stage that makes a missing one."""
    stage = f"probe@{run_name(model, seed)}"
    tables = [pq.read_table(require_path(root / path, stage)) for path in probed_paths(model, seed)]
    audit, _, told, _, left_out = (json.loads(table.schema.metadata[AUDIT_KEY]) for table in tables)
    frames = {name: table.to_pandas() for name, table in zip(ASKED, tables, strict=True)}
    audits = {"audit": audit, "words": told["words"], "tests": told["tests"]}
    return Probed(**frames, **audits, left_out=[LeftOut(*each) for each in left_out])
