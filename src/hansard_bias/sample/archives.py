"""Writes a sample in the real archives' formats: the NRC's `.en` and `.id` in a `.tgz`, LiPaD's daily CSV files."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import tarfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from hansard_bias.base.files import write_json
from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import GROUPS, LEGISLATURES, associations, canonical, log_odds
from hansard_bias.sample.legislature import FORMULAS, Person, Sample, Sitting, Speech, with_duplicates
from hansard_bias.sample.nrc_lines import SittingPrinter

NRC_FOLDER = "Nunavut-Hansard-Generated-Sample-1.0"
TRUTH = "planted.json"
COLUMNS = (
    *("basepk", "hid", "speechdate", "pid", "opid", "speakeroldname", "speakerposition"),
    *("maintopic", "subtopic", "subsubtopic", "speechtext"),
    *("speakerparty", "speakerriding", "speakername", "speakerurl"),
)
BUSINESS = {
    "statement": "Statements By Members",
    "visitors": "Routine Proceedings",
    "question": "Oral Questions",
    "debate": "Government Orders",
}
STAGE_DIRECTIONS = (
    "[Translation]",
    "(The vote was taken, and the motion was lost on a count of 61 to 88)",
    "The House went on with the debate on second reading of the bill.",
    "(Papers laid upon the table)",
)
INTERVENTIONS = ("Hear, hear!", "Oh, oh!", "Agreed.", "Agreed.\n No.", "Nay.")
MISSING = "NA"
# Of rows that no reader can use.
BREAKS = ("bad date", "empty text", "missing columns")


def write_sample(sample: Sample, folder: Path, seed: int) -> None:
    """Write both archives and planted.json; `seed` sets the noise. The same arguments give the same bytes.

    Raises ValueError where the folder already holds files that are not a generated sample.
    """
    # Days of an earlier sample must not be read with those of this one; anybody else's files are left alone.
    stale = [*folder.glob("nunavut/*.tgz"), *folder.glob("canada/*/*/*.csv")]
    if stale and not (folder / TRUTH).is_file():
        holds = f"holds {stale[0].name} but no {TRUTH}"
        raise ValueError(f"{folder}: {holds}; expected an empty folder or an earlier sample")
    for path in stale:
        path.unlink()
    _write_nrc(sample, folder / "nunavut", seed)
    _write_lipad(sample, folder / "canada", seed)
    write_json(folder / TRUTH, planted_truth(sample))


def planted_truth(sample: Sample) -> dict[str, Any]:
    """The content of planted.json: the probabilities that were set and what was drawn from them.

    `log_odds` is that of the northern group; the truth of a mixture is that of the occurrences-weighted mean of p.
    """
    # Of the speeches, not of the archives: a repeated speech is one that a reader must drop.
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
        for frame in associations()
    ]
    return {"seed": sample.seed, "associations": records}


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
    text, ids = [], []
    for sitting, speeches, rng in _printed(sample, "nunavut", seed):
        for number, line in enumerate(SittingPrinter(sitting, rng).lines(speeches), start=1):
            text.append(f"{line}\n")
            ids.append(f"Hansard_{sitting.date:%Y%m%d}\t{number}\n")
    folder.mkdir(parents=True, exist_ok=True)
    # Neither times nor owners nor the file's name: the bytes depend on the content alone.
    with (
        (folder / f"{NRC_FOLDER}.tgz").open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, lines in (("NunavutHansard.en", text), ("NunavutHansard.id", ids)):
            content = "".join(lines).encode()
            member = tarfile.TarInfo(f"{NRC_FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _write_lipad(sample: Sample, folder: Path, seed: int) -> None:
    for sitting, speeches, rng in _printed(sample, "canada", seed):
        day = sitting.date
        # LiPaD writes months and days without a leading zero.
        path = folder / str(day.year) / str(day.month) / f"{day.year}-{day.month}-{day.day}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, *SittingRows(sitting, rng).rows(speeches)])


class SittingRows:
    """One sitting as rows of LiPaD's daily CSV files: speeches, interventions, stage directions and broken rows."""

    def __init__(self, sitting: Sitting, rng: Random) -> None:
        self.sitting, self.rng = sitting, rng
        # No day has a thousand rows, so that no key occurs twice.
        self._keys, self._rows = itertools.count(1000 * sitting.number), itertools.count()

    def rows(self, speeches: Sequence[Speech]) -> Iterator[list[str]]:
        """The day's rows in order, without the header; every day holds one broken row."""
        broken_after = self.rng.randrange(len(speeches))
        for index, speech in enumerate(speeches):
            yield list(self._speech(speech).values())
            yield from (list(row.values()) for row in self._between(speech))
            if index == broken_after:
                yield self._broken(speech)

    def _row(self, topic: Speech, text: str, position: str, person: Person | None = None) -> dict[str, str]:
        day, pid, opid, party, riding, name = self.sitting.date.isoformat(), "", "", "", "", ""
        hid = f"ca.proc.d.{day}.{self.sitting.number}.{next(self._rows)}"
        subsubtopic = MISSING if self.rng.random() < 0.05 else ""
        if person is not None:
            party, name = person.party, person.name
            # By name, as the same person has the same id in all years.
            number = stable_hash("member", name)
            pid, opid = str(uuid.UUID(int=number << 64 | number)), str(number % 20_000)
            riding = MISSING if self.rng.random() < 0.02 else person.riding
        subject = (BUSINESS[topic.business], topic.heading, subsubtopic, text)
        cells = (str(next(self._keys)), hid, day, pid, opid, "", position, *subject, party, riding, name, "")
        return dict(zip(COLUMNS, cells, strict=True))

    def _speech(self, speech: Speech) -> dict[str, str]:
        interjected = speech.role == "member" and self.rng.random() < 0.12
        text = self._broken_into_lines(speech.sentences)
        row = self._row(speech, text, "Interjection" if interjected else "", speech.person)
        # After the row, whose draws come first.
        row["speakeroldname"] = speech.person.titled if interjected else self._title(speech)
        return row

    def _broken_into_lines(self, sentences: Sequence[str]) -> str:
        text = sentences[0]
        for sentence in sentences[1:]:
            # Paragraphs begin on a new line with a blank, as in the original.
            text += ("\n " if self.rng.random() < 0.4 else " ") + sentence
        return text if self.rng.random() < 0.5 else " " + text

    def _title(self, speech: Speech) -> str:
        person = speech.person
        if speech.role == "chair":
            return self.rng.choice(("The Speaker", "The Deputy Speaker", f"The Acting Speaker ({person.called})"))
        initials = "".join(word[0] for word in person.party.split())
        if speech.role == "minister":
            return f"Hon. {person.name} (Minister of {person.portfolio}, {initials})"
        return f"{person.titled} ({person.riding}, {initials})"

    def _between(self, speech: Speech) -> Iterator[dict[str, str]]:
        """What a reader must not take for a member's speech: calls from the benches, stage directions, formulas."""
        if self.rng.random() < 0.05:
            row = self._row(speech, " " + self.rng.choice(INTERVENTIONS), "intervention")
            yield row | {"speakername": "Some hon. members"}
        if self.rng.random() < 0.04:
            yield self._row(speech, self.rng.choice(STAGE_DIRECTIONS), "stagedirection")
        if self.rng.random() < 0.06:
            row = self._row(speech, self.rng.choice(FORMULAS), "", self.sitting.roster.chair)
            yield row | {"speakeroldname": "The Speaker"}

    def _broken(self, speech: Speech) -> list[str]:
        """A row that a reader must count and set aside."""
        # The kinds take turns from day to day, so that even a small sample has all of them.
        kind = BREAKS[self.sitting.number % len(BREAKS)]
        row = self._row(speech, speech.text, "", speech.person)
        if kind == "bad date":
            row["speechdate"] = f"{self.sitting.date.year}-13-45"
        elif kind == "empty text":
            row["speechtext"] = ""
        cells = list(row.values())
        return cells[:9] if kind == "missing columns" else cells
