"""The surprisal of every test piece of every corpus under one model: `dvc repro score@nunavut-1`."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.architectures import usable_positions
from hansard_bias.config import Config
from hansard_bias.encoded import read_encoded
from hansard_bias.measurement.loading import load_model
from hansard_bias.measurement.scoring import score_speeches
from hansard_bias.paths import ENCODED, MODELS, SCORES, TOKENIZER, needed, run_name, sha256
from hansard_bias.scores import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, score_table, write_scores
from hansard_bias.tokenization import special_ids


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Score the test split of every corpus and write data/scores/<model>-<seed>.parquet."""
    name = run_name(model, seed)
    folder = needed(root / MODELS / name, f"train@{name}")
    network = load_model(folder)
    positions = usable_positions(network.config.to_dict())
    special = special_ids(root / TOKENIZER)
    tables = []
    for corpus in config.corpora:
        encoded = read_encoded(root / ENCODED / corpus)
        rows = encoded.split_rows("test")
        surprisals = score_speeches(network, encoded, rows, config.score, positions, special)
        tables.append(score_table(corpus, encoded, rows, surprisals))
    fingerprint = {
        FOLDS_KEY: f"seed {config.score.seed}, {config.score.folds} folds",
        TOKENIZER_KEY: sha256(root / TOKENIZER / "tokenizer.json"),
        WEIGHTS_KEY: sha256(folder / "model.safetensors"),
    }
    if sha256(folder / "tokenizer.json") != fingerprint[TOKENIZER_KEY]:
        raise ValueError(f"{folder}: was trained with another tokenizer than {TOKENIZER}; run `dvc repro train@{name}`")
    write_scores(root / SCORES / f"{name}.parquet", tables, fingerprint)
