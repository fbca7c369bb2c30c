"""Writes a sample in the real archives' formats: the NRC's `.en` and `.id` in a `.tgz`, LiPaD's daily CSV files."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from hansard_bias.base.files import write_json
from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import GROUPS, Association, associations, canonical, log_odds
from hansard_bias.sample.legislature import Sample, Sitting, Speech, with_duplicates
from hansard_bias.sample.lexicon import LEGISLATURES, load
from hansard_bias.sample.lipad_rows import COLUMNS, SittingRows
from hansard_bias.sample.nrc_lines import SittingPrinter

NRC_FOLDER = "Nunavut-Hansard-Generated-Sample-1.0"
TRUTH = "planted.json"


def write_sample(sample: Sample, folder: Path, seed: int) -> None:
    """Write both archives and planted.json; `seed` sets the noise. The same arguments give the same bytes.

    Raises ValueError where the folder already holds files that are not a generated sample.
    """
    _remove_earlier_sample(folder)
    _write_nrc(sample, folder / "nunavut", seed)
    _write_lipad(sample, folder / "canada", seed)
    write_json(folder / TRUTH, planted_truth(associations(load("associations")), sample))


def planted_truth(frames: Sequence[Association], sample: Sample) -> dict[str, Any]:
    """The content of planted.json: the probabilities that were set and what was drawn from them.

    `log_odds` is that of the northern group; the truth of a mixture is that of the occurrences-weighted mean of p.
    """
    drawn = {name: Counter((each.frame, each.group) for each in sample.fillings(name)) for name in LEGISLATURES}
    records = [
        {
            "id": frame.id,
            "topic": frame.topic,
            "prompts": [canonical(carrier) for carrier in frame.carriers],
            "groups": {group: list(frame.shares[group]) for group in GROUPS},
            "probability_northern": frame.probability,
            "log_odds": {name: log_odds(p) for name, p in frame.probability.items()},
            "word_shares": frame.shares,
            "occurrences": {name: sum(counts[frame.id, group] for group in GROUPS) for name, counts in drawn.items()},
            "occurrences_northern": {name: counts[frame.id, GROUPS[0]] for name, counts in drawn.items()},
        }
        for frame in frames
    ]
    return {"seed": sample.seed, "associations": records}


def _remove_earlier_sample(folder: Path) -> None:
    """Days of an earlier sample must not be read with those of this one; anybody else's files are left alone."""
    stale = [*folder.glob("nunavut/*.tgz"), *folder.glob("canada/*/*/*.csv")]
    if stale and not (folder / TRUTH).is_file():
        raise ValueError(
            f"{folder}: holds {stale[0].name} but no {TRUTH}; expected an empty folder or an earlier sample"
        )
    for path in stale:
        path.unlink()


def _printed(sample: Sample, legislature: str, seed: int) -> Iterator[tuple[Sitting, list[Speech], Random]]:
    """Every sitting with its speeches as printed, duplicates among them, and the generator for its other noise."""
    earlier: list[Speech] = []
    for sitting in sample.sittings[legislature]:
        # A generator of its own: other noise leaves the speeches as they are.
        rng = Random(stable_hash(seed, legislature, sitting.date, "dirt"))
        yield sitting, with_duplicates(sitting.speeches, earlier, rng), rng
        earlier += sitting.speeches


def _write_nrc(sample: Sample, folder: Path, seed: int) -> None:
    """One text line of `.en` for each line of `.id`: the sitting and the line's number within it."""
    text, ids = io.StringIO(), io.StringIO()
    for sitting, speeches, rng in _printed(sample, "nunavut", seed):
        for number, line in enumerate(SittingPrinter(sitting, rng).lines(speeches), start=1):
            text.write(f"{line}\n")
            ids.write(f"Hansard_{sitting.date:%Y%m%d}\t{number}\n")
    folder.mkdir(parents=True, exist_ok=True)
    files = {"NunavutHansard.en": text.getvalue(), "NunavutHansard.id": ids.getvalue()}
    (folder / f"{NRC_FOLDER}.tgz").write_bytes(_archive(files))


def _archive(files: dict[str, str]) -> bytes:
    """A .tgz whose bytes depend on its content alone: no times, no owners."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files.items():
            raw = content.encode("utf-8")
            member = tarfile.TarInfo(f"{NRC_FOLDER}/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return buffer.getvalue()


def _write_lipad(sample: Sample, folder: Path, seed: int) -> None:
    for sitting, speeches, rng in _printed(sample, "canada", seed):
        day = sitting.date
        # LiPaD writes months and days without a leading zero.
        path = folder / str(day.year) / str(day.month) / f"{day.year}-{day.month}-{day.day}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows(SittingRows(sitting, rng).rows(speeches))
