"""Speeches and their scores as frames: what DVC keeps of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.api.frames import frame
from hansard_bias.base.files import ALIGNED, COMPANION, SCORES, TOKENIZER, require_path
from hansard_bias.scoring.tables import read_sums, read_tokens
from hansard_bias.tokens.tokenizer import load_tokenizer

FACTS = ["speech_id", "speaker", "role", "topic"]


def speeches(root: Path, corpus: str) -> pd.DataFrame:
    """The aligned speeches of a corpus."""
    return frame("speeches", _aligned(root, corpus).to_pandas())


def scores(
    root: Path, name: str, companion: bool, corpora: Sequence[str], by: str, tokenizer: Path = TOKENIZER
) -> pd.DataFrame:
    """Scores of the test speeches of these corpora, one row a `speech` or a `token`.

    name: of the run, or of the model for its companion. tokenizer: the folder of the one whose tokens were scored.
    """
    kind, stage = (COMPANION, "companion") if companion else (SCORES, f"score@{name}")
    path = require_path(root / kind / f"{name}.parquet", stage)
    table = read_sums(path)[0].to_pandas()
    table = table[table["corpus"].isin(corpora)]
    facts = pd.concat([_aligned(root, corpus, FACTS).to_pandas() for corpus in corpora])
    told = table.merge(facts, on="speech_id", how="left", validate="one_to_one")
    if by == "speech":
        return frame("scores", told.assign(nats_per_token=told["nats"] / told["tokens"]))
    names = _token_names(root / tokenizer)
    parts = [_by_token(told[told["corpus"] == corpus], path, corpus, names) for corpus in corpora]
    # Categories of one corpus are not those of the next: texts again, until the frame makes its own.
    return frame("scores by token", pd.concat([part.astype({"token": "str"}) for part in parts], ignore_index=True))


def _by_token(table: pd.DataFrame, path: Path, corpus: str, names: pd.Index[str]) -> pd.DataFrame:
    offsets, ids = read_tokens(path, corpus, "token_ids")
    _, nats = read_tokens(path, corpus, "surprisals")
    lengths = np.diff(offsets)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    own = table.drop(columns="nats").iloc[owner].reset_index(drop=True)
    columns: dict[str, Any] = {
        "position": np.arange(len(ids)) - offsets[owner],
        "token_id": ids,
        "token": names[ids],
        "nats": nats,
    }
    return own.assign(**columns)


def _token_names(folder: Path) -> pd.Index[str]:
    vocabulary = load_tokenizer(folder).get_vocab(with_added_tokens=True)
    named = dict.fromkeys(range(max(vocabulary.values()) + 1), "")
    named |= {number: token for token, number in vocabulary.items()}
    return pd.Index([*named.values()])


def _aligned(root: Path, corpus: str, columns: list[str] | None = None) -> pa.Table:
    return pq.read_table(require_path(root / ALIGNED / f"{corpus}.parquet", "align"), columns=columns)
