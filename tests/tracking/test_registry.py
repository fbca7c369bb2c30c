"""Trained models in the registry: a reference, a card, no weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hansard_bias.tracking import Results, Store, Training, record_comparison
from hansard_bias.tracking.mirror import LONGEST_DESCRIPTION, description, registered_name
from helpers.project import Project


def test_every_training_is_a_version_that_points_at_its_folder(inside: Project, store_root: Path) -> None:
    for _ in range(2):
        record_comparison(inside.config)
    store = Store(inside.config.tracking.experiment)
    versions = store.client.search_model_versions("name = 'hansard-bias-mixed'")
    assert {version.source for version in versions} == {"dvc:/models/mixed-1", "dvc:/models/mixed-2"}
    assert {model.name for model in store.client.search_registered_models()} == {
        "hansard-bias-nunavut",
        "hansard-bias-canada",
        "hansard-bias-mixed",
    }
    for version in versions:
        weights = (inside.root / version.tags["path"] / "model.safetensors").read_bytes()
        assert version.tags["weights"] == hashlib.sha256(weights).hexdigest()
        assert f"seed {version.tags['seed']}" in version.description
        assert "## Limits" in version.description
        run = store.client.get_run(version.run_id)
        assert run.data.tags["weights"] == version.tags["weights"]
    assert not list(store_root.rglob("*.safetensors")), "the weights are not copied"


def test_a_version_knows_its_folder_in_dvc_s_cache_once_dvc_lock_does(inside: Project, store_root: Path) -> None:
    record_comparison(inside.config)
    summary = hashlib.md5((inside.root / "metrics/training/mixed-1.json").read_bytes()).hexdigest()
    outs = [("metrics/training/mixed-1.json", summary), ("models/mixed-1", "abc.dir")]
    lines = [f"    - path: {path}\n      hash: md5\n      md5: {digest}\n" for path, digest in outs]
    lock = inside.root / "dvc.lock"
    lock.write_text("stages:\n  train@mixed-1:\n    outs:\n" + "".join(lines))
    try:
        record_comparison(inside.config)
        stale = Results(inside.config, inside.root)
        lock.write_text(lock.read_text().replace(summary, "another"))
        assert Training(stale, "mixed", 1).dvc_digest() == "", "dvc.lock speaks of another training"
    finally:
        lock.unlink()
    store = Store(inside.config.tracking.experiment)
    versions = store.client.search_model_versions("name = 'hansard-bias-mixed'")
    assert {version.tags["seed"]: version.tags.get("dvc_md5") for version in versions} == {"1": "abc.dir", "2": None}


def test_names_and_descriptions_fit(inside: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registered_name("a/b: c", "mixed") == "a-b-c-mixed"
    training = Training(Results(inside.config, tmp_path, experiment="quiet-otter"), "mixed", 1)
    text = description(training, "f" * 64)
    assert "dvc get REPOSITORY models/mixed-1 --rev quiet-otter" in text
    assert "models/mixed-1/README.md" in text
    monkeypatch.setattr(Training, "card", lambda *arguments: "x" * 6000)
    assert len(description(training, "f" * 64)) == LONGEST_DESCRIPTION
