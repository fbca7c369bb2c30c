"""What dvc.lock and dvc.yaml say, as the project's own code reads them; results and the parameters that made them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.base.files import json_text
from hansard_bias.operations.integrity import CACHE, repair
from hansard_bias.operations.lock import (
    CALIBRATION,
    locked_config,
    locked_outputs,
    locked_stages,
    require_parameters,
    stage_inputs,
)
from hansard_bias.params import load_config
from hansard_bias.pipeline import arguments
from helpers.project import ROOT, TINY, merged

PARTS = {
    "corpus": ("nunavut",),
    "align": (),
    "tokenizer": (),
    "encode": ("canada",),
    "train": ("mixed", 1),
    "score": ("mixed", 1),
    "probe": ("mixed", 1),
    "bias": (),
    "report": (),
}


@pytest.mark.parametrize("stage", PARTS)
def test_every_stage_knows_what_it_reads(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `${…}` of its dependencies has a value, and no dependency on data is passed over."""
    asked: list[list[Path]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(arguments, "require_integrity", lambda name, values: asked.append(stage_inputs(name, values)))
    of = {0: arguments.stage_config, 1: arguments.corpus_config, 2: arguments.run_config}[len(PARTS[stage])]
    of(stage, *PARTS[stage])  # type: ignore[operator]
    assert asked and asked[0] and not any("$" in str(path) for path in asked[0])
    if stage == "score":
        assert [path.as_posix() for path in asked[0]] == [
            "data/sections/corpora.json",
            "data/aligned",
            "data/encoded",
            "models/tokenizer",
            "models/mixed-1",
        ]


def test_the_calibration_s_stages_know_it_too() -> None:
    inputs = stage_inputs("verdict", {}, ROOT, CALIBRATION)
    assert inputs == [Path("data/calibration/halves"), Path("data/calibration/dose")]
    assert set(inputs) < set(locked_outputs(ROOT, CALIBRATION))


def test_the_shipped_lock_promises_every_result() -> None:
    known = locked_outputs(ROOT)
    assert known[Path("models/mixed-1")].endswith(".dir")
    assert Path("metrics/bias_matrix.json") in known and Path("data/scores/canada-3.parquet") in known


def test_a_broken_lock_is_told_with_what_to_do(tmp_path: Path) -> None:
    assert locked_stages(tmp_path) == {}
    whole = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    (tmp_path / "dvc.lock").write_text(whole[: whole.index("md5: ") + 3], encoding="utf-8")
    with pytest.raises(ValueError, match=r"dvc.lock: not valid YAML .*`git checkout -- dvc.lock`"):
        repair(tmp_path)


def test_a_lock_in_use_stays(tmp_path: Path) -> None:
    import fcntl

    lock = tmp_path / ".dvc" / "tmp" / "rwlock"
    lock.parent.mkdir(parents=True)
    lock.write_text('{"read"', encoding="utf-8")
    with lock.with_name("rwlock.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert repair(tmp_path) == [] and lock.is_file()
    assert repair(tmp_path) == [f"removed {lock}, which a killed dvc broke off"] and not lock.exists()
    lock.write_text("{}", encoding="utf-8")
    assert repair(tmp_path) == []


def test_a_damaged_list_of_a_folder_is_removed(tmp_path: Path) -> None:
    content = b'[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "weights"}]'
    name = hashlib.md5(content).hexdigest() + ".dir"
    (tmp_path / "dvc.lock").write_text(
        f"stages:\n  train:\n    outs:\n    - {{path: models/a, hash: md5, md5: {name}}}\n", encoding="utf-8"
    )
    listing = tmp_path / CACHE / name[:2] / name[2:]
    listing.parent.mkdir(parents=True)
    listing.write_bytes(content)
    assert repair(tmp_path) == []
    listing.write_bytes(content.replace(b"relpath", b"relqath"))
    (told,) = repair(tmp_path)
    assert told.startswith(f"removed {listing}, the list of a folder's files") and not listing.exists()


def test_values_are_those_that_dvc_has_written(tmp_path: Path) -> None:
    values = {
        "rate": 1e-05, "share": 0.5, "count": 12, "none": None, "flag": True, "language": "no", "clock": "12:30",
        "digits": "8e12", "zeros": "007", "empty": "", "text": "1999-04-01", "day": date(1999, 4, 1), "list": [1, "1"],
    }  # fmt: skip
    YAML().dump({"stages": {"train": {"params": values}}}, tmp_path / "dvc.lock")
    assert "rate: 1e-05" in (tmp_path / "dvc.lock").read_text(encoding="utf-8")
    assert locked_stages(tmp_path)["train"]["params"] == values


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


def test_another_mixture_is_told(folder: Path, capsys: Any) -> None:
    """A training depends on a file with its mixture, and not on its label."""
    config = load_config(folder / "params.yaml")
    digest = hashlib.md5(json_text(config.of_model("mixed")).encode()).hexdigest()
    dep = {"path": "data/sections/models/mixed.json", "md5": digest}
    YAML().dump({"stages": {"train@mixed-1": {"deps": [dep]}}}, folder / "dvc.lock")
    require_parameters(config, folder)
    mixed = config.models["mixed"]
    renamed = config.with_sections(models=config.models | {"mixed": replace(mixed, label="Q")})
    require_parameters(renamed, folder)
    assert capsys.readouterr().err == ""
    other = replace(mixed, mixture={"nunavut": 0.8, "canada": 0.2})
    require_parameters(config.with_sections(models=config.models | {"mixed": other}), folder)
    assert "train@mixed-1 ran with another mixture than params.yaml has by now" in capsys.readouterr().err
