"""A training beside others: the sample's model alone, and beside two processes that use both cores.

    python benchmarks/busy.py [--seconds 15]

Each way in a process of its own, with the spinning of OpenMP's threads bounded as every command bounds it
(GOMP_SPINCOUNT=1000), and as GCC has it (300,000 turns). Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMPUTES = "import numpy as np; a = np.random.rand(500, 500)\nwhile True: a @ a"
MEASURES = """
import sys
from hansard_bias.operations.doctor import TEXTS, tokens_per_second
from hansard_bias.operations.presets import preset_config
print(tokens_per_second(preset_config("sample"), TEXTS["sample"].tokens_per_speech, float(sys.argv[1])))
"""


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many processes that compute, each on one core."""
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    running = [subprocess.Popen([sys.executable, "-c", COMPUTES], env=alone) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def rate(seconds: float, spins: int) -> float:
    """Tokens per second of the sample's training in a process of its own."""
    command = [sys.executable, "-c", MEASURES, str(seconds)]
    done = subprocess.run(command, env=os.environ | {"GOMP_SPINCOUNT": str(spins)}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="measured for at least so long")
    seconds = parser.parse_args().seconds
    print(
        "| spinning of waiting threads | alone, tokens/s | beside two processes | share of alone |\n|---|---|---|---|"
    )
    for spins, words in ((1000, "1,000 turns (ours)"), (300_000, "300,000 turns (GCC's)")):
        alone = rate(seconds, spins)
        with others(2):
            beside = rate(seconds, spins)
        print(f"| {words} | {alone:,.0f} | {beside:,.0f} | {beside / alone:.0%} |", flush=True)


if __name__ == "__main__":
    main()
