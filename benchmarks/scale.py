"""How every stage grows with the text: the bundled sample at 1, 4 and 16 times its size.

    python benchmarks/scale.py [--factors 1 4 16] [--until report]

Every stage runs in processes of its own, as DVC runs it, with one seed and one epoch. Seconds are fitted by
fixed + growing * factor ** exponent: 1 is linear. Memory is that of all processes of the stage together; its growth is
from the first size to the last.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Measured, measure
from ruamel.yaml import YAML

from hansard_bias.params.corpora import MOST_SITTINGS

ROOT = Path(__file__).parents[1]
STAGES = ("check", "sample", "corpus", "align", "tokenizer", "encode", "train", "score", "probe", "bias", "report")
LEAST_GROWTH = 0.5
"""Seconds from the smallest to the largest size; a stage that grows less has no exponent."""


def commands(stage: str, params: Path) -> Iterator[list[str]]:
    """The command lines of all runs of a stage, in order."""
    config = YAML(typ="safe").load(params)
    if stage in ("train", "score", "probe"):
        yield from (["hansard-bias", stage, model, "1"] for model in config["models"])
    elif stage in ("corpus", "encode"):
        yield from (["hansard-bias", stage, corpus] for corpus in config["corpora"])
    else:
        yield ["hansard-bias", stage]


def prepare(folder: Path, factor: int) -> None:
    """A project with so many times the sample's speeches and sittings."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["sample"]["speeches"] *= factor
    params["sample"]["sittings"] = min(params["sample"]["sittings"] * factor, MOST_SITTINGS)
    # An evaluation reads as many windows at every size, as the presets for large archives have it.
    params["train"] |= {"seeds": [1], "epochs": 1, "eval_windows": 500}
    folder.mkdir()
    yaml.dump(params, folder / "params.yaml")
    (folder / "data").mkdir()
    (folder / "data" / "probes").symlink_to(ROOT / "data" / "probes")


def run(folder: Path, stage: str) -> Measured:
    """Seconds and peak memory of a stage; of several runs the sum and the largest."""
    taken = [measure(command, folder) for command in commands(stage, folder / "params.yaml")]
    return Measured(sum(each.seconds for each in taken), max(each.peak_bytes for each in taken))


def words(folder: Path) -> int:
    """Words of all corpora, kept."""
    return sum(json.loads(path.read_text())["tokens"] for path in (folder / "metrics/corpora").glob("*.json"))


def exponent(factors: list[int], seconds: list[float]) -> float | None:
    """The k of seconds = a + b * factor ** k that fits best (least squares, a and b at least 0), on a grid of 0.01."""
    if seconds[-1] - seconds[0] < LEAST_GROWTH or len(factors) < 3:
        return None
    grid = np.arange(0.05, 3.0, 0.01)
    return float(min(grid, key=lambda power: _misfit(np.array(factors) ** power, np.array(seconds))))


def _misfit(growth: np.ndarray, seconds: np.ndarray) -> float:
    """Squared relative distance of the best line over the growth, whose two coefficients are not negative."""
    design = np.stack([np.ones_like(growth), growth], axis=1) / seconds[:, None]
    fits = [np.linalg.lstsq(design[:, columns], np.ones(len(seconds)), rcond=None)[0] for columns in ([0, 1], [1])]
    fitted = fits[0] if (fits[0] >= 0).all() else np.array([0.0, *fits[1]])
    return float(((design @ fitted - 1) ** 2).sum())


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage to run")
    options = parser.parse_args()
    factors, stages = sorted(options.factors), STAGES[: STAGES.index(options.until) + 1]
    tables: list[dict[str, Measured]] = []
    with tempfile.TemporaryDirectory() as name:
        for factor in factors:
            folder = Path(name) / str(factor)
            prepare(folder, factor)
            tables.append({stage: run(folder, stage) for stage in stages})
            seconds = sum(each.seconds for each in tables[-1].values())
            print(f"{factor}x: {words(folder):,} words, {seconds:.0f} s", file=sys.stderr, flush=True)
    heads = [f"{factor}x, s" for factor in factors] + [f"{factor}x, GB" for factor in factors]
    print("| stage | " + " | ".join(heads) + " | exponent | memory |\n|" + "---|" * (len(heads) + 3))
    for stage in stages:
        taken = [table[stage] for table in tables]
        cells = [f"{each.seconds:.1f}" for each in taken] + [f"{each.peak_bytes / 1e9:.2f}" for each in taken]
        power = exponent(factors, [each.seconds for each in taken])
        growth = taken[-1].peak_bytes / taken[0].peak_bytes
        print(f"| {stage} | {' | '.join(cells)} | {'–' if power is None else f'{power:.2f}'} | ×{growth:.1f} |")


if __name__ == "__main__":
    main()
