"""Archives of any size in the two real formats, for the benchmarks: made-up words with the shape of debates.

    python benchmarks/archives.py FOLDER [--scale 1.0]

At scale 1: 687 sittings, 2.6 million lines and 17 million words of the NRC's Nunavut corpus in a `.tgz`, and 2,000
sittings, 615,000 rows and 105 million words of LiPaD in a `.tar.bz2`. The words follow Zipf's law; every tenth speech
is a formula, one in fifty repeats an earlier one, one in a hundred with some words exchanged.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

VOCABULARY = 60_000
LINES, SITTINGS = 2_585_641, 687
ROWS, DAYS, ROW_WORDS = 615_565, 2_000, 171
FIRST, LAST = datetime.date(1999, 4, 1), datetime.date(2017, 6, 8)
COLUMNS = (
    *("basepk", "hid", "speechdate", "pid", "opid", "speakeroldname", "speakerposition", "maintopic", "subtopic"),
    *("subsubtopic", "speechtext", "speakerparty", "speakerriding", "speakername", "speakerurl"),
)
SYLLABLES = [first + vowel for first in "bcdfghjklmnprstvw" for vowel in ("a", "e", "i", "o", "u", "ai", "ou", "er")]
FUNCTION = (
    *("the", "of", "to", "and", "a", "in", "that", "is", "for", "it", "we", "this", "have"),
    *("be", "on", "are", "our", "with", "as", "not", "by", "at", "they", "will", "from"),
)
SPECIAL = ("don't", "members'", "$1,250,000", "1999-2000", "(so-called)", '"quoted"', "well-being", "Canada's", "10%")
FORMULAS = ["Agreed.", "Thank you, Mr. Speaker.", "Mr. Speaker, I rise on a point of order.", "Hear, hear!"]


class Writer:
    """Speeches of made-up words."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        made = ("".join(self.rng.choice(SYLLABLES, self.rng.integers(2, 5))) for _ in range(VOCABULARY))
        self.words = np.array([*FUNCTION, *SPECIAL, *made], dtype=object)
        weights = 1.0 / np.arange(8, len(self.words) + 8)
        self.chances = np.cumsum(weights / weights.sum())
        self.earlier: list[str] = []

    def speech(self, words: int) -> str:
        """One speech of about so many words; some are formulas, some (nearly) repeat an earlier one."""
        draw = self.rng.random()
        if draw < 0.1:
            return FORMULAS[int(draw * 400) % len(FORMULAS)]
        if draw < 0.13 and self.earlier:
            text = self.earlier[int(self.rng.integers(len(self.earlier)))]
            return text if draw < 0.12 else text.replace(" the ", " this ", 1)
        text = " ".join(self.sentences(int(self.rng.exponential(words * 1.1)) + 5))
        if len(self.earlier) < 2_000:
            self.earlier.append(text)
        return text

    def sentences(self, words: int) -> Iterator[str]:
        """Sentences with so many words in all."""
        drawn = self.words[np.searchsorted(self.chances, self.rng.random(words))].tolist()
        lengths = self.rng.integers(5, 36, words // 5 + 1).tolist()
        start = 0
        for length in lengths:
            part = drawn[start : start + length]
            if not part:
                return
            if length > 12:
                part[length // 2 - 1 : length // 2] = [part[min(length // 2 - 1, len(part) - 1)] + ","]
            yield " ".join(part).capitalize() + (".", ".", "?", ".")[length % 4]
            start += length


def days(count: int) -> list[datetime.date]:
    """So many days, evenly spread."""
    span = (LAST - FIRST).days
    return sorted({FIRST + datetime.timedelta(days=round(place * span / max(count - 1, 1))) for place in range(count)})


def names(writer: Writer, count: int) -> list[str]:
    """People."""
    return [" ".join(word.capitalize() for word in writer.words[-2 * at - 2 : -2 * at or None]) for at in range(count)]


def write_nrc(folder: Path, scale: float, seed: int = 1) -> Path:
    """The Nunavut corpus: `.en` and `.id` in a `.tgz`, lower-cased and tokenised."""
    writer = Writer(seed)
    people = names(writer, 20)
    sittings = days(max(round(SITTINGS * scale), 12))
    lines_a_day = round(LINES * scale / len(sittings))
    text, ids = io.StringIO(), io.StringIO()
    for day in sittings:
        for number, line in enumerate(_sitting(writer, day, people, lines_a_day), start=1):
            text.write(line + "\n")
            ids.write(f"Hansard_{day:%Y%m%d}\t{number}\n")
    path = folder / "Nunavut-Hansard.tgz"
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        for name, content in (("NunavutHansard.en", text), ("NunavutHansard.id", ids)):
            _add(archive, name, content.getvalue().encode())
    return path


def _sitting(writer: Writer, day: datetime.date, people: list[str], count: int) -> Iterator[str]:
    """The lines of one issue: cover, headings, turns in several lines, blank lines, interruptions."""
    cover = ["nunavut canada", "legislative assembly of nunavut", "hansard", f"{day:%A , %B} {day.day} , {day.year}"]
    cover += [f"{name} ( {name} )".lower() for name in people] + ["officers", "clerk", "someone else", "prayer 1"]
    yield from cover
    yield "> > house commenced at 13 : 30"
    left = count - len(cover) - 2
    while left > 0:
        lines = list(_debate(writer, people))[:left]
        yield from lines
        left -= len(lines)
    yield "> > house adjourned at 17 : 05"


def _debate(writer: Writer, people: list[str]) -> Iterator[str]:
    number = int(writer.rng.integers(1, 900))
    yield from ("", f"item {number % 22 + 1} : oral questions", f"question {number} - 2 ( 3 ) : housing")
    for name in writer.rng.choice(people, 6).tolist():
        text = writer.speech(72).lower().replace(",", " ,").replace(".", " .").replace("?", " ?").replace("'", " '")
        first, *rest = _wrapped(text)
        yield f"mr. {name.lower()} : {first}"
        yield from rest
        yield ">>applause" if number % 11 == 0 else ""


def _wrapped(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + 9]) for at in range(0, len(words), 9)]


def write_lipad(folder: Path, scale: float, seed: int = 2) -> Path:
    """LiPaD: one CSV file a day with all 15 columns, in a `.tar.bz2`."""
    writer = Writer(seed)
    people = names(writer, 300)
    sittings = days(max(round(DAYS * scale), 12))
    rows_a_day = round(ROWS * scale / len(sittings))
    path = folder / "lipad.tar.bz2"
    with tarfile.open(path, "w:bz2", compresslevel=1) as archive:
        for day in sittings:
            stream = io.StringIO(newline="")
            table = csv.writer(stream)
            table.writerow(COLUMNS)
            table.writerows(_row(writer, day, people, at) for at in range(rows_a_day))
            name = f"lipad/{day.year}/{day.month}/{day.year}-{day.month}-{day.day}.csv"
            _add(archive, name, stream.getvalue().encode())
    return path


def _row(writer: Writer, day: datetime.date, people: list[str], at: int) -> tuple[object, ...]:
    name = people[int(writer.rng.integers(len(people)))]
    position = "stagedirection" if at % 60 == 59 else "intervention" if at % 45 == 44 else ""
    text = writer.speech(round(ROW_WORDS * 1.03)).replace(". ", ".\n ")
    head = (at, f"ca.proc.d.{day}.{at}", day.isoformat(), f"{at:08d}-0000", "NA", f"Mr. {name}", position)
    return (*head, "Government Orders", "Supply", "", text, "Independent", name, name, "")


def _add(archive: tarfile.TarFile, name: str, raw: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(raw)
    archive.addfile(member, io.BytesIO(raw))


def main() -> None:
    """Write both archives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for write in (write_nrc, write_lipad):
        path = write(options.folder, options.scale)
        print(f"{path}: {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
