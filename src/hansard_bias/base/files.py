"""Where the pipeline keeps what, relative to the project's root; and writing without half-written files."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

# Whoever only asks for a path or a digest does not wait for numpy, which pyarrow loads.
if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

# Each once: dvc.yaml names the same, and no other module spells them.
SAMPLE = Path("data/raw/sample")
SPEECHES = Path("data/speeches")
ALIGNED = Path("data/aligned")
ENCODED = Path("data/encoded")
COMPANION = Path("data/companion")
YARDSTICKS = COMPANION / "yardsticks"
HALVINGS = Path("data/halvings.json")
SECTIONS = Path("data/sections")
TRAINING_SECTION = SECTIONS / "training.json"
MODEL_SECTIONS = SECTIONS / "models"
SCORES = Path("data/scores")
LIKELIHOODS = Path("data/likelihoods")
PROBED = Path("data/probed")
TOKENIZER = Path("models/tokenizer")
MODELS = Path("models")
METRICS = Path("metrics")
CALIBRATION = Path("data/calibration")
MIXTURES = ALIGNED / "mixtures.parquet"
CHECKED = Path("data/params.checked")
# Digests of the files of `model.init`, and of those under `probe`: DVC sees through them that one of these changed.
INITIAL = Path("data/initial.json")
PROBE_FILES = Path("data/probe_files.json")


def run_name(model: str, seed: int) -> str:
    """The name of one training run in files and stages: `mixed-2`."""
    return f"{model}-{seed}"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A path to write to; on success it becomes `path`, otherwise it is gone and what was at `path` stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder: a file replaces another in one step only on one disk.
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write to, which replaces `folder` on success; what was at `folder` is never written into."""
    # DVC links its cache's files into the workspace: writing into one is refused, or, by root, damages the cache.
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        # A folder that is not empty cannot be replaced in one step.
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON that a person can read and git can compare, with DIGITS significant digits of its numbers."""
    with atomic_write(path) as partial:
        partial.write_text(json_text(content), encoding="utf-8")


def json_text(content: object) -> str:
    """What `write_json` writes."""
    # NaN is no JSON: a number that is missing must be null.
    return json.dumps(_rounded(content), indent=2, allow_nan=False) + "\n"


# Results are the same bits on every machine of a kind: linear algebra differs in the 13th significant digit.
DIGITS = 12


def _rounded(content: object) -> object:
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    return float(f"{content:.{DIGITS}g}") if isinstance(content, float) else content


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def md5(path: Path) -> str:
    """MD5 of a file, in hexadecimal, as DVC has it."""
    with path.open("rb") as handle:
        # To find damage, not attacks: systems that refuse MD5 for security let it be.
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def require_path(path: Path, stage: str) -> Path:
    """The path itself, or a ValueError that names the stage that makes it."""
    if not path.exists():
        raise ValueError(f"{path}: no such file; run `dvc repro {stage}` first")
    return path


# Tables and long lists of numbers, whole or in batches.

COMPRESSION: Final = "zstd"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file."""
    with atomic_write(path) as partial:
        table.to_parquet(partial, index=False, compression=COMPRESSION)


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A Parquet file to be written in batches, each a row group."""
    import pyarrow.parquet as pq

    with atomic_write(path) as partial, pq.ParquetWriter(partial, schema, compression=COMPRESSION) as writer:
        yield writer


# The signs themselves, their full-width forms, and what a spreadsheet skips before them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# A semicolon or tab begins a new cell in a spreadsheet of another country, quotes or not.
_AFTER_SEPARATOR = re.compile(r"(?!\A\t)([;\t]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def harmless(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    # The csv module of Python 3.11 leaves a carriage return without quotes, which would begin a line.
    safe = _AFTER_SEPARATOR.sub(r"\1'", value.replace("\r", " "))
    return f"'{safe}" if safe.lstrip(' "').startswith(FORMULA_STARTS) else safe


def write_records(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """One line a record; numbers with six significant digits, nothing for None."""
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(record[column]) for column in columns] for record in records)


def _cell(value: object) -> object:
    # Six digits are more than any of these numbers has to say, and keep the files small.
    return f"{value:.6g}" if isinstance(value, float) else harmless(value)


# Whether results can be written, asked before hours of work go into them.


def unwritable(folders: Iterable[Path]) -> list[str]:
    """One line for every folder that is there and that this user cannot write to."""
    return [
        f"{folder}: cannot be written to, expected a folder that you may change; "
        f"try `chmod u+w {folder}`, or work in a copy of the project on a disk that is not read-only"
        for folder in folders
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK)
    ]


def require_writable(folders: Iterable[Path]) -> None:
    """Raise ValueError for the first folder that cannot be written to."""
    for problem in unwritable(folders):
        raise ValueError(problem)


def with_folders_below(folder: Path) -> list[Path]:
    """The folder and those directly in it."""
    return [folder, *(path for path in sorted(folder.glob("*")) if path.is_dir())]
