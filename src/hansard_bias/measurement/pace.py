"""A line now and then that tells how far a long measurement is."""

from __future__ import annotations

import time
from collections.abc import Callable

LINE_SECONDS = 30.0
"""Between two lines."""


class Pace:
    """Follows work of `total` equal pieces; `say` gets "scored 3 of 9 parts, about 2 min left"."""

    def __init__(self, verb: str, total: int, unit: str, say: Callable[[str], None]) -> None:
        self.verb, self.total, self.unit, self.say = verb, total, unit, say
        self.began = self.told = time.monotonic()

    def reached(self, count: int) -> None:
        """So many pieces are done; says so where the last line is long ago and something is left."""
        now = time.monotonic()
        if count < self.total and now - self.told >= LINE_SECONDS:
            minutes = max(1, round((now - self.began) / count * (self.total - count) / 60))
            self.say(f"{self.verb} {count:,} of {self.total:,} {self.unit}, about {minutes} min left")
            self.told = now
