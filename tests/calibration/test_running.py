"""Tiny models from the text to metrics/calibration.json: deterministic, resumable, and learning what is planted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hansard_bias.calibration import running
from hansard_bias.calibration.config import (
    DOSES,
    FIELDS,
    CalibrationConfig,
    Measured,
    Replicate,
    TinyTraining,
    load_calibration,
)
from hansard_bias.calibration.running import measure, run_key, run_part, train_base
from hansard_bias.pipeline import calibrate, verdict
from helpers.project import ROOT

TRAINING = TinyTraining(speeches=6, updates=3, lr=0.003, batch_size=8, mask_rate=0.3, warmup=0.1, weight_decay=0.01)


@pytest.fixture(scope="module")
def config() -> CalibrationConfig:
    """The smallest calibration that has everything."""
    shipped = load_calibration(ROOT)
    return replace(
        shipped,
        text=replace(shipped.text, sittings=8, test_sittings=3, test_speeches=4),
        model=replace(shipped.model, hidden_size=16, num_attention_heads=2, intermediate_size=16),
        base=TRAINING,
        halves=replace(shipped.halves, texts=1, splits=2, seeds=2, train=TRAINING),
        dose=replace(shipped.dose, studies=2, seeds=1, train=TRAINING),
        verdict=replace(shipped.verdict, draws=100),
    )


@pytest.fixture(scope="module")
def base(config: CalibrationConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration") / "base"
    train_base(config, folder)
    return folder


def equal(left: Measured, right: Measured) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in FIELDS)


def test_a_replicate_is_a_pure_function_of_its_number(config: CalibrationConfig, base: Path) -> None:
    once, again, other = (measure(Replicate("dose", number), config, base) for number in [(0, 0), (0, 0), (0, 1)])
    assert equal(once, again)
    assert once.nats.shape == (len(DOSES), 2, 3)
    # Another seed: other weights, the same study's text.
    assert np.array_equal(once.tokens, other.tokens) and not np.array_equal(once.nats, other.nats)
    assert len(np.unique(once.nats)) == once.nats.size


def test_a_killed_run_goes_on_and_measures_nothing_twice(
    config: CalibrationConfig,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    measured: list[str] = []

    def one_at_a_time(task, items, _processes):  # type: ignore[no-untyped-def]
        for item in items:
            if len(measured) == 1:
                measured.append("killed")
                raise KeyboardInterrupt
            measured.append(task(item))
            yield measured[-1]

    monkeypatch.setattr(running, "in_order", one_at_a_time)
    with pytest.raises(KeyboardInterrupt):
        run_part("dose", config, base, Path("out"))
    assert not Path("out").exists()
    run_part("dose", config, base, Path("out"))
    assert measured == ["dose-0-0", "killed", "dose-1-0"]
    assert "dose: 1 of 2 replicates were measured before" in capsys.readouterr().out.splitlines()
    assert equal(Measured.read(Path("out"), "dose"), gathered(config, base))
    assert not list(Path(".checkpoints").iterdir())


def gathered(config: CalibrationConfig, base: Path) -> Measured:
    """The same without any files."""
    parts = [measure(replicate, config, base) for replicate in config.replicates("dose")]
    return Measured(*(np.stack([getattr(part, name)[None] for part in parts]) for name in FIELDS))


def test_other_parameters_or_another_base_are_another_run(
    config: CalibrationConfig, base: Path, tmp_path: Path
) -> None:
    key = run_key("dose", config, base)
    assert run_key("dose", replace(config, verdict=replace(config.verdict, seed=1)), base) == key
    assert run_key("dose", replace(config, text=replace(config.text, seed=1)), base) != key
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert run_key("dose", config, tmp_path) != key


def test_the_stages_end_in_one_file(
    config: CalibrationConfig, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "in_order", lambda task, items, _processes: map(task, items))
    with pytest.raises(ValueError, match=r"run `dvc repro calibration/dvc.yaml:base` first"):
        calibrate.run("dose", config)
    for part in ("base", "halves", "dose"):
        calibrate.run(part, config)
    words = verdict.run(config)
    written = json.loads((tmp_path / "metrics" / "calibration.json").read_text(encoding="utf-8"))
    assert words == {name: record["verdict"] for name, record in written["metrics"].items()}
    assert written["metrics"]["excess"]["false_positives"]["comparisons"] == 2
    assert written["design"]["halves"]["texts"] == 1
