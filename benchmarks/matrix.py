"""All statistics of the matrix on a study of the full size: 90,000 test speeches, 3 models, 5 seeds, 2,000 draws.

python benchmarks/matrix.py
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.study import measure_slice
from hansard_bias.statistics.words import word_gaps

ROWS = ("A_north", "B_south", "C_mixed")
SITTINGS = {"north": 110, "south": 330}
SLICES, WORDS = 100, 3000


def speeches(count: int, sittings: int, seeds: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Nats [models, seeds, speeches], tokens, bytes and days of made-up speeches."""
    tokens = np.ceil(rng.lognormal(4, 1, size=count))
    level = 4 + rng.normal(0, 0.1, size=(len(ROWS), seeds, 1)) + rng.normal(0, 0.5, size=count)
    days = np.array([f"2000-{day:04d}" for day in range(sittings)])[rng.integers(0, sittings, size=count)]
    return level * tokens, tokens, tokens * 4.2, days


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("speeches", 90_000), ("seeds", 5), ("draws", 2000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    rng = np.random.default_rng(5)
    shares = {"north": 0.25, "south": 0.75}
    made = {
        corpus: speeches(round(arguments.speeches * share), SITTINGS[corpus], arguments.seeds, rng)
        for corpus, share in shares.items()
    }
    design = Design(
        models=ROWS,
        columns={"north": {"north": 1.0}, "south": {"south": 1.0}, "mixed": {"north": 0.5, "south": 0.5}},
        own={"north": "A_north", "south": "B_south"},
        mixtures={"C_mixed": {"north": 0.5, "south": 0.5}},
        draws=arguments.draws,
        confidence=0.95,
        seed=1,
    )
    print("| step | seconds | peak memory |\n|---|---|---|")
    clock = Clock()
    sums = {corpus: CorpusSums.of_speeches(*each) for corpus, each in made.items()}
    clock.show(f"{arguments.speeches:,} speeches summed by sitting")
    measure(sums, design)
    clock.show("the matrix with all intervals and tests")
    nats, tokens, bytes_, days = made["south"]
    speaker = rng.integers(0, SLICES, size=len(tokens))
    for number in range(SLICES):
        chosen = speaker == number
        part = CorpusSums.of_speeches(nats[:, :, chosen], tokens[chosen], bytes_[chosen], days[chosen])
        measure_slice(part, "south", design, 5)
    clock.show(f"{SLICES} slices")
    counts = rng.poisson(1.5, size=(WORDS, SITTINGS["south"])).astype(float)
    gaps = rng.normal(0.1, 1, size=(WORDS, arguments.seeds, SITTINGS["south"])) * counts[:, None]
    word_gaps(gaps, counts, arguments.draws, 0.95, 1, 5)
    clock.show(f"{WORDS:,} words of one pair of models")


class Clock:
    """Seconds since the last step, and the process's peak memory."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def show(self, step: str) -> None:
        """Print one step as a line of the table."""
        now = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"| {step} | {now - self._since:.1f} s | {peak:.2f} GB |", flush=True)
        self._since = time.perf_counter()


if __name__ == "__main__":
    main()
