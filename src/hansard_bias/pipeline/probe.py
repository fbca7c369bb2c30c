"""What one model fills into the prompts' gaps, and how its words associate: `dvc repro probe@nunavut-1`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from transformers import PreTrainedTokenizerFast

from hansard_bias.analysis.word_classes import function_words
from hansard_bias.base.files import ALIGNED, MODELS, require_path, run_name
from hansard_bias.base.messages import warn
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import Config
from hansard_bias.probing.benchmarks import left_out_lines
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.files import Probing, load_probing, planted_frames
from hansard_bias.probing.pairs import probe_pairs
from hansard_bias.probing.probes import (
    asked_words,
    audit_terms,
    audit_words,
    measure_associations,
    probe_benchmarks,
    probe_model,
    probe_planted,
)
from hansard_bias.probing.prompts import Groups, term_usage
from hansard_bias.probing.tables import LEGACY_TOP, Probed, write_probed

# A group whose terms share less than this in every prompt is not asked about: a thousandth.
SILENT = 1e-3


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Audit the words, ask the model, write data/probed/<model>-<seed>*.parquet."""
    name = run_name(model, seed)
    folder = require_path(root / MODELS / name, f"train@{name}")
    asked, frames = load_probing(config.probe.in_language(), root), planted_frames(config, root)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
    surface = partial(clean_text, lowercase=config.clean.lowercase)
    encoder = ClozeEncoder(tokenizer, surface, function_words(root / config.word_classes()))
    # Not transformers' own forward: it takes as long to load as all the prompts take to be asked.
    scorer = ReadingScorer.load(folder)
    associations, unwritable = asked_words(asked.associations, scorer, encoder)
    asked = replace(asked, associations=associations)
    usage = {corpus: training_usage(asked, root / ALIGNED / f"{corpus}.parquet") for corpus in config.corpora}
    # The audit comes first: a term that cannot be written stops the run before anything is scored.
    audit = audit_terms(asked.groups, encoder, usage)
    words = audit_words(asked.associations, encoder, usage)
    top_k = max(config.probe.top_k, LEGACY_TOP)
    prompts = probe_model(scorer, encoder, asked.prompts, asked.groups, top_k)
    warn_of_silent_groups(asked.groups, prompts)
    benchmarks, unanswered = probe_benchmarks(scorer, encoder, asked.benchmarks)
    pairs, unread = probe_pairs(scorer, encoder, asked.benchmarks)
    # What is wrong with the files themselves is told by `check`.
    left_out = [*unwritable, *unanswered, *unread]
    for line in left_out_lines(left_out):
        warn(line)
    probed = Probed(
        prompts=prompts,
        benchmarks=benchmarks,
        associations=measure_associations(scorer, encoder, asked.associations),
        audit=audit,
        words=words,
        tests=[test.names() for test in asked.associations.tests],
        planted=probe_planted(scorer, encoder, frames),
        pairs=pairs,
        left_out=[*chain.from_iterable(each.told for each in asked.benchmarks), *left_out],
    )
    write_probed(probed, model, seed, root)


def warn_of_silent_groups(groups: Groups, prompts: pd.DataFrame) -> None:
    """Say of a group that no prompt gives its terms any probability to speak of."""
    for group, column in zip(groups, ("p_first", "p_second"), strict=True):
        if (most := float(prompts[column].max())) < SILENT:
            problem = f"its terms have at most {most:.1e} of the probability in any prompt, so that nothing is asked"
            warn(
                f"probe.groups: group {group.name}: {problem}; choose terms that the training text uses in such places"
            )


def training_usage(asked: Probing, path: Path) -> dict[str, int]:
    """How often every word that is asked for occurs in a corpus's training speeches."""
    table = pq.read_table(require_path(path, "align"), columns=["text"], filters=[("split", "=", "train")])
    return term_usage(asked.words, table["text"].to_pylist())
