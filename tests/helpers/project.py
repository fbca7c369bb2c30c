"""Small projects, built one way: tiny parameters, made-up inputs of a stage, and every stage's own `run`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from ruamel.yaml import YAML
from tokenizers import Tokenizer, models

from hansard_bias.params import Config, TokenizerConfig, parse_config
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded, write_encoded_parts
from hansard_bias.tokens.tokenizer import (
    CLS_ID,
    MASK_ID,
    PAD_ID,
    SEP_ID,
    SPECIAL_TOKENS,
    encode_texts,
    save_tokenizer,
    train_tokenizer,
)

ROOT = Path(__file__).parents[2]


def sizes(hidden: int, positions: int, **others: float) -> dict[str, float]:
    """The section `model` of a small model: its width and its window, the rest as shipped or as named here."""
    return {"hidden_size": hidden, "intermediate_size": 2 * hidden, "max_position_embeddings": positions, **others}


def write_encoded(folder: Path, index: pa.Table, tokens: Iterable[np.ndarray]) -> None:
    """Write one corpus in one part; `index` has speech_id, sitting, split and bytes in the order of `tokens`."""
    write_encoded_parts(folder, index.schema, [(index, tokens)])


TINY = {
    "sample": {"seed": 5, "speeches": 360, "sittings": 24},
    "align": {"period": "none"},
    "tokenizer": {"vocab_size": 600},
    "model": sizes(32, 64, num_hidden_layers=1, num_attention_heads=2),
    "train": {
        "epochs": 2,
        "batch_size": 16,
        "eval_every": 10,
        "save_every": 10,
        "seeds": [1, 2],
        "lr": 0.003,
        "patience": 50,
    },
    "score": {"likelihood_speeches": 10},
    "probe": {"draws": 200},
    "bias": {"halvings": 2},
}
COUNTED = 120
"""Tokens in the vocabulary of the runs that count upwards."""
TRAINED = {"score": {"batch_tokens": 300, "likelihood_speeches": 8}, "train": {"seeds": [1]}}
"""Parameters of the trained project: small batches and samples."""
POSITIONS = 32
"""Window of the trained project's model."""
TOPICS = [["ka", "ni", "tu"], ["mo", "le", "si"], ["pa", "qe", "vu"], ["do", "bi", "ge"], ["fo", "hy", "wa"]]


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A deep copy of nested dicts with some values replaced."""
    result = {key: merged(value, {}) if isinstance(value, dict) else value for key, value in base.items()}
    for key, value in changes.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) else value
    return result


def shipped_params(*changes: dict[str, Any]) -> dict[str, Any]:
    """The shipped params.yaml as plain data, with some values replaced."""
    raw = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for change in changes:
        raw = merged(raw, change)
    return raw


def write_params(folder: Path, raw: dict[str, Any]) -> Path:
    """Write params.yaml and link the probes into a project folder."""
    with (folder / "params.yaml").open("w", encoding="utf-8") as handle:
        YAML().dump(raw, handle)
    (folder / "data").mkdir(exist_ok=True)
    probes = folder / "data" / "probes"
    if not probes.exists():
        probes.symlink_to(ROOT / "data" / "probes")
    return folder


class Project:
    """A project folder whose stages have run."""

    def __init__(self, root: Path, raw: dict[str, Any]) -> None:
        self.root, self.raw, self.config = root, raw, parse_config(raw)


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """A copy, with links and times, of the folder that `build` fills, and of files beside it that share its name.

    One of the test processes builds it, whoever asks first; the others wait.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    original, done = shared / f"original-{name}", shared / f"original-{name}.done"
    with FileLock(shared / f"original-{name}.lock"):
        if not done.exists():
            # A build of minutes that has failed once would fail for every file of tests that asks.
            assert not original.exists(), f"{name} could not be built; the first test that asked for it says why"
            original.mkdir()
            build(original)
            done.touch()
    copy = factory.mktemp(name) / name
    # Not shutil.copytree: hard links to DVC's cache must stay links.
    subprocess.run(["cp", "-a", str(original), str(copy)], check=True)
    for beside in shared.glob(f"original-{name}-*"):
        shutil.copy(beside, copy.with_name(beside.name.removeprefix("original-")))
    return copy


def forget_accelerator() -> None:
    """Let the next training choose its precision: Accelerate keeps one a process, whoever set it."""
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(True)


def run_all_stages(folder: Path, raw: dict[str, Any]) -> None:
    """Every stage's own `run`, in order."""
    from hansard_bias.pipeline import (
        align,
        bias,
        check,
        companion,
        corpus,
        encode,
        halvings,
        probe,
        report,
        sample,
        score,
        tokenizer,
        train,
    )

    forget_accelerator()
    built = Project(write_params(folder, raw), raw)
    before = Path.cwd()
    os.chdir(built.root)
    try:
        check.run(built.config)
        sample.run(built.config)
        for name in built.config.corpora:
            corpus.run(built.config, name)
        align.run(built.config)
        tokenizer.run(built.config)
        for name in built.config.corpora:
            encode.run(name)
        for model in built.config.models:
            for seed in built.config.train.seeds:
                train.run(built.config, model, seed)
                score.run(built.config, model, seed)
                probe.run(built.config, model, seed)
        companion.run(built.config)
        halvings.run(built.config)
        bias.run(built.config)
        report.run(built.config)
    finally:
        os.chdir(before)
        forget_accelerator()


def write_counting_corpora(root: Path, config: Config, speeches: dict[str, int], numbers: int = 100) -> Path:
    """What `train` reads: two encoded corpora of runs that count upwards, so that the loss falls; mixtures, tokenizer.

    speeches: how many of each split; numbers: how many tokens they count through before they begin again.
    """
    rows = []
    splits = [split for split, count in speeches.items() for _ in range(count)]
    for number, corpus in enumerate(config.corpora):
        rng = np.random.default_rng(number)
        ids = [f"{corpus}/{at}" for at in range(len(splits))]
        runs = [5 + (rng.integers(0, numbers) + np.arange(rng.integers(4, 40))) % numbers for _ in ids]
        index = pa.table({"speech_id": ids, "sitting": splits, "split": splits, "bytes": [len(run) for run in runs]})
        write_encoded(root / "data/encoded" / corpus, index, [run.astype(np.uint16) for run in runs])
        readers = [name for name, model in config.models.items() if model.mixture.get(corpus)]
        rows += [(model, corpus, *speech) for model in readers for speech in zip(ids, splits, strict=True)]
    (root / "data/aligned").mkdir()
    names = ("model", "corpus", "speech_id", "split")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), root / "data/aligned/mixtures.parquet")
    words = [*SPECIAL_TOKENS, *(f"piece{number}" for number in range(len(SPECIAL_TOKENS), COUNTED))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens([*SPECIAL_TOKENS])
    save_tokenizer(tokenizer, root / "models/tokenizer", 32)
    return root


def write_trained_project(root: Path) -> Path:
    """What `score` reads: made-up debates, a tokenizer, encoded corpora, and `mixed-1`, which has learned them."""
    write_params(root, shipped_params())
    texts = {corpus: made_up_debates(corpus) for corpus in ("nunavut", "canada")}
    tokenizer = train_tokenizer([*texts["nunavut"], *texts["canada"]], TokenizerConfig(vocab_size=301, min_frequency=1))
    save_tokenizer(tokenizer, root / "models/tokenizer", POSITIONS)
    (root / "data/aligned").mkdir(parents=True)
    for corpus, own in texts.items():
        ids = [f"{corpus}/{at % 6}/{at}" for at in range(len(own))]
        columns = {"speech_id": ids, "sitting": [f"2001-02-0{1 + at % 6}" for at in range(len(own))]}
        columns |= {"split": ["test"] * len(own), "bytes": [len(text) for text in own]}
        write_encoded(root / "data/encoded" / corpus, pa.table(columns), list(encode_texts(tokenizer, own)))
        pq.write_table(pa.table({"speech_id": ids, "text": own}), root / f"data/aligned/{corpus}.parquet")
    model = learned_model([read_encoded(root / "data/encoded" / corpus) for corpus in texts])
    model.save_pretrained(str(root / "models/mixed-1"))
    for file in (root / "models/tokenizer").iterdir():
        shutil.copy(file, root / "models/mixed-1")
    return root


def made_up_debates(corpus: str, count: int = 40) -> list[str]:
    """Each speech has a topic whose words are made of syllables of its own; some outgrow the model's window."""
    rng = np.random.default_rng(len(corpus))
    texts = []
    for _ in range(count):
        syllables = TOPICS[rng.integers(len(TOPICS))]
        words = ["".join(rng.choice(syllables, rng.integers(1, 6))) for _ in range(rng.integers(1, 14))]
        texts.append(" ".join(words) + ".")
    return texts


def learned_model(corpora: list[EncodedCorpus], updates: int = 150) -> Any:
    """A small BERT, trained until it is far from knowing nothing."""
    # Only here: who builds no model waits for neither.
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(4)
    shape: Any = sizes(32, POSITIONS, num_hidden_layers=2, num_attention_heads=2, initializer_range=0.1)
    settings = BertConfig(vocab_size=301, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **shape)
    model: Any = BertForMaskedLM(settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    starts = [
        (corpus, start, min(int(length), POSITIONS - 2))
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
