"""What fifty experiments cost in one project: disk, and how long its lists take to open.

    python benchmarks/long_haul.py [--experiments 50] [--folder FOLDER]

A tiny project (one model, one seed) gets one `dvc exp run` after another, each with another learning rate. Sizes are
what the disk gives: a file that the cache and the workspace share counts once, for the cache. FOLDER keeps the project
and goes on with it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ruamel.yaml import YAML

from helpers.dvc_clone import Clone, tiny_clone
from helpers.mlflow_pages import mlflow_ui
from helpers.project import ROOT

STOPS = (0, 1, 10, 25, 50)
PLACES = (".dvc/cache", ".git", ".dvc/tmp", ".checkpoints", "mlflow.db", "mlartifacts", "data", "models", "metrics")
COMMANDS = {
    "dvc exp show, s": ("dvc", "exp", "show", "--no-pager"),
    "of README, s": ("dvc", "exp", "show", "--no-pager", "--only-changed", "--drop", ".*/"),
    "dvc repro, s": ("dvc", "repro"),
    "dvc metrics diff, s": ("dvc", "metrics", "diff"),
    "git status, s": ("git", "status", "--short"),
}


def main() -> None:
    """Run the experiments and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=STOPS[-1])
    parser.add_argument("--folder", type=Path, help="an empty folder, or that of an earlier run, to go on with it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clone = project((options.folder or Path(temporary) / "project").resolve())
        rows = list(haul(clone, [stop for stop in STOPS if stop <= options.experiments]))
    print("| experiments | " + " | ".join(rows[0][1]) + " |\n|" + "---|" * (len(rows[0][1]) + 1))
    for stop, cells in rows:
        print(f"| {stop} | " + " | ".join(f"{value:.1f}" for value in cells.values()) + " |")


def project(folder: Path) -> Clone:
    """The tiny project after its first `dvc repro`, committed."""
    if (folder / ".git").is_dir():
        return Clone(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shipped = YAML(typ="safe").load(ROOT / "params.yaml")
    # What accumulates is counted, not learned: one model, ten updates.
    shipped["models"] = {"nunavut": shipped["models"]["nunavut"]}
    shipped["train"]["max_steps"] = 10
    clone = tiny_clone(folder, shipped)
    clone.commit()
    clone.run("dvc", "repro")
    clone.commit()
    return clone


def haul(clone: Clone, stops: list[int]) -> Iterator[tuple[int, dict[str, float]]]:
    """What is measured at every stop; experiments that are there already are not run again."""
    done = len(clone.run("dvc", "exp", "list", "--name-only").split())
    for stop in stops:
        if stop < done:
            continue
        took = [experiment(clone, number) for number in range(done + 1, stop + 1)]
        done = stop
        cells = {"dvc exp run, s": sum(took[-3:]) / max(1, len(took[-3:]))} | disk(clone.root) | seconds(clone)
        print(stop, json.dumps(cells), file=sys.stderr, flush=True)
        yield stop, cells


def experiment(clone: Clone, number: int) -> float:
    """One more experiment; returns its seconds."""
    began = time.perf_counter()
    clone.run("dvc", "exp", "run", "--name", f"rate-{number}", "-S", f"train.lr={0.001 + number * 1e-5:.5f}")
    return time.perf_counter() - began


def disk(root: Path) -> dict[str, float]:
    """MB of every place; a file with several names belongs to the first place that has it."""
    seen: set[int] = set()
    found = {}
    for place in PLACES:
        paths = [root / place, *(root / place).rglob("*")]
        states = {state.st_ino: state.st_blocks * 512 for state in (path.lstat() for path in paths if path.exists())}
        found[f"{place}, MB"] = sum(size for inode, size in states.items() if inode not in seen) / 1e6
        seen |= states.keys()
    return found


def seconds(clone: Clone) -> dict[str, float]:
    """How long the lists take, the faster of two tries, and MLflow from its start to its first page of runs."""
    found = {name: min(timed(clone, command) for _ in range(2)) for name, command in COMMANDS.items()}
    began = time.perf_counter()
    with mlflow_ui(clone.root, clone.environment) as address:
        origin = address.split("/#")[0].rstrip("/")
        urllib.request.urlopen(origin, timeout=60).close()
        found["MLflow's page, s"] = time.perf_counter() - began
        began = time.perf_counter()
        query = json.dumps({"experiment_ids": ["1"], "max_results": 100}).encode()
        request = urllib.request.Request(
            f"{origin}/ajax-api/2.0/mlflow/runs/search", query, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            runs = json.load(answer).get("runs", [])
        found["its list of runs, s"] = time.perf_counter() - began
        found["runs listed"] = len(runs)
    return found


def timed(clone: Clone, command: tuple[str, ...]) -> float:
    """Seconds of one command in the project."""
    began = time.perf_counter()
    subprocess.run(command, cwd=clone.root, env=clone.environment, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
