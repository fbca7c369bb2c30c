"""A stage loads its own sections of params.yaml, those that dvc.yaml names, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.params import ConfigError
from hansard_bias.pipeline.arguments import SECTIONS, corpus_config, run_config, stage_config
from helpers.project import ROOT

DVC = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = {name: entry.get("do", entry) for name, entry in DVC["stages"].items()}
ELSEWHERE = {
    "corpora": "data/sections has what results depend on, without labels",
    "model": "data/sections has what its architecture looks at",
    "models": "the name of a run, checked",
    "train": "the seed of a run, checked",
}
"""Sections that a stage may load without depending on all of them."""
RECORDED = {"train": {"clean", "tokenizer", "score", "tracking"}}
"""What MLflow records of a training; no result depends on it."""


@pytest.mark.parametrize("stage", SECTIONS)
def test_a_stage_depends_on_the_sections_that_it_loads(stage: str) -> None:
    declared = {str(key).partition(".")[0] for key in STAGES[stage].get("params", [])}
    assert declared <= {*SECTIONS[stage]}, "dvc.yaml names a section that the stage does not load"
    assert {*SECTIONS[stage]} - declared <= ELSEWHERE.keys() | RECORDED.get(stage, set())


@pytest.mark.parametrize(
    ("broken", "stops"),
    [
        ("report", ()),
        ("bias", ("companion", "probe", "bias")),
        ("score", ("train", "score", "bias")),
        ("align", ("align", "train", "companion")),
    ],
)
def test_a_mistake_in_another_section_does_not_stop_a_stage(
    tmp_path: Path, shipped: dict[str, Any], monkeypatch: pytest.MonkeyPatch, broken: str, stops: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(shipped | {broken: {"nonsense": 1}}, handle)
    for stage in SECTIONS:
        if stage in stops:
            with pytest.raises(ConfigError, match=f"{broken}.nonsense"):
                load(stage)
        else:
            load(stage)


def load(stage: str) -> None:
    if stage in ("corpus", "encode"):
        corpus_config(stage, "nunavut")
    elif stage in ("train", "score", "probe"):
        run_config(stage, "mixed", 2)
    else:
        stage_config(stage)
