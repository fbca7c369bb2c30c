"""The surprisal of every test piece of every corpus under one model: `dvc repro score@nunavut-1`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hansard_bias.config import Config
from hansard_bias.encoded import read_encoded
from hansard_bias.measurement.loading import load_model
from hansard_bias.measurement.scoring import score_speeches
from hansard_bias.paths import ENCODED, MODELS, SCORES, TOKENIZER, needed, run_name
from hansard_bias.scores import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, score_table, write_scores


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Score the test split of every corpus and write data/scores/<model>-<seed>.parquet."""
    name = run_name(model, seed)
    folder = needed(root / MODELS / name, f"train@{name}")
    network = load_model(folder)
    tables = []
    for corpus in config.corpora:
        encoded = read_encoded(root / ENCODED / corpus)
        rows = encoded.split_rows("test")
        positions = config.model.max_position_embeddings
        surprisals = score_speeches(network, encoded, rows, config.score, positions)
        tables.append(score_table(corpus, encoded, rows, surprisals))
    fingerprint = {
        FOLDS_KEY: f"seed {config.score.seed}, {config.score.folds} folds",
        TOKENIZER_KEY: _sha256(root / TOKENIZER / "tokenizer.json"),
        WEIGHTS_KEY: _sha256(folder / "model.safetensors"),
    }
    if _sha256(folder / "tokenizer.json") != fingerprint[TOKENIZER_KEY]:
        raise ValueError(f"{folder}: was trained with another tokenizer than {TOKENIZER}; run `dvc repro train@{name}`")
    write_scores(root / SCORES / f"{name}.parquet", tables, fingerprint)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
