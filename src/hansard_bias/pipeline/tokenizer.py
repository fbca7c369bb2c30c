"""One tokenizer for all models, from equal amounts of every corpus or from `model.init`: `dvc repro tokenizer`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from tokenizers import Tokenizer

from hansard_bias.base.files import ALIGNED, TOKENIZER, require_path
from hansard_bias.models.architectures import (
    check_initial,
    first_position,
    init_error,
    read_settings,
    with_initial_sizes,
)
from hansard_bias.params import Config
from hansard_bias.tokens.tokenizer import (
    NAMES,
    equal_bytes,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
    vocabulary_size,
)


def run(config: Config, aligned: Path = ALIGNED, output: Path = TOKENIZER) -> None:
    """Train on the training splits, or take the tokenizer of `model.init`; write a Hugging Face tokenizer."""
    if config.model.init:
        check_initial(config.model.init)
        positions = with_initial_sizes(config).model.max_position_embeddings
        taken, tokens = take_tokenizer(config.model.init)
        save_tokenizer(taken, output, positions, tokens)
        return
    texts = {corpus: training_texts(aligned / f"{corpus}.parquet") for corpus in config.corpora}
    tokenizer = train_tokenizer(equal_bytes(texts), config.tokenizer)
    save_tokenizer(tokenizer, output, config.model.max_position_embeddings)


def take_tokenizer(init: str) -> tuple[Tokenizer, tuple[str, ...]]:
    """The fast tokenizer of a model's folder and its special tokens, in the order of NAMES.

    Raises ConfigError when one of them is missing, or when the tokenizer and the model do not fit each other.
    """
    from transformers import AutoTokenizer

    settings = read_settings(init)
    # The class of the tokenizer knows the special tokens of folders that do not name them.
    known: Any = AutoTokenizer.from_pretrained(init, local_files_only=True, trust_remote_code=False)
    tokenizer = load_tokenizer(Path(init))
    # A tokenizer may be saved with the length of its last use: speeches are never cut off, nor padded here.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens = tuple(str(getattr(known, name)) for name in NAMES)
    ids = [tokenizer.token_to_id(token) for token in tokens]
    for name, token, number in zip(NAMES, tokens, ids, strict=True):
        if number is None:
            raise init_error(init, f"a tokenizer with a {name} (there: {token})")
    size = vocabulary_size(Path(init))
    if size > settings["vocab_size"]:
        raise init_error(init, f"a tokenizer with no more pieces ({size}) than the model ({settings['vocab_size']})")
    first = first_position(settings)
    if first and first - 1 != ids[0]:
        raise init_error(init, f"the same padding in config.json (id {first - 1}) and tokenizer (id {ids[0]})")
    return tokenizer, tokens


def training_texts(path: Path) -> list[str]:
    """The training speeches of one aligned corpus."""
    table = pq.read_table(require_path(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    texts: list[str] = table["text"].to_pylist()
    return texts
