"""Presets: the settings arrive, comments stay, and a mistake leaves the file as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hansard_bias.config import load_config
from hansard_bias.presets import apply_preset

SHIPPED = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(SHIPPED, tmp_path / "params.yaml"))


def comments(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("#", 1)[1].strip() for line in lines if "#" in line]


@pytest.mark.parametrize("name", ["sample", "small", "production"])
def test_every_preset_is_valid_and_keeps_comments(file: Path, name: str) -> None:
    before = comments(file)
    apply_preset(name, [])
    assert comments(file) == before
    load_config(file)


def test_small_is_the_size_that_the_readme_names(file: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    lines = apply_preset("small", ["nunavut=archive", f"canada={SHIPPED}"])
    config = load_config(file)
    assert (config.model.num_hidden_layers, config.model.hidden_size, config.tokenizer.vocab_size) == (4, 256, 8192)
    assert config.corpora["nunavut"].path == "archive"
    assert config.corpora["canada"].path == str(SHIPPED)
    assert "tokenizer.vocab_size: 2048 -> 8192" in lines


def test_production_is_the_study(file: Path) -> None:
    apply_preset("production", [])
    config = load_config(file)
    model = config.model
    assert (model.num_hidden_layers, model.hidden_size, model.num_attention_heads) == (12, 768, 12)
    assert (config.tokenizer.vocab_size, model.max_position_embeddings) == (30522, 512)
    train = config.train
    assert (train.mask_rate, train.epochs, train.warmup, train.weight_decay) == (0.15, 3, 0.1, 0.01)
    assert (train.patience, train.save_every, train.keep) == (3, 1000, 3)


def test_there_and_back_is_the_shipped_file(file: Path) -> None:
    apply_preset("production", [])
    apply_preset("sample", [])
    assert load_config(file) == load_config(SHIPPED)
    assert apply_preset("sample", []) == ["params.yaml already holds the settings of sample"]


@pytest.mark.parametrize(
    ("name", "paths", "said"),
    [
        ("huge", [], "no preset 'huge', expected one of sample, small, production"),
        ("small", ["nunavut"], "expected CORPUS=PATH"),
        ("small", ["nunavt=."], "--path names 'nunavt', expected a corpus: nunavut, canada"),
        ("small", ["nunavut=nowhere"], "--path nunavut: nowhere does not exist"),
    ],
)
def test_a_mistake_changes_nothing(file: Path, name: str, paths: list[str], said: str) -> None:
    before = file.read_bytes()
    with pytest.raises(ValueError, match=said):
        apply_preset(name, paths)
    assert file.read_bytes() == before
