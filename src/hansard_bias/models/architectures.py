"""The masked language models that are known here, by the names of their parts: all that tells BERT from RoBERTa."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hansard_bias.base.files import sha256
from hansard_bias.params import Config, ConfigError


@dataclass(frozen=True)
class Architecture:
    """A family of masked language models by the names of its modules.

    One whose layers compute what those of a known `network` compute needs an entry here and nothing else.
    """

    network: str
    """The module of this package that computes it: `bert` or `modernbert`."""
    body: str
    """The attribute that holds all but the head."""
    layers: str
    """In the body, what holds the layers by number."""
    embeddings: tuple[str, ...]
    """In the body, the tables whose rows are added up: tokens first."""
    embedding_norm: str
    layer_parts: Mapping[str, str]
    """From the parts of a layer, as the forward passes call them, to their names."""
    after_attention: tuple[str, ...]
    """The modules of a layer that see each token by itself; the first takes what attention mixed."""
    head: tuple[str, ...]
    """The modules that turn hidden states into logits, one after the other."""
    head_dense: str
    head_norm: str
    head_decoder: tuple[str, ...]
    """What may hold the decoder's bias; its weight is that of the last."""
    head_activation: str = ""
    """The head's activation; '' where config.json says it."""
    positions_follow_padding: bool = False
    """Whether the first position is the padding's id + 1, as in fairseq; else it is 0."""


_BERT = Architecture(
    network="bert",
    body="bert",
    layers="encoder.layer",
    embeddings=tuple(f"embeddings.{table}_embeddings" for table in ("word", "position", "token_type")),
    embedding_norm="embeddings.LayerNorm",
    layer_parts={
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "mixed": "attention.output.dense",
        "mixed_norm": "attention.output.LayerNorm",
        "inner": "intermediate.dense",
        "outer": "output.dense",
        "outer_norm": "output.LayerNorm",
    },
    after_attention=("attention.output", "intermediate", "output"),
    head=("cls",),
    head_dense="cls.predictions.transform.dense",
    head_norm="cls.predictions.transform.LayerNorm",
    head_decoder=("cls.predictions", "cls.predictions.decoder"),
)
_ROBERTA = replace(
    _BERT,
    body="roberta",
    head=("lm_head",),
    head_dense="lm_head.dense",
    head_norm="lm_head.layer_norm",
    head_decoder=("lm_head", "lm_head.decoder"),
    head_activation="gelu",
    positions_follow_padding=True,
)
_MODERNBERT = Architecture(
    network="modernbert",
    body="model",
    layers="layers",
    embeddings=("embeddings.tok_embeddings",),
    embedding_norm="embeddings.norm",
    layer_parts={
        "norm": "attn_norm",
        "query_key_value": "attn.Wqkv",
        "mixed": "attn.Wo",
        "inner_norm": "mlp_norm",
        "inner": "mlp.Wi",
        "outer": "mlp.Wo",
    },
    after_attention=("attn.Wo", "mlp_norm", "mlp"),
    head=("head", "decoder"),
    head_dense="head.dense",
    head_norm="head.norm",
    head_decoder=("decoder",),
)
ARCHITECTURES = {
    "bert": _BERT,
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "modernbert": _MODERNBERT,
}


def architecture_of(model_type: object) -> Architecture:
    """The architecture of this `model_type` of config.json; ValueError when its head is not known here."""
    if model_type not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"model_type is {model_type!r}, expected one whose head is known: {known}")
    return ARCHITECTURES[str(model_type)]


def head_of(model: Any) -> Callable[[Any], Any]:
    """The head of a masked language model: from hidden states [..., hidden] to logits [..., vocabulary]."""
    parts = [model.get_submodule(name) for name in architecture_of(model.config.model_type).head]

    def head(states: Any) -> Any:
        for part in parts:
            states = part(states)
        return states

    return head


def after_attention(model: Any) -> list[list[Any]]:
    """Of every layer the modules that see each token by itself: their outputs at a token need no other token's."""
    names = architecture_of(model.config.model_type)
    layers = model.get_submodule(f"{names.body}.{names.layers}")
    return [[layer.get_submodule(part) for part in names.after_attention] for layer in layers]


def first_position(config: Mapping[str, Any]) -> int:
    """The position id of a sequence's first token; `config` is the content of config.json."""
    follows = architecture_of(config["model_type"]).positions_follow_padding
    return int(config["pad_token_id"]) + 1 if follows else 0


def usable_positions(config: Mapping[str, Any]) -> int:
    """The longest sequence that the model reads, special tokens included."""
    return int(config["max_position_embeddings"]) - first_position(config)


def layer_types(config: Mapping[str, Any]) -> tuple[str, ...]:
    """For each layer of a ModernBERT `sliding_attention` or `full_attention`; `config`: the content of config.json."""
    every = int(config.get("global_attn_every_n_layers") or 3)
    published = ["sliding_attention" if at % every else "full_attention" for at in range(config["num_hidden_layers"])]
    return tuple(config.get("layer_types") or published)


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
    # A weight that a folder holds only if the head was saved with the body.
    _check_head(init, folder / WEIGHTS, f"{ARCHITECTURES[settings['model_type']].head_dense}.weight")


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
    architecture, positions = architecture_of(settings["model_type"]), usable_positions(settings)
    if architecture.network == "modernbert":
        # Rotary positions have no weights: a model may be trained on shorter windows than it could read.
        positions = min(positions, config.model.max_position_embeddings)
        reach = {"layer_types": layer_types(settings), "local_attention": int(settings.get("local_attention", 128))}
        sizes |= reach
    sizes |= {"architecture": architecture.network, "max_position_embeddings": positions}
    return config.with_sections(model=replace(config.model, **sizes))


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
