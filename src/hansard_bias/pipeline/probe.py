"""What one model fills into the prompts' gaps, and how its words associate: `dvc repro probe@nunavut-1`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from transformers import PreTrainedTokenizerFast

from hansard_bias.analysis.word_classes import function_words
from hansard_bias.base.files import ALIGNED, MODELS, require_path, run_name
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import Config
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.files import Probing, load_probing, planted_frames
from hansard_bias.probing.probes import (
    audit_terms,
    audit_words,
    measure_associations,
    probe_benchmarks,
    probe_model,
    probe_planted,
)
from hansard_bias.probing.prompts import term_usage
from hansard_bias.probing.tables import LEGACY_TOP, Probed, write_probed


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Audit the words, ask the model, write data/probed/<model>-<seed>*.parquet."""
    name = run_name(model, seed)
    folder = require_path(root / MODELS / name, f"train@{name}")
    asked, frames = load_probing(config.probe.in_language(), root), planted_frames(config, root)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
    surface = partial(clean_text, lowercase=config.clean.lowercase)
    encoder = ClozeEncoder(tokenizer, surface, function_words(root / config.word_classes()))
    usage = {corpus: training_usage(asked, root / ALIGNED / f"{corpus}.parquet") for corpus in config.corpora}
    # The audit comes first: a term that cannot be written stops the run before anything is scored.
    audit = audit_terms(asked.groups, encoder, usage)
    words = audit_words(asked.associations, encoder, usage)
    # Not transformers' own forward: it takes as long to load as all the prompts take to be asked.
    scorer = ReadingScorer.load(folder)
    top_k = max(config.probe.top_k, LEGACY_TOP)
    probed = Probed(
        prompts=probe_model(scorer, encoder, asked.prompts, asked.groups, top_k),
        benchmarks=probe_benchmarks(scorer, encoder, asked.benchmarks),
        associations=measure_associations(scorer, encoder, asked.associations),
        audit=audit,
        words=words,
        tests=[test.names() for test in asked.associations.tests],
        planted=probe_planted(scorer, encoder, frames),
    )
    write_probed(probed, model, seed, root)


def training_usage(asked: Probing, path: Path) -> dict[str, int]:
    """How often every word that is asked for occurs in a corpus's training speeches."""
    table = pq.read_table(require_path(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    return term_usage(asked.words, table["text"].to_pylist())
