"""Tasks for other processes, which import them by name; apart from the rest, so that no torch is loaded for them."""

from __future__ import annotations

import os
import time


def slow_square(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (number % 3 == 0))
    return number * number, os.getpid()


def fail_at_three(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number
