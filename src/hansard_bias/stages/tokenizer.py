"""One tokenizer for all models, from equal amounts of every corpus's training text: `dvc repro tokenizer`."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.config import Config
from hansard_bias.paths import ALIGNED, TOKENIZER, needed
from hansard_bias.tokenization import equal_bytes, save_tokenizer, train_tokenizer


def run(config: Config, aligned: Path = ALIGNED, output: Path = TOKENIZER) -> None:
    """Train on the training splits and write a Hugging Face tokenizer."""
    texts = {corpus: training_texts(aligned / f"{corpus}.parquet") for corpus in config.corpora}
    tokenizer = train_tokenizer(equal_bytes(texts), config.tokenizer)
    output.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, output, config.model.max_position_embeddings)


def training_texts(path: Path) -> list[str]:
    """The training speeches of one aligned corpus."""
    table = pq.read_table(needed(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    texts: list[str] = table["text"].to_pylist()
    return texts
