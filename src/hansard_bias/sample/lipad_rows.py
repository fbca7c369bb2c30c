"""One sitting as rows of LiPaD's daily CSV files: speeches, interventions, stage directions and broken rows."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from random import Random

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.legislature import FORMULAS, Person, Sitting, Speech

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
BREAKS = ("bad date", "empty text", "missing columns")

Row = dict[str, str]


class SittingRows:
    """Writes the rows of one sitting."""

    def __init__(self, sitting: Sitting, rng: Random) -> None:
        self.sitting = sitting
        self.rng = rng
        self._keys = itertools.count(1000 * sitting.number)
        self._rows = itertools.count()

    def rows(self, speeches: Sequence[Speech]) -> Iterator[list[str]]:
        """The day's rows in order, without the header; every day holds one broken row."""
        broken_after = self.rng.randrange(len(speeches))
        for index, speech in enumerate(speeches):
            yield list(self._speech(speech).values())
            yield from (list(row.values()) for row in self._between(speech))
            if index == broken_after:
                yield self._broken(speech)

    def _row(self, topic: Speech, text: str, position: str, person: Person | None = None) -> Row:
        row = dict.fromkeys(COLUMNS, "")
        day = self.sitting.date.isoformat()
        row |= {
            "basepk": str(next(self._keys)),
            "hid": f"ca.proc.d.{day}.{self.sitting.number}.{next(self._rows)}",
            "speechdate": day,
            "speakerposition": position,
            "maintopic": BUSINESS[topic.business],
            "subtopic": topic.heading,
            "subsubtopic": MISSING if self.rng.random() < 0.05 else "",
            "speechtext": text,
        }
        if person is not None:
            # By name, as the same person has the same id in all years.
            number = stable_hash("member", person.name)
            row |= {
                "pid": str(uuid.UUID(int=number << 64 | number)),
                "opid": str(number % 20_000),
                "speakerparty": person.party,
                "speakerriding": MISSING if self.rng.random() < 0.02 else person.riding,
                "speakername": person.name,
            }
        return row

    def _speech(self, speech: Speech) -> Row:
        interjected = speech.role == "member" and self.rng.random() < 0.12
        text = self._broken_into_lines(speech.sentences)
        row = self._row(speech, text, "Interjection" if interjected else "", speech.person)
        row["speakeroldname"] = speech.person.titled if interjected else self._title(speech)
        return row

    def _broken_into_lines(self, sentences: Sequence[str]) -> str:
        """Paragraphs begin on a new line with a blank, as in the original."""
        text = sentences[0]
        for sentence in sentences[1:]:
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

    def _between(self, speech: Speech) -> Iterator[Row]:
        if self.rng.random() < 0.05:
            row = self._row(speech, " " + self.rng.choice(INTERVENTIONS), "intervention")
            yield row | {"speakername": "Some hon. members"}
        if self.rng.random() < 0.04:
            yield self._row(speech, self.rng.choice(STAGE_DIRECTIONS), "stagedirection")
        if self.rng.random() < 0.06:
            row = self._row(speech, self.rng.choice(FORMULAS), "", self.sitting.roster.chair)
            yield row | {"speakeroldname": "The Speaker"}

    def _broken(self, speech: Speech) -> list[str]:
        """A row that a reader must count and set aside: the kinds take turns from day to day."""
        kind = BREAKS[self.sitting.number % len(BREAKS)]
        row = self._row(speech, speech.text, "", speech.person)
        if kind == "bad date":
            row["speechdate"] = f"{self.sitting.date.year}-13-45"
        elif kind == "empty text":
            row["speechtext"] = ""
        cells = list(row.values())
        return cells[:9] if kind == "missing columns" else cells
