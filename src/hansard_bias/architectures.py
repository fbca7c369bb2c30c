"""Where a masked language model keeps its head and its positions: the one place that tells BERT from RoBERTa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
