"""How every stage grows with the text: the bundled sample at 1, 4 and 16 times its size.

    python benchmarks/scale.py [--factors 1 4 16]

Every stage runs in a process of its own, as DVC runs it, with one seed and one epoch. The exponent is the slope of log
seconds over log size, after the seconds that a stage takes to start have been taken off: 1 is linear. Memory is the
largest of the stage's processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
GROWING = ("corpus", "align", "tokenizer", "encode", "train", "score", "probe", "bias", "report")


def stages() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name of the stage, and the arguments of each of its runs."""
    models, corpora = ("nunavut", "canada", "mixed"), ("nunavut", "canada")
    for stage in ("check", "sample"):
        yield stage, (stage,)
    for stage in GROWING:
        if stage in ("train", "score", "probe"):
            for model in models:
                yield stage, (stage, model, "1")
        elif stage in ("corpus", "encode"):
            for corpus in corpora:
                yield stage, (stage, corpus)
        else:
            yield stage, (stage,)


def prepare(folder: Path, factor: int) -> None:
    """A project with so many times the sample's speeches and sittings."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for key in ("speeches", "sittings"):
        params["sample"][key] *= factor
    params["train"] |= {"seeds": [1], "epochs": 1}
    folder.mkdir()
    yaml.dump(params, folder / "params.yaml")
    (folder / "data").mkdir()
    (folder / "data" / "probes").symlink_to(ROOT / "data" / "probes")


def measure(folder: Path) -> dict[str, tuple[float, float]]:
    """Seconds and peak memory (GB) of every stage; of several runs the sum and the largest."""
    found: dict[str, tuple[float, float]] = {}
    for stage, arguments in stages():
        seconds, peak = run(folder, arguments)
        before = found.get(stage, (0.0, 0.0))
        found[stage] = before[0] + seconds, max(before[1], peak)
    return found


def run(folder: Path, arguments: tuple[str, ...]) -> tuple[float, float]:
    """One stage in a process of its own: seconds, and GB of the largest process."""
    # A child's peak is only known to the process that waited for it, so each has a waiter of its own.
    waiter = (
        "import resource, subprocess, sys; code = subprocess.call([sys.executable, '-m', 'hansard_bias.cli', "
        "*sys.argv[1:]], stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    began = time.perf_counter()
    command = [sys.executable, "-c", waiter, *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr[-1000:]}")
    return time.perf_counter() - began, int(done.stdout.split()[-1]) * 1024 / 1e9


def exponent(factors: list[int], seconds: list[float], start: float) -> float:
    """Slope of log(seconds - start) over log(factor), by least squares."""
    work = np.log(np.maximum(np.array(seconds) - start, 1e-3))
    return float(np.polyfit(np.log(factors), work, 1)[0])


def start_seconds(arguments: tuple[str, ...], folder: Path) -> float:
    """What a process takes that does nothing but import what the stage needs."""
    code = f"import hansard_bias.stages.{arguments[0]}"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    tables = []
    with tempfile.TemporaryDirectory() as name:
        for factor in options.factors:
            folder = Path(name) / str(factor)
            prepare(folder, factor)
            tables.append(measure(folder))
            print(f"{factor}x: {sum(seconds for seconds, _ in tables[-1].values()):.0f} s", file=sys.stderr, flush=True)
        starts: dict[str, float] = {}
        for stage, arguments in stages():
            starts[stage] = starts.get(stage, 0.0) + start_seconds(arguments, folder)
    heads = [f"{factor}x, s" for factor in options.factors] + [f"{factor}x, GB" for factor in options.factors]
    print("| stage | " + " | ".join(heads) + " | exponent |\n|" + "---|" * (len(heads) + 2))
    for stage in tables[0]:
        seconds = [table[stage][0] for table in tables]
        cells = [f"{value:.1f}" for value in seconds] + [f"{table[stage][1]:.2f}" for table in tables]
        power = f"{exponent(options.factors, seconds, starts[stage]):.2f}" if stage in GROWING else "–"
        print(f"| {stage} | " + " | ".join(cells) + f" | {power} |")
    print(f"\nThis process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
