"""Faults against the whole pipeline on a tiny project: `make faults`, or

    python tests/faults/campaign.py [--kills 100] [--only disk,corruption] [--seed 1]

After every fault the next run must end with the very results of an undisturbed one ("recovered"), or say in one line
what to do ("refused"). A wrong number, a lost earlier result or a process left behind fails the campaign.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.damage import at_once, clock_back, corruption, full_disk, no_shared_memory
from faults.outcomes import Outcome, Results, results
from faults.signals import killed_workers, storm
from faults.stores import damaged_checkpoints, damaged_store, read_only
from helpers.dvc_clone import Clone, tiny_clone
from helpers.project import shipped_params

EXPERIMENT = ("dvc", "exp", "run", "--temp", "--name", "fault", "-S", "train.lr=0.002")


class Campaign:
    """Undisturbed results, and fresh projects to disturb."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.shipped = shipped_params()
        # Two trainings are enough to be disturbed, and a third of the time is saved.
        del self.shipped["models"]["mixed"]
        self.untouched = self._build("untouched")
        self.built = self.copy(self.untouched, "built")
        self.built.run("dvc", "repro")
        self.built.commit()
        self.expected = results(self.built.root)

    def _build(self, name: str) -> Clone:
        (self.folder / name).mkdir()
        clone = tiny_clone(self.folder / name, self.shipped)
        clone.commit()
        return clone

    def copy(self, source: Clone, name: str) -> Clone:
        """A project of its own with all that the source has."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(source.root, self.folder / name, symlinks=True)
        return Clone(self.folder / name)


def kills(campaign: Campaign, signal: str, count: int) -> Outcome:
    """Signals at random moments of `dvc repro`, from nothing to the page."""
    return storm(
        fresh=lambda: campaign.copy(campaign.untouched, "disturbed"),
        command=("dvc", "repro"),
        expected=campaign.expected,
        signal_name=signal,
        count=count,
        chance=campaign.random,
    )


def of_experiment(campaign: Campaign) -> Results:
    """The experiment's results, undisturbed."""
    reference = campaign.copy(campaign.built, "reference")
    reference.run(*EXPERIMENT)
    reference.run("dvc", "exp", "apply", "fault")
    return results(reference.root)


def killed_experiments(campaign: Campaign, count: int) -> Outcome:
    """SIGKILL at random moments of `dvc exp run --temp`; the workspace's own results must not change."""
    return storm(
        fresh=lambda: campaign.copy(campaign.built, "disturbed"),
        command=EXPERIMENT,
        expected=of_experiment(campaign),
        signal_name="SIGKILL",
        count=count,
        chance=campaign.random,
        untouched=campaign.expected,
        finish=("dvc", "exp", "apply", "fault"),
    )


def faults(campaign: Campaign, count: int) -> dict[str, Callable[[], Outcome]]:
    """Every fault by its name on the command line."""
    few, third = max(1, count // 10), count // 3
    return {
        "sigkill": lambda: kills(campaign, "SIGKILL", count - 2 * third),
        "experiment": lambda: killed_experiments(campaign, third),
        "worker": lambda: killed_workers(campaign, of_experiment(campaign), third),
        "sigterm": lambda: kills(campaign, "SIGTERM", few),
        "ctrl-c": lambda: kills(campaign, "SIGINT", few),
        "disk": lambda: full_disk(campaign),
        "read-only": lambda: read_only(campaign),
        "corruption": lambda: corruption(campaign),
        "cache": lambda: damaged_store(campaign),
        "checkpoint": lambda: damaged_checkpoints(campaign),
        "two": lambda: at_once(campaign),
        "clock": lambda: clock_back(campaign),
        "shm": lambda: no_shared_memory(campaign),
    }


def main() -> int:
    """Run the campaign and print its table; 1 where anything was wrong, lost or left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="of dvc repro, dvc exp run and queue workers together")
    parser.add_argument("--only", default="", help="names, with commas")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), options.seed)
        chosen = faults(campaign, options.kills)
        names = options.only.split(",") if options.only else list(chosen)
        print("| fault | tries | recovered | refused | wrong | lost | left running |\n|---|---|---|---|---|---|---|")
        bad = 0
        for name in names:
            outcome = chosen[name]()
            print(outcome.row(name), flush=True)
            for note in outcome.notes:
                print(f"  {name}: {note}", file=sys.stderr, flush=True)
            bad += outcome.wrong + outcome.lost + outcome.left
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
