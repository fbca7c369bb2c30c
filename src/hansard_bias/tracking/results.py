"""What metrics/ of one workspace records, in MLflow's terms: parameters, tags, titles, data sets."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hansard_bias.base.code import commit
from hansard_bias.base.files import ALIGNED, METRICS, MIXTURES, MODELS, md5, run_name
from hansard_bias.operations.lock import locked_stages
from hansard_bias.params import Config

PARAMS_OF_A_RUN = ("clean", "align", "tokenizer", "model", "train", "score")


@dataclass(frozen=True)
class Dataset:
    """One data set that a run has read; the digest is the beginning of its file's SHA-256."""

    name: str
    path: Path
    digest: str
    profile: Mapping[str, int]


@dataclass(frozen=True)
class Results:
    """One workspace's parameters and metrics, and the DVC experiment that it belongs to ('' for none)."""

    config: Config
    root: Path = Path(".")
    experiment: str = ""
    commit: str = ""
    home: Path | None = None  # the workspace with the models, where it is not the root

    @classmethod
    def here(cls, config: Config, root: Path = Path(".")) -> Results:
        """Those of the workspace in which a stage runs."""
        return cls(config, root, os.environ.get("DVC_EXP_NAME", ""), commit(root))

    @property
    def metrics(self) -> Path:
        """The folder of the metrics."""
        return self.root / METRICS

    def title(self, what: str) -> str:
        """A run's name: what it is, and the DVC experiment where there is one."""
        return f"{what} · {self.experiment}" if self.experiment else what

    def tags(self, stage: str, command: str) -> dict[str, str]:
        """What every run carries; MLflow's own tags fill the columns Source and Version of its table."""
        tags = {"stage": stage, "mlflow.source.name": f"hansard-bias {command}", "mlflow.source.type": "LOCAL"}
        return tags | self.origin() | ({"mlflow.source.git.commit": self.commit} if self.commit else {})

    def origin(self) -> dict[str, str]:
        """The experiment and the commit that made the results, as far as there are some."""
        origin = {"dvc_experiment": self.experiment, "commit": self.commit}
        return {key: value for key, value in origin.items() if value}

    def params(self) -> dict[str, object]:
        """All parameters of the comparison, flattened with dots."""
        return flatten({name: asdict(getattr(self.config, name)) for name in PARAMS_OF_A_RUN})

    def trainings(self) -> list[Training]:
        """The models and seeds of params.yaml that have been trained."""
        runs = [Training(self, model, seed) for model in self.config.models for seed in self.config.train.seeds]
        return [run for run in runs if run.summary_file.is_file()]

    def datasets(self, corpora: list[str]) -> list[Dataset]:
        """The aligned corpora and the mixtures, with the digests that `align` recorded."""
        path = self.metrics / "alignment.json"
        report = read_json(path) if path.is_file() else {}
        files = {corpus: ALIGNED / f"{corpus}.parquet" for corpus in corpora} | {"mixtures": MIXTURES}
        # MLflow takes no digest of more than 36 characters.
        digests = {name: report.get("digests", {}).get(file.name, "")[:32] for name, file in files.items()}
        return [Dataset(name, files[name], digest, _sizes(report, name)) for name, digest in digests.items() if digest]

    def locked(self, stage: str, path: Path) -> str:
        """The MD5 by which DVC keeps this output of a stage, as dvc.lock says; '' where it says nothing."""
        kept = locked_stages(self.root).get(stage, {})
        # A model is an output of its training and a dependency of its scoring, and the two may be of different days.
        entries = [*kept.get("deps", []), *kept.get("outs", [])]
        return next((str(entry.get("md5", "")) for entry in entries if entry["path"] == path.as_posix()), "")


@dataclass(frozen=True)
class Training:
    """The training of one model with one seed, and its files."""

    results: Results
    model: str
    seed: int

    @property
    def name(self) -> str:
        """`mixed-2`."""
        return run_name(self.model, self.seed)

    @property
    def title(self) -> str:
        """`mixed · seed 2 · quiet-otter`."""
        return self.results.title(f"{self.model} · seed {self.seed}")

    @property
    def weights_folder(self) -> Path:
        """Where DVC keeps the weights, from a workspace's root."""
        return MODELS / self.name

    @property
    def summary_file(self) -> Path:
        """The file with the numbers of the whole training."""
        return self.results.metrics / "training" / f"{self.name}.json"

    def tags(self) -> dict[str, str]:
        """What is known when the training begins."""
        own = {"model": self.model, "label": self.results.config.models[self.model].label, "seed": str(self.seed)}
        return self.results.tags("train", f"train {self.model} {self.seed}") | own

    def params(self) -> dict[str, object]:
        """All parameters of this training, flattened with dots."""
        params = self.results.params() | flatten({"mixture": self.results.config.models[self.model].mixture})
        # Those of the other trainings say nothing of this one.
        del params["train.seeds"]
        return {"model_name": self.model, "seed": self.seed} | params

    def summary(self) -> dict[str, Any]:
        """The numbers of the whole training."""
        return read_json(self.summary_file)

    def curve(self) -> dict[int, dict[str, float]]:
        """The rows of the curve by update; none where there is no file."""
        path = self.results.metrics / "curves" / f"{self.name}.csv"
        if not path.is_file():
            return {}
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        return {int(row.pop("update")): {key: float(value) for key, value in row.items() if value} for row in rows}

    def card(self, weights: str) -> str:
        """The card of these weights without the header that is meant for programs; '' where they are not here."""
        home = replace(self, results=replace(self.results, root=self.results.home or self.results.root))
        path = home.results.root / self.weights_folder / "README.md"
        # A folder of the same name may hold the weights of another experiment.
        if not path.is_file() or not home.summary_file.is_file() or home.summary()["fingerprint"] != weights:
            return ""
        text = path.read_text(encoding="utf-8")
        return text.split("---\n", 2)[2].lstrip() if text.startswith("---\n") else text

    def dvc_digest(self) -> str:
        """The MD5 of the model's folder in DVC's cache; '' while dvc.lock does not speak of this very training."""
        stage, file = f"train@{self.name}", self.summary_file
        known = file.is_file() and self.results.locked(stage, file.relative_to(self.results.root)) == md5(file)
        return self.results.locked(stage, self.weights_folder) if known else ""


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def read_json(path: Path) -> dict[str, Any]:
    """The content of a file of metrics/."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _sizes(report: Mapping[str, Any], corpus: str) -> dict[str, int]:
    # All splits together; the mixtures have no sizes of their own.
    rows = [row for row in report["statistics"] if row["name"] == corpus]
    return {key: sum(row[key] for row in rows) for key in ("speeches", "words")} if rows else {}
