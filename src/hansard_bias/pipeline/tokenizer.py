"""One tokenizer for all models, from equal amounts of every corpus or from `model.init`: `dvc repro tokenizer`."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.base.files import ALIGNED, TOKENIZER, require_path
from hansard_bias.models.architectures import check_initial, with_initial_sizes
from hansard_bias.params import Config
from hansard_bias.tokens.tokenizer import equal_bytes, save_tokenizer, take_tokenizer, train_tokenizer


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


def training_texts(path: Path) -> list[str]:
    """The training speeches of one aligned corpus."""
    table = pq.read_table(require_path(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    texts: list[str] = table["text"].to_pylist()
    return texts
