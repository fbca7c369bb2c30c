"""Presets: the settings arrive, comments stay, and a mistake leaves the file as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hansard_bias.operations.presets import apply_preset
from hansard_bias.params import load_config

SHIPPED = Path(__file__).parents[2] / "params.yaml"


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
    # Equal text for every model: with unequal amounts 34 of 100 true nulls were rejected.
    assert load_config(file).align.budget == "balanced"


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


def test_the_sample_s_sizes_fit_corpora_of_one_s_own(file: Path) -> None:
    """Who has replaced the sample's corpora still gets its small model, and keeps what is theirs."""
    file.write_text(file.read_text(encoding="utf-8").replace("nunavut", "moor").replace("raw/sample/moor", "moor.csv"))
    apply_preset("production", [])
    lines = apply_preset("sample", [])
    assert load_config(file).corpora["moor"].path == "data/moor.csv"
    assert "model.hidden_size: 768 -> 96" in lines


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


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_your_own_settings_are_not_overwritten(file: Path) -> None:
    edit(file, "  lr: 0.006", "  lr: 3e-05")
    edit(file, "seeds: [1, 2, 3]", "seeds: [1, 2, 3, 4, 5]")
    before = file.read_bytes()
    with pytest.raises(ValueError, match="would overwrite settings of your own") as refused:
        apply_preset("small", [])
    assert "train.lr: 3e-05 -> 0.002; train.seeds: [1, 2, 3, 4, 5] -> [1, 2, 3]; nothing was changed" in str(
        refused.value
    )
    assert "--force" in str(refused.value) and "tokenizer" not in str(refused.value)
    assert file.read_bytes() == before
    changes = apply_preset("small", [], force=True)
    assert "train.lr: 3e-05 -> 0.002" in changes
    assert "train.seeds: [1, 2, 3, 4, 5] -> [1, 2, 3]" in changes
    assert load_config(file).train.lr == 0.002


def test_an_edit_that_no_preset_touches_stays(file: Path) -> None:
    edit(file, "  seed: 1999", "  seed: 7")
    edit(file, "top_k: 10", "top_k: 20")
    apply_preset("production", [])
    config = load_config(file)
    assert (config.sample.seed, config.probe.top_k) == (7, 20)


def test_a_value_of_another_preset_is_an_edit_all_the_same(file: Path) -> None:
    """2.0e-3 is the rate of `small`, but whoever writes it into the sample's settings means it."""
    edit(file, "  lr: 0.006", "  lr: 0.002")
    with pytest.raises(ValueError, match=r"train\.lr: 0\.002 -> 0\.0001;"):
        apply_preset("production", [])
    apply_preset("small", [])


def test_the_paths_of_your_archives_are_your_own(file: Path, tmp_path: Path) -> None:
    for name in ("archive", "other"):
        (tmp_path / name).mkdir()
    apply_preset("small", ["nunavut=archive"])
    apply_preset("production", ["nunavut=other"])
    with pytest.raises(ValueError, match=r"corpora\.nunavut\.path: other -> data/raw/sample/nunavut"):
        apply_preset("sample", [])
    apply_preset("sample", [], force=True)
    assert load_config(file) == load_config(SHIPPED)


def test_a_file_that_is_no_yaml_is_told(file: Path) -> None:
    file.write_text("train: [1", encoding="utf-8")
    with pytest.raises(ValueError, match=r"params\.yaml: not valid YAML"):
        apply_preset("small", [])
