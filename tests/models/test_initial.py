"""`model.init`: every mistake is one line that names the key, the value and what was expected, and needs no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from hansard_bias.models.architectures import check_initial, initial_digests, with_initial_sizes
from hansard_bias.params import ConfigError, parse_config

SETTINGS = {
    "model_type": "roberta",
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 48,
    "vocab_size": 400,
    "max_position_embeddings": 514,
    "pad_token_id": 1,
}


def write(folder: Path, settings: Any = SETTINGS, tensor: str = "lm_head.dense.weight") -> None:
    """The files of a folder, as far as they are looked at."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "tokenizer.json").write_text('{"model": {}}', encoding="utf-8")
    save_file({tensor: np.zeros(3, dtype=np.float32)}, folder / "model.safetensors")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "start")
    return tmp_path / "start"


def refused(said: str, init: str = "start") -> None:
    with pytest.raises(ConfigError) as caught:
        check_initial(init)
    assert str(caught.value).startswith(f"params.yaml: model.init is {init!r}, expected ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_whole_folder_and_none_at_all_are_fine(start: Path) -> None:
    check_initial("start")
    check_initial(str(start))
    check_initial("")


def test_a_missing_folder(start: Path) -> None:
    refused("an existing Hugging Face folder on this machine; empty: random weights", "roberta-base")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.json", "no config.json there"),
        ("tokenizer.json", "no tokenizer.json there); save its fast tokenizer there"),
        ("model.safetensors", "no model.safetensors there); save the model there as safetensors"),
    ],
)
def test_an_incomplete_folder(start: Path, name: str, said: str) -> None:
    (start / name).unlink()
    # Weights as pickle are no weights.
    (start / "pytorch_model.bin").write_bytes(b"x")
    refused(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "gpt2"}, "of type bert, roberta, xlm-roberta, camembert, modernbert (its model_type: 'gpt2')"),
        ({"vocab_size": 250002}, "a vocabulary of at most 65535 pieces (it has 250002); pieces are stored as uint16"),
        ({"hidden_size": "big"}, "a whole number for hidden_size (there: 'big')"),
        ({"pad_token_id": None}, "a whole number for pad_token_id (there: None)"),
    ],
)
def test_a_model_that_cannot_be_continued(start: Path, changes: dict[str, Any], said: str) -> None:
    (start / "config.json").write_text(json.dumps(SETTINGS | changes), encoding="utf-8")
    refused(said)


@pytest.mark.parametrize(("name", "text"), [("config.json", "{"), ("config.json", "[]"), ("tokenizer.json", "\x00")])
def test_unreadable_json(start: Path, name: str, text: str) -> None:
    (start / name).write_text(text, encoding="utf-8")
    refused(f"a folder whose {name} is readable JSON")


def test_a_tokenizer_file_without_a_tokenizer(start: Path) -> None:
    (start / "tokenizer.json").write_text("{}", encoding="utf-8")
    refused("a fast tokenizer in tokenizer.json")


def test_a_body_without_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "start", tensor="encoder.layer.0.output.dense.weight")
    refused("a masked language model with its head (model.safetensors has no lm_head.dense.weight)")


def test_truncated_weights(start: Path) -> None:
    weights = start / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    refused("a folder whose model.safetensors is whole")


def test_sizes_come_from_the_folder_and_dropout_does_not(start: Path, raw: dict[str, Any]) -> None:
    plain = parse_config(raw)
    assert with_initial_sizes(plain) is plain
    config = replace(plain, model=replace(plain.model, init="start"))
    sized = with_initial_sizes(config).model
    # RoBERTa's positions begin after the padding's id: 514 rows of the table are 512 positions.
    taken = {name: SETTINGS[name] for name in ("hidden_size", "num_hidden_layers", "intermediate_size")}
    taken |= {"num_attention_heads": 3, "max_position_embeddings": 512, "architecture": "bert"}
    assert sized == replace(config.model, **taken)


def test_a_modernbert_keeps_its_kinds_of_layers_and_reads_the_windows_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any]
) -> None:
    """As published: no list of layers, every third of which is full; 8,192 positions, of which 128 are used."""
    monkeypatch.chdir(tmp_path)
    published = {**SETTINGS, "model_type": "modernbert", "num_hidden_layers": 4, "max_position_embeddings": 8192}
    write(tmp_path / "start", published | {"local_attention": 128, "hidden_size": 24}, "head.dense.weight")
    check_initial("start")
    config = parse_config(raw)
    sized = with_initial_sizes(replace(config, model=replace(config.model, init="start"))).model
    assert sized.architecture == "modernbert" and sized.local_attention == 128
    assert sized.all_layer_types == ("full_attention", "sliding_attention", "sliding_attention", "full_attention")
    assert sized.reaches == (None, 64, 64, None)
    assert sized.max_position_embeddings == config.model.max_position_embeddings


def test_digests_tell_other_files(start: Path) -> None:
    assert initial_digests("") == {}
    before = initial_digests("start")
    assert set(before) == {"config.json", "tokenizer.json", "model.safetensors"}
    (start / "tokenizer.json").write_text('{"model": 1}', encoding="utf-8")
    after = initial_digests("start")
    assert {name for name in before if before[name] != after[name]} == {"tokenizer.json"}


def test_the_look_needs_no_torch(start: Path) -> None:
    code = "import sys; from hansard_bias.models.architectures import check_initial; check_initial('start')"
    code += "; sys.exit(bool({'torch', 'transformers'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=start.parent, check=False).returncode == 0
