"""A project that is ready to be scored: made-up debates of two corpora, a tokenizer, a model that has learned them.

`python trained_project.py FOLDER [--die AFTER]` scores it; with --die the process kills itself after so many parts.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from ruamel.yaml import YAML

from hansard_bias.params import Config, TokenizerConfig, parse_config
from hansard_bias.pipeline import score
from hansard_bias.scoring import shards
from hansard_bias.scoring.run import Inputs
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded, write_encoded
from hansard_bias.tokens.tokenizer import (
    CLS_ID,
    MASK_ID,
    PAD_ID,
    SEP_ID,
    encode_texts,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)
from tiny_project import ROOT, merged, write_params

POSITIONS = 32
CHANGES = {"score": {"batch_tokens": 300, "likelihood_speeches": 8}, "train": {"seeds": [1]}}
TOPICS = [["ka", "ni", "tu"], ["mo", "le", "si"], ["pa", "qe", "vu"], ["do", "bi", "ge"], ["fo", "hy", "wa"]]


def configuration(**changes: Any) -> Config:
    """The shipped parameters with small batches and samples; changes: of the section `score`."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return parse_config(merged(merged(shipped, CHANGES), {"score": changes}))


def speeches(corpus: str, count: int = 40) -> list[str]:
    """Each speech has a topic whose words are made of syllables of its own; some outgrow the model's window."""
    rng = np.random.default_rng(len(corpus))
    texts = []
    for _ in range(count):
        syllables = TOPICS[rng.integers(len(TOPICS))]
        words = ["".join(rng.choice(syllables, rng.integers(1, 6))) for _ in range(rng.integers(1, 14))]
        texts.append(" ".join(words) + ".")
    return texts


def build(folder: Path) -> Path:
    """Write texts, tokenizer, encoded corpora and the trained model `mixed-1`."""
    config = configuration()
    write_params(folder, YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8")))
    texts = {corpus: speeches(corpus) for corpus in config.corpora}
    everything = [text for part in texts.values() for text in part]
    tokenizer = train_tokenizer(everything, TokenizerConfig(vocab_size=301, min_frequency=1))
    save_tokenizer(tokenizer, folder / "models/tokenizer", POSITIONS)
    (folder / "data/aligned").mkdir(parents=True)
    for corpus, own in texts.items():
        ids = [f"{corpus}/{at % 6}/{at}" for at in range(len(own))]
        pieces = list(encode_texts(tokenizer, own))
        columns = {"speech_id": ids, "sitting": [f"2001-02-0{1 + at % 6}" for at in range(len(own))]}
        columns |= {"split": ["test"] * len(own), "bytes": [len(text) for text in own]}
        write_encoded(folder / "data/encoded" / corpus, pa.table(columns), pieces)
        pq.write_table(pa.table({"speech_id": ids, "text": own}), folder / f"data/aligned/{corpus}.parquet")
    model = learn([read_encoded(folder / "data/encoded" / corpus) for corpus in config.corpora])
    model.save_pretrained(str(folder / "models/mixed-1"))
    for file in (folder / "models/tokenizer").iterdir():
        shutil.copy(file, folder / "models/mixed-1")
    return folder


def learn(corpora: list[EncodedCorpus], updates: int = 150) -> Any:
    """A small BERT, trained until it is far from knowing nothing."""
    from transformers import BertConfig, BertForMaskedLM  # only here: a process that scores needs none of it

    torch.manual_seed(4)
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    sizes |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model: Any = BertForMaskedLM(
        BertConfig(vocab_size=301, max_position_embeddings=POSITIONS, initializer_range=0.1, **sizes)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    room = POSITIONS - 2
    starts = [
        (corpus, start, min(int(length), room))
        for corpus in corpora
        for start, length in zip(corpus.starts, corpus.lengths, strict=True)
    ]
    rows = torch.full((len(starts), POSITIONS), PAD_ID)
    for row, (corpus, start, length) in zip(rows, starts, strict=True):
        row[: length + 2] = torch.tensor([CLS_ID, *corpus.tokens[start : start + length].tolist(), SEP_ID])
    for _ in range(updates):
        labels = rows[torch.randint(0, len(rows), (16,))]
        hidden = (torch.rand(labels.shape) < 0.2) & (labels > SEP_ID)
        shown = torch.where(hidden, MASK_ID, labels)
        loss = model(shown, attention_mask=labels != PAD_ID, labels=torch.where(hidden, labels, -100)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 3, "has learned nothing of the topics"
    return model.eval()


def tokenizer_of(folder: Path) -> Any:
    """The project's tokenizer."""
    return load_tokenizer(folder / "models/tokenizer")


def run(folder: Path, **changes: Any) -> None:
    """Score `mixed` with seed 1 in this folder, as the stage does; parts are small, so that there are several."""
    os.environ["DVC_ROOT"] = str(folder)
    shards.PART_TOKENS = 3000
    score.run(configuration(**changes), "mixed", 1, folder)


def stop_after(parts: int, patch: pytest.MonkeyPatch, number: int = signal.SIGINT) -> None:
    """Let the scoring end in the middle of the part after so many, by a signal."""
    original, calls = Inputs.score, 0

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > parts:
            signal.raise_signal(number)
        return original(*arguments)

    patch.setattr(Inputs, "score", counted)


if __name__ == "__main__":
    if sys.argv[2:3] == ["--die"]:
        stop_after(int(sys.argv[3]), pytest.MonkeyPatch(), signal.SIGKILL)
    run(Path(sys.argv[1]))
