"""The masked language models that are known here, by the names of their parts: all that tells BERT from RoBERTa."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hansard_bias.base.files import sha256
from hansard_bias.params import Config, ConfigError

# From the parts of a layer, as the forward passes call them, to their names.
_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mixed": "attention.output.dense",
    "mixed_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}


@dataclass(frozen=True)
class Architecture:
    """A family of masked language models by the names of its modules; an entry here is all that a new one needs.

    Its layers must be BERT's in what they compute: attention, sum and norm, two dense layers, sum and norm.
    """

    body: str
    """The attribute that holds all but the head."""
    head: str
    """The attribute that turns hidden states into logits."""
    head_dense: str
    head_norm: str
    head_decoder: str
    """What holds the decoder and its bias."""
    head_activation: str
    """The head's activation; '' where it is that of the layers."""
    positions_follow_padding: bool
    """Whether the first position is the padding's id + 1, as in fairseq; else it is 0."""
    layer_parts: Mapping[str, str] = field(default_factory=lambda: _LAYER)
    after_attention: tuple[str, ...] = ("attention.output", "intermediate", "output")
    """The modules of a layer that see each token by itself; the first takes what attention mixed, and the states."""

    @property
    def head_tensor(self) -> str:
        """A weight that a folder holds only if the head was saved with the body."""
        return f"{self.head_dense}.weight"

    @property
    def layers(self) -> str:
        """What holds the layers, by number."""
        return f"{self.body}.encoder.layer"

    @property
    def embeddings(self) -> tuple[str, ...]:
        """The tables of tokens, of positions, and of the two kinds of text."""
        return tuple(f"{self.body}.embeddings.{table}_embeddings" for table in ("word", "position", "token_type"))

    @property
    def embedding_norm(self) -> str:
        """The norm of the sum of the embeddings."""
        return f"{self.body}.embeddings.LayerNorm"


_BERT = Architecture(
    body="bert",
    head="cls",
    head_dense="cls.predictions.transform.dense",
    head_norm="cls.predictions.transform.LayerNorm",
    head_decoder="cls.predictions",
    head_activation="",
    positions_follow_padding=False,
)
_ROBERTA = Architecture(
    body="roberta",
    head="lm_head",
    head_dense="lm_head.dense",
    head_norm="lm_head.layer_norm",
    head_decoder="lm_head",
    head_activation="gelu",
    positions_follow_padding=True,
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


def after_attention(model: Any) -> list[list[Any]]:
    """Of every layer the modules that see each token by itself: their outputs at a token need no other token's."""
    names = architecture_of(model.config.model_type)
    layers = model.get_submodule(names.layers)
    return [[layer.get_submodule(part) for part in names.after_attention] for layer in layers]


def first_position(config: Mapping[str, Any]) -> int:
    """The position id of a sequence's first token; `config` is the content of config.json."""
    follows = architecture_of(config["model_type"]).positions_follow_padding
    return int(config["pad_token_id"]) + 1 if follows else 0


def usable_positions(config: Mapping[str, Any]) -> int:
    """The longest sequence that the model reads, special tokens included."""
    return int(config["max_position_embeddings"]) - first_position(config)


# `model.init`: a local masked language model to continue from, known by its files alone, without torch.

# Looked at before the first stage runs: a mistake must not wait for the training to be found.
CONFIG, TOKENIZER, WEIGHTS = FILES = ("config.json", "tokenizer.json", "model.safetensors")
OPTIONAL_FILES = ("tokenizer_config.json", "special_tokens_map.json")
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
MOST_TOKENS = 65535
"""Tokens are stored as uint16."""


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
    if not 0 < settings["vocab_size"] <= MOST_TOKENS:
        expected = f"a model with a vocabulary of at most {MOST_TOKENS} pieces (it has {settings['vocab_size']})"
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
    # transformers would fill the gap with random weights and a warning: scores of noise, that look like scores.
    if head_tensor not in names:
        raise init_error(init, f"a masked language model with its head ({WEIGHTS} has no {head_tensor})")
