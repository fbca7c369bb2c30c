"""calibration/params.yaml: the shipped file is valid, and a mistake is one line that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansard_bias.calibration.config import PARAMS, load_calibration
from hansard_bias.params import load_config
from helpers.project import ROOT


def changed(root: Path, old: str, new: str) -> Path:
    text = (ROOT / PARAMS).read_text(encoding="utf-8")
    assert old in text
    (root / PARAMS).parent.mkdir()
    (root / PARAMS).write_text(text.replace(old, new), encoding="utf-8")
    return root


def test_the_shipped_settings_give_enough_comparisons_with_a_study_s_seeds() -> None:
    config = load_calibration(ROOT)
    assert config.halves.texts * config.halves.splits >= 200
    assert config.halves.seeds == config.dose.seeds == len(load_config(ROOT / "params.yaml").train.seeds)
    assert config.verdict.draws >= 2000


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("splits: 3", "splits: 2", r"calibration/params.yaml: halves.splits is 2, expected at least"),
        ("sittings: 60 ", "sittings: 62 ", "text.sittings is 62, expected a multiple of 4"),
        ("  studies: 12", "  studies: 1", "dose.studies is 1, expected 2 or more"),
        ("level: 0.05", "level: 5", "verdict.level is 5.0, expected above 0 and below 1"),
        ("seed: 29", "seeds: 29", "verdict.seeds is 29, expected no such key"),
        ("text:  ", "text: [  ", "calibration/params.yaml: not valid YAML"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        load_calibration(changed(tmp_path, old, new))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"calibration/params.yaml: no such file; run this in the project's root"):
        load_calibration(tmp_path)
