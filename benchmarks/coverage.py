"""Do the 95 % intervals hold the truth, and do the tests reject true nulls at 5 %? Studies with known effects.

python benchmarks/coverage.py

Every study has two corpora whose speeches cluster in sittings of unequal size, two single models and a mixture, and
several training runs of each. Random are: the difficulty of a sitting (common to all models), how it suits a model, the
luck of a run, how a sitting suits a run, and each speech. The numbers come from `measure` itself.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.preferences import compare_models

ROWS = ("A_north", "B_south", "C_mixed")
# B reads the north as well as A does, and C pays 0.4 nats everywhere: two true nulls.
LEVELS = {"north": (3.0, 3.0, 3.4), "south": (4.0, 3.8, 4.2)}
TRUTHS = {"perplexity": math.exp(3), "excess": 0.0, "tilt": 0.0, "bias ratio": math.exp(0.8)}
SPEECHES = 8
PREFERENCE = "preference"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scenario:
    """One kind of study: its size, and standard deviations in nats per token."""

    seeds: int
    sittings: int
    run: float
    """Luck of a run."""
    suits: float = 0.1
    """How a sitting suits a model."""
    both: float = 0.03
    """How a sitting suits a run."""


SCENARIOS = (
    *(Scenario(1, sittings, 0.0) for sittings in (12, 40, 100)),
    *(Scenario(seeds, sittings, 0.02) for seeds in (2, 3, 5) for sittings in (12, 40)),
    Scenario(3, 40, 0.0),
    Scenario(3, 40, 0.005),
    Scenario(3, 40, 0.1),
    Scenario(5, 40, 0.0),
    Scenario(5, 40, 0.1),
    Scenario(5, 12, 0.02, suits=0.02, both=0.1),
    Scenario(5, 300, 0.02),
)


def simulate(scenario: Scenario, rng: np.random.Generator) -> dict[str, CorpusSums]:
    """The sums of one study."""
    sums = {}
    run = rng.normal(0, scenario.run, size=(len(ROWS), scenario.seeds, 1))
    for corpus, means in LEVELS.items():
        count = rng.poisson(SPEECHES, size=scenario.sittings) + 1
        sitting = np.repeat(np.arange(scenario.sittings), count)
        tokens = rng.lognormal(4, 0.8, size=len(sitting))
        shape = (len(ROWS), scenario.seeds, scenario.sittings)
        days = rng.normal(0, 0.3, size=shape[2]) + rng.normal(0, scenario.suits, size=(shape[0], 1, shape[2]))
        level = np.array(means)[:, None, None] + run + days + rng.normal(0, scenario.both, size=shape)
        speeches = rng.normal(0, 0.3, size=len(sitting)) + rng.normal(0, 0.1, size=(*shape[:2], len(sitting)))
        starts = np.cumsum(count) - count
        nats = np.add.reduceat((level[:, :, sitting] + speeches) * tokens, starts, axis=2)
        total = np.add.reduceat(tokens, starts)
        names = tuple(f"{index:04d}" for index in range(scenario.sittings))
        sums[corpus] = CorpusSums(nats, total, total * rng.uniform(3.8, 4.4, size=len(total)), names)
    return sums


def study(task: tuple[Scenario, int, int]) -> tuple[list[bool], list[bool]]:
    """Which intervals hold the truth, and which tests reject; of one study."""
    scenario, seed, draws = task
    rng = np.random.default_rng([1999, seed])
    own, mixture = {"north": ROWS[0], "south": ROWS[1]}, {ROWS[2]: {"north": 0.5, "south": 0.5}}
    columns = {corpus: {corpus: 1.0} for corpus in LEVELS}
    found = measure(simulate(scenario, rng), Design(ROWS, columns, own, mixture, draws, CONFIDENCE, seed))
    south, mixed = found.models["B_south"], found.models["C_mixed"]
    intervals = south.perplexity["on_north"], south.excess_nats["on_north"], mixed.tilt, mixed.bias_ratio
    covered = [each.low <= truth <= each.high for each, truth in zip(intervals, TRUTHS.values(), strict=True)]
    prompts = _preferences(scenario, rng)
    compared = compare_models(prompts[0], prompts[1], draws, rng, CONFIDENCE)
    covered.append(compared.low <= 0 <= compared.high)
    excess, tilt = found.tests[0], found.tests[-1]
    rejected = [record.p <= 0.05 for record in (excess, tilt, compared)]
    return covered, [*rejected, excess.p_sittings <= 0.05]


def _preferences(scenario: Scenario, rng: np.random.Generator) -> np.ndarray:
    """L* of two models without a true difference, shape [2, prompts, paraphrases, seeds]; as many prompts as sittings.

    In tenfold nats: L* differs by nats where surprisals differ by tenths.
    """
    shape = (2, scenario.sittings, 5, scenario.seeds)
    run = rng.normal(0, scenario.run, size=(2, 1, 1, scenario.seeds))
    prompt = rng.normal(0, scenario.suits, size=(*shape[:2], 1, 1)) + rng.normal(0, 0.3, size=(1, shape[1], 1, 1))
    both = rng.normal(0, scenario.both, size=(*shape[:2], 1, shape[3]))
    return 10 * (run + prompt + both + rng.normal(0, 0.05, size=shape))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000, help="studies of each kind")
    parser.add_argument("--draws", type=int, default=2000, help="draws of each interval and test")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--scenarios", type=int, nargs="*", default=range(len(SCENARIOS)), help="numbers, from 0 on")
    arguments = parser.parse_args()
    names = [*TRUTHS, PREFERENCE, "excess", "tilt", PREFERENCE, "excess, sittings only"]
    columns = ["seeds", "sittings", "run", "suits", "both", *names]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    started = time.perf_counter()
    with Pool(arguments.processes) as pool:
        for scenario in (SCENARIOS[number] for number in arguments.scenarios):
            tasks = [(scenario, seed, arguments.draws) for seed in range(arguments.studies)]
            results = pool.map(study, tasks, chunksize=20)
            rates = [*np.mean([covered for covered, _ in results], axis=0)]
            rates += [*np.mean([rejected for _, rejected in results], axis=0)]
            head = [scenario.seeds, scenario.sittings, scenario.run, scenario.suits, scenario.both]
            cells = [*map(str, head), *(f"{100 * rate:.1f}" for rate in rates)]
            print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\n{arguments.studies} studies of each kind, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
