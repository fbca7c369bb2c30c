"""Trained models in MLflow's registry: references to the folders that DVC keeps, with their cards, without weights."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from hansard_bias.paths import METRICS, MODELS, run_name
from hansard_bias.tracking.results import Results
from hansard_bias.tracking.store import Store

LONGEST_DESCRIPTION = 5000
"""As long as MLflow's databases take."""


def register(store: Store, run_id: str, results: Results, model: str, seed: int, weights: str) -> None:
    """List the weights as a version of their model, once; what DVC says of them is added when it is known.

    weights: SHA-256 of model.safetensors.
    """
    name = registered_name(results.config.tracking.experiment, model)
    found = store.client.search_model_versions(f"name = '{name}' and tags.weights = '{weights}'")
    version = found[0] if found else _create(store, name, run_id, results, model, seed, weights)
    known = dvc_digest(results, model, seed)
    if known and version.tags.get("dvc_md5") != known:
        store.client.set_model_version_tag(name, version.version, "dvc_md5", known)


def registered_name(experiment: str, model: str) -> str:
    """`hansard-bias-mixed`: one entry a model, without what MLflow does not take in names."""
    return re.sub(r"[^\w.-]+", "-", f"{experiment}-{model}")


def dvc_digest(results: Results, model: str, seed: int) -> str:
    """The MD5 of the model's folder in DVC's cache; '' while dvc.lock does not speak of this very training."""
    stage = f"train@{run_name(model, seed)}"
    summary = METRICS / "training" / f"{run_name(model, seed)}.json"
    file = results.root / summary
    if not file.is_file() or results.locked(stage, summary) != _md5(file):
        return ""
    return results.locked(stage, MODELS / run_name(model, seed))


def _create(store: Store, name: str, run_id: str, results: Results, model: str, seed: int, weights: str) -> Any:
    if not store.client.search_registered_models(f"name = '{name}'"):
        mixture = ", ".join(f"{share:.0%} {corpus}" for corpus, share in results.config.models[model].mixture.items())
        label = results.config.models[model].label
        store.client.create_registered_model(name, description=f"Model {label}, {model}: {mixture}. A version a run.")
    path = MODELS / run_name(model, seed)
    tags = {"weights": weights, "path": path.as_posix(), "model": model, "seed": str(seed)}
    tags |= {key: value for key, value in (("commit", results.commit), ("dvc_experiment", results.experiment)) if value}
    return store.client.create_model_version(
        name,
        source=f"dvc:/{path.as_posix()}",
        run_id=run_id,
        tags=tags,
        description=description(results, model, seed, weights),
    )


def description(results: Results, model: str, seed: int, weights: str) -> str:
    """Where the weights are and how to get them, then the card; it ends early rather than not fitting."""
    path = MODELS / run_name(model, seed)
    revision = results.experiment or results.commit or "REVISION"
    lines = [
        f"The weights are not here: `{path}` in the project's DVC (`dvc get REPOSITORY {path} --rev {revision}`),",
        f"SHA-256 of `model.safetensors`: `{weights}`.",
        "",
        results.card(model, seed, weights) or f"Its card: `{path / 'README.md'}`.",
    ]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 2] + " …"


def _md5(path: Path) -> str:
    """DVC names files by MD5; nothing here is kept secret by it."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
