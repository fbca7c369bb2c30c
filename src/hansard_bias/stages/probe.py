"""What one model fills into the prompts' gaps: `dvc repro probe@nunavut-1`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.config import Config
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.measurement.loading import load_fast_tokenizer, load_model
from hansard_bias.measurement.probes import audit_terms, probe_model
from hansard_bias.measurement.prompts import Group, load_groups, load_prompts, term_usage
from hansard_bias.paths import ALIGNED, MODELS, PROBED, needed, run_name

AUDIT_KEY = b"audit"


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Audit the terms, probe the model, write data/probed/<model>-<seed>.parquet."""
    name = run_name(model, seed)
    folder = needed(root / MODELS / name, f"train@{name}")
    prompts = load_prompts(root / config.probe.prompts)
    groups = load_groups(root / config.probe.groups)
    surface = partial(clean_text, lowercase=config.clean.lowercase)
    tokenizer = load_fast_tokenizer(folder)
    usage = {corpus: training_usage(groups, root / ALIGNED / f"{corpus}.parquet") for corpus in config.corpora}
    audit = audit_terms(groups, tokenizer, usage, surface)
    answers = probe_model(load_model(folder), tokenizer, prompts, groups, config.probe.top_k, surface)
    table = pa.Table.from_pandas(answers, preserve_index=False)
    path = root / PROBED / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({AUDIT_KEY: json.dumps(audit)}), path, compression="zstd")


def training_usage(groups: tuple[Group, Group], path: Path) -> dict[str, int]:
    """How often every term of both groups occurs in a corpus's training speeches."""
    table = pq.read_table(needed(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    terms = [term for group in groups for term in group.terms]
    return term_usage(terms, table["text"].to_pylist())
