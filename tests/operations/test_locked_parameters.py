"""Results and the parameters that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.operations.lock import locked_config, require_parameters
from helpers.project import TINY, merged


@pytest.fixture
def folder(tmp_path: Path, shipped: dict[str, Any]) -> Path:
    """A project whose stages have run with its parameters, as dvc.lock has it."""
    raw = merged(shipped, TINY)
    raw["models"]["mixed"]["label"] = "Çé"
    raw["train"]["lr"] = 1e-05
    YAML().dump(raw, tmp_path / "params.yaml")
    training = {f"train.{key}": value for key, value in raw["train"].items()}
    stages = {
        "align": {"params": {"params.yaml": {name: raw[name] for name in ("align", "corpora", "models")}}},
        "train@mixed-1": {"params": {"params.yaml": training}},
        # Of a seed that is no longer asked for.
        "train@mixed-9": {"params": {"params.yaml": {"train.lr": 0.5}}},
    }
    YAML().dump({"stages": stages}, tmp_path / "dvc.lock")
    return tmp_path


def change(folder: Path, section: str, key: str, value: object) -> None:
    raw = YAML(typ="safe").load(folder / "params.yaml")
    raw[section][key] = value
    YAML().dump(raw, folder / "params.yaml")


def test_parameters_of_the_results_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_parameters(locked_config(folder), folder)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("train", "lr", 0.002, "train@mixed-1 ran with train.lr 1e-05, params.yaml has 0.002 by now"),
        ("align", "period", "year", "align ran with align.period 'none', params.yaml has 'year' by now"),
    ],
)
def test_other_parameters_are_told(
    folder: Path, section: str, key: str, value: object, told: str, monkeypatch: Any, capsys: Any
) -> None:
    before = locked_config(folder)
    change(folder, section, key, value)
    with pytest.raises(ValueError, match="`dvc repro` first"):
        locked_config(folder)
    require_parameters(before, folder)
    assert told in capsys.readouterr().err
    monkeypatch.setenv("DVC_STAGE", "report")
    with pytest.raises(ValueError, match="do not belong together") as refused:
        require_parameters(before, folder)
    assert told in str(refused.value)
