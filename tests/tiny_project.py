"""A project of tiny models, small enough to run through every stage in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tokenizers import Tokenizer, models

from hansard_bias.params import parse_config
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS, save_tokenizer

ROOT = Path(__file__).parents[1]

TINY = {
    "sample": {"seed": 5, "speeches": 360, "sittings": 24},
    "align": {"period": "none"},
    "tokenizer": {"vocab_size": 600},
    "model": {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    },
    "train": {"epochs": 2, "batch_size": 16, "eval_every": 10, "save_every": 10, "seeds": [1, 2], "lr": 0.003},
    "score": {"likelihood_speeches": 10},
    "probe": {"draws": 200},
    "bias": {"draws": 200},
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A deep copy of nested dicts with some values replaced."""
    result = {key: merged(value, {}) if isinstance(value, dict) else value for key, value in base.items()}
    for key, value in changes.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) else value
    return result


def write_params(folder: Path, raw: dict[str, Any]) -> Path:
    """Write params.yaml and link the probes into a project folder."""
    with (folder / "params.yaml").open("w", encoding="utf-8") as handle:
        YAML().dump(raw, handle)
    (folder / "data").mkdir(exist_ok=True)
    probes = folder / "data" / "probes"
    if not probes.exists():
        probes.symlink_to(ROOT / "data" / "probes")
    return folder


def write_tokenizer(folder: Path, pieces: int) -> None:
    """A tokenizer of so many made-up words, for text that is encoded already."""
    names = [*SPECIAL_TOKENS, *(f"piece{number}" for number in range(len(SPECIAL_TOKENS), pieces))]
    tokenizer = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens([*SPECIAL_TOKENS])
    save_tokenizer(tokenizer, folder, 32)


class Project:
    """A project folder whose stages have run."""

    def __init__(self, root: Path, raw: dict[str, Any]) -> None:
        self.root, self.raw, self.config = root, raw, parse_config(raw)
