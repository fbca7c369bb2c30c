"""What one model fills into the prompts' gaps, and how its words associate: `dvc repro probe@nunavut-1`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.base.files import ALIGNED, MODELS, require_path, run_name
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import Config
from hansard_bias.probing.embeddings import measure_associations
from hansard_bias.probing.files import Probing, load_probing
from hansard_bias.probing.planted import planted_frames
from hansard_bias.probing.preferences import audit_terms, audit_words, probe_benchmarks, probe_model, probe_planted
from hansard_bias.probing.prompts import term_usage
from hansard_bias.probing.tables import LEGACY_TOP, Probed, write_probed
from hansard_bias.tokens.tokenizer import load_fast_tokenizer


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Audit the words, ask the model, write data/probed/<model>-<seed>*.parquet."""
    name = run_name(model, seed)
    folder = require_path(root / MODELS / name, f"train@{name}")
    asked, frames = load_probing(config.probe, root), planted_frames(config, root)
    normalise = partial(clean_text, lowercase=config.clean.lowercase)
    tokenizer = load_fast_tokenizer(folder)
    usage = {corpus: training_usage(asked, root / ALIGNED / f"{corpus}.parquet") for corpus in config.corpora}
    # The audit comes first: a term that cannot be written stops the run before anything is scored.
    audit = audit_terms(asked.groups, tokenizer, usage, normalise)
    words = audit_words(asked.associations.words, tokenizer, usage, normalise)
    scorer = TransformersScorer.load(folder)
    top_k = max(config.probe.top_k, LEGACY_TOP)
    probed = Probed(
        prompts=probe_model(scorer, tokenizer, asked.prompts, asked.groups, top_k, normalise),
        benchmarks=probe_benchmarks(scorer, tokenizer, asked.benchmarks, normalise),
        associations=measure_associations(scorer, tokenizer, asked.associations, normalise),
        audit=audit,
        words=words,
        tests=[test.names() for test in asked.associations.tests],
        planted=probe_planted(scorer, tokenizer, frames, normalise),
    )
    write_probed(probed, model, seed, root)


def training_usage(asked: Probing, path: Path) -> dict[str, int]:
    """How often every word that is asked for occurs in a corpus's training speeches."""
    table = pq.read_table(require_path(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    return term_usage(asked.words, table["text"].to_pylist())
