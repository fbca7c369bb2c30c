"""Where a masked language model keeps its head and its positions: the one place that tells BERT from RoBERTa."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hansard_bias.base.files import sha256
from hansard_bias.params import Config, ConfigError


@dataclass(frozen=True)
class Architecture:
    """What differs between masked language models that share BERT's body."""

    head: str
    """The attribute that turns hidden states into logits."""
    head_tensor: str
    """A weight that a folder holds only if that head was saved with the body."""
    positions_follow_padding: bool
    """Whether the first position is the padding's id + 1, as in fairseq; else it is 0."""
    body: str
    """What the names of the body's weights begin with."""
    head_parts: tuple[str, str, str]
    """Names of the head's dense layer, its norm, and what holds its decoder and bias."""
    head_activation: str
    """The head's activation; '' where it is that of the layers."""


_BERT = Architecture(
    head="cls",
    head_tensor="cls.predictions.transform.dense.weight",
    positions_follow_padding=False,
    body="bert",
    head_parts=("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions"),
    head_activation="",
)
_ROBERTA = Architecture(
    head="lm_head",
    head_tensor="lm_head.dense.weight",
    positions_follow_padding=True,
    body="roberta",
    head_parts=("lm_head.dense", "lm_head.layer_norm", "lm_head"),
    head_activation="gelu",
)
ARCHITECTURES = {"bert": _BERT, "roberta": _ROBERTA, "xlm-roberta": _ROBERTA, "camembert": _ROBERTA}


def architecture_of(model_type: object) -> Architecture:
    """The architecture of this `model_type` of config.json; ValueError when its head is not known here."""
    if model_type not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"model_type is {model_type!r}, expected one whose head is known: {known}")
    return ARCHITECTURES[str(model_type)]


def head_of(model: Any) -> Any:
    """The head of a masked language model: a module from hidden states [n, hidden] to logits [n, vocabulary]."""
    return getattr(model, architecture_of(model.config.model_type).head)


def first_position(config: Mapping[str, Any]) -> int:
    """The position id of a sequence's first token; `config` is the content of config.json."""
    follows = architecture_of(config["model_type"]).positions_follow_padding
    return int(config["pad_token_id"]) + 1 if follows else 0


def usable_positions(config: Mapping[str, Any]) -> int:
    """The longest sequence that the model reads, special tokens included."""
    return int(config["max_position_embeddings"]) - first_position(config)


# `model.init`: a local masked language model to continue from, known by its files alone, without torch.

CONFIG, TOKENIZER, WEIGHTS = FILES = ("config.json", "tokenizer.json", "model.safetensors")
OPTIONAL_FILES = ("tokenizer_config.json", "special_tokens_map.json")
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
MOST_PIECES = 65535
"""Pieces are stored as uint16."""


def init_error(init: str, expected: str, remedy: str = "") -> ConfigError:
    """A mistake in `model.init`."""
    return ConfigError("model.init", init, expected, remedy)


def check_initial(init: str, root: Path = Path(".")) -> None:
    """Look at all that can be known of the folder from its files; nothing to do where `init` is empty.

    Raises ConfigError for a folder that is missing or incomplete, a model that is no masked language model or has
    an unknown head, and a vocabulary that does not fit.
    """
    if not init:
        return
    folder = root / init
    if not folder.is_dir():
        raise init_error(init, "an existing Hugging Face folder on this machine", "empty: random weights")
    for name in FILES:
        if not (folder / name).is_file():
            remedy = {TOKENIZER: "save its fast tokenizer there", WEIGHTS: "save the model there as safetensors"}
            raise init_error(init, f"a folder with {', '.join(FILES)} (no {name} there)", remedy.get(name, ""))
    settings = read_settings(init, root)
    if not 0 < settings["vocab_size"] <= MOST_PIECES:
        expected = f"a model with a vocabulary of at most {MOST_PIECES} pieces (it has {settings['vocab_size']})"
        raise init_error(init, expected, "pieces are stored as uint16; choose a model for one language")
    if "model" not in _read_json(init, folder / TOKENIZER):
        raise init_error(init, f"a fast tokenizer in {TOKENIZER} (there is no tokenizer in this one)")
    _check_head(init, folder / WEIGHTS, ARCHITECTURES[settings["model_type"]].head_tensor)


def read_settings(init: str, root: Path = Path(".")) -> dict[str, Any]:
    """The content of the folder's config.json: a known architecture and all sizes."""
    settings = _read_json(init, root / init / CONFIG)
    kind = settings.get("model_type")
    if kind not in ARCHITECTURES:
        raise init_error(init, f"a masked language model of type {', '.join(ARCHITECTURES)} (its model_type: {kind!r})")
    needed = [*SIZES, "vocab_size", "max_position_embeddings"]
    needed += ["pad_token_id"] * ARCHITECTURES[kind].positions_follow_padding
    for name in needed:
        if type(settings.get(name)) is not int:
            raise init_error(init, f"a {CONFIG} with a whole number for {name} (there: {settings.get(name)!r})")
    return settings


def with_initial_sizes(config: Config, root: Path = Path(".")) -> Config:
    """The configuration with the sizes of the folder's model in place of those of params.yaml, if there is one."""
    if not config.model.init:
        return config
    settings = read_settings(config.model.init, root)
    sizes = {name: settings[name] for name in SIZES}
    sized = replace(config.model, **sizes, max_position_embeddings=usable_positions(settings))
    return config.with_sections(model=sized)


def initial_digests(init: str, root: Path = Path(".")) -> dict[str, str]:
    """SHA-256 of every file of the folder that a result depends on, by name; nothing where `init` is empty."""
    if not init:
        return {}
    paths = [root / init / name for name in (*FILES, *OPTIONAL_FILES)]
    return {path.name: sha256(path) for path in paths if path.is_file()}


def _read_json(init: str, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise init_error(init, f"a folder whose {path.name} is readable JSON")
    return content


def _check_head(init: str, weights: Path, head_tensor: str) -> None:
    """A body without its head would get a random one: refuse it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="np") as tensors:
            names = set(tensors.keys())
    except SafetensorError:
        raise init_error(init, f"a folder whose {WEIGHTS} is whole") from None
    if head_tensor not in names:
        raise init_error(init, f"a masked language model with its head ({WEIGHTS} has no {head_tensor})")
