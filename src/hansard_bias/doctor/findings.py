"""What the doctor finds: one line a question."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How much a finding matters."""

    GOOD = "ok"
    NOTE = "note"
    """Works, but slower or otherwise than elsewhere."""
    BAD = "bad"
    """Something will fail until it is mended."""


@dataclass(frozen=True)
class Finding:
    """The answer to one question, with the remedy where one is needed."""

    verdict: Verdict
    about: str
    text: str


def good(about: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.GOOD, about, text)


def note(about: str, text: str) -> Finding:
    """Worth knowing."""
    return Finding(Verdict.NOTE, about, text)


def bad(about: str, text: str) -> Finding:
    """To be mended."""
    return Finding(Verdict.BAD, about, text)
