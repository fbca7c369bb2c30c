"""A Hugging Face folder from elsewhere: looked at without torch, and read with the tokenizer that lies in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from hansard_bias.models.architectures import ARCHITECTURES, CONFIG, FILES, SIZES, TOKENIZER, WEIGHTS, first_position
from hansard_bias.params.validation import expect
from hansard_bias.tokens.tokenizer import NAMES, SpecialIds, load_tokenizer, vocabulary_size

if TYPE_CHECKING:
    from hansard_bias.models.reading import ReadingScorer

REMEDIES = {TOKENIZER: "save its fast tokenizer there", WEIGHTS: "save the model there as safetensors"}
# Names of norms in files of before 2018, BERT's own among them; and what no masked token depends on.
_OLD_NORMS = (re.compile(r"(?<=LayerNorm\.)gamma$"), "weight"), (re.compile(r"(?<=LayerNorm\.)beta$"), "bias")
_NOT_READ = re.compile(r"^cls\.seq_relationship\.|\.pooler\.|\.position_ids$")


@dataclass(frozen=True)
class Folder:
    """A masked language model with its tokenizer."""

    path: Path
    settings: Mapping[str, Any]
    """The content of config.json."""
    tokenizer: Tokenizer
    """It neither cuts nor pads."""
    names: tuple[str, ...]
    """The special tokens in the order of NAMES."""
    special: SpecialIds

    def scorer(self, device: str | None = None) -> ReadingScorer:
        """The model itself; without a device on the GPU where there is one."""
        import torch

        from hansard_bias.models.reading import ReadingScorer

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return ReadingScorer(self.settings, self.weights(), device)

    def weights(self) -> dict[str, Any]:
        """The tensors by the names that `transformers` writes today."""
        from safetensors.torch import load_file

        found = load_file(self.path / WEIGHTS)
        return {_today(name): tensor for name, tensor in found.items() if not _NOT_READ.search(name)}


def read_folder(path: Path, what: str) -> Folder:
    """A folder with its tokenizer, looked at as `check_folder` does; ValueError also where special tokens are missing.

    what: how a message names where the folder was given, such as `params.yaml: models.base.folder`.
    """
    settings = check_folder(path, what)
    tokenizer, names = load_tokenizer(path), _special_names(path)
    # A tokenizer may be saved with the length of its last use: no text is cut off, nor padded here.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    for name, token in zip(NAMES, names, strict=True):
        expect(token in vocabulary, what, str(path), f"a folder whose tokenizer has a {name} (there: {token})")
    pad, unk, cls, sep, mask = (vocabulary[token] for token in names)
    first = first_position(settings)
    padding = f"the same padding in {CONFIG} (id {first - 1}) and tokenizer (id {pad})"
    expect(not first or first - 1 == pad, what, str(path), padding)
    every = {key for key, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    special = SpecialIds(pad, unk, cls, sep, mask, tuple(sorted(every | {pad, unk, cls, sep, mask})))
    return Folder(path, settings, tokenizer, names, special)


def check_folder(path: Path, what: str, most: int = 0) -> dict[str, Any]:
    """Look at all that can be known of the folder from its files; returns the content of config.json.

    most: tokens that its vocabulary may have; 0: any number. Raises ValueError for a folder that is missing or
    incomplete, that holds no masked language model of a family known here, or whose tokenizer does not fit.
    """

    def require(holds: object, expected: str, remedy: str = "") -> None:
        expect(holds, what, str(path), expected, remedy)

    require(path.is_dir(), "an existing Hugging Face folder on this machine")
    for name in FILES:
        require((path / name).is_file(), f"a folder with {', '.join(FILES)} (no {name} there)", REMEDIES.get(name, ""))
    settings, tokenizer = (_read(path / name) for name in (CONFIG, TOKENIZER))
    require(settings, f"a folder whose {CONFIG} is readable JSON")
    require(tokenizer.get("model"), f"a fast tokenizer in {TOKENIZER} (there is none in this one)")
    kind = settings.get("model_type")
    families = f"a masked language model of type {', '.join(ARCHITECTURES)} (its model_type: {kind!r})"
    require(kind in ARCHITECTURES, families)
    follows = ARCHITECTURES[str(kind)].positions_follow_padding
    for name in (*SIZES, "vocab_size", "max_position_embeddings", *["pad_token_id"] * follows):
        value = settings.get(name)
        require(type(value) is int, f"a {CONFIG} with a whole number for {name} (there: {value!r})")
    size = settings["vocab_size"]
    require(not most or size <= most, f"a model with a vocabulary of at most {most} tokens (it has {size})")
    own = vocabulary_size(path)
    require(own <= size, f"a tokenizer with no more tokens ({own}) than the model ({size})")
    _check_head(path, f"{ARCHITECTURES[str(kind)].head_dense}.weight", require)
    return settings


def _check_head(path: Path, head: str, require: Any) -> None:
    try:
        with safe_open(path / WEIGHTS, framework="np") as tensors:
            names = {*tensors.keys()}
    except SafetensorError:
        names = set()
    require(names, f"a folder whose {WEIGHTS} is whole")
    # A body alone is no masked language model.
    require(head in names, f"a masked language model with its head ({WEIGHTS} has no {head})")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _special_names(path: Path) -> tuple[str, ...]:
    told = _read(path / "tokenizer_config.json")
    if all(isinstance(told.get(name), str) for name in NAMES):
        return tuple(told[name] for name in NAMES)
    # The class of the tokenizer knows the special tokens of folders that do not name them.
    from transformers import AutoTokenizer

    known: Any = AutoTokenizer.from_pretrained(str(path), local_files_only=True, trust_remote_code=False)
    return tuple(str(getattr(known, name)) for name in NAMES)


def _today(name: str) -> str:
    for old, new in _OLD_NORMS:
        name = old.sub(new, name)
    return name
