"""The matrix looked at again: by single run, on text that no training shares, and by exact pseudo-log-likelihoods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import LeftOut, LikelihoodRecord, WithoutShared
from hansard_bias.base.files import LIKELIHOODS, require_path, run_name
from hansard_bias.params import Config
from hansard_bias.scoring.tables import FORMS, SAMPLE_KEY, TEXTS_KEY, TOKENIZER_KEY, read_likelihood_sums
from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.variance import pooled

# What all runs of the likelihoods must have in common, in words.
IN_COMMON = {SAMPLE_KEY: "sample", TOKENIZER_KEY: "tokenizer", TEXTS_KEY: "test speeches"}


@metric("runs", dict[str, dict[str, dict[str, float]]])
def run_perplexities(data: StudyData) -> dict[str, dict[str, dict[str, float]]]:
    """The perplexity of every single run on every column, by row, seed and column."""
    config = data.config
    # Nats are averaged before the exponent, in columns of several corpora too: exp of a mean, not a mean of exps.
    losses = {corpus: part.nats.sum(axis=-1) / part.tokens.sum() for corpus, part in data.sums.items()}
    return {
        config.row_key(model): {
            str(seed): {
                f"on_{column}": float(np.exp(sum(share * losses[corpus][row, run] for corpus, share in shares.items())))
                for column, shares in config.columns().items()
            }
            for run, seed in enumerate(config.train.seeds)
        }
        for row, model in enumerate(config.models)
    }


@metric("without_shared_13grams", WithoutShared)
def without_shared(data: StudyData) -> WithoutShared:
    """What was left out, and the same numbers without it; a reason in their place where a corpus has nothing left."""
    sharing = {corpus: facts.sharing for corpus, facts in data.facts.items()}
    tokens = {corpus: losses.tokens for corpus, losses in data.losses.items()}
    left_out = {
        corpus: LeftOut(int(shared.sum()), len(shared), float(tokens[corpus][shared].sum() / tokens[corpus].sum()))
        for corpus, shared in sharing.items()
    }
    # A matrix with a hole would look like a result: the reason takes its place.
    empty = [corpus for corpus, shared in sharing.items() if not tokens[corpus][~shared].any()]
    if empty:
        return WithoutShared(left_out, f"every test speech of {empty[0]} shares 13 words with training text")
    # The design stays that of the whole study: only the text is another.
    sums = {corpus: losses.sums(~sharing[corpus]) for corpus, losses in data.losses.items()}
    return WithoutShared(left_out, **vars(measure(sums, data.design)))


@metric("likelihoods", dict[str, dict[str, LikelihoodRecord]])
def likelihood_findings(data: StudyData) -> dict[str, dict[str, LikelihoodRecord]]:
    """Row of the matrix -> `on_<corpus>` -> likelihoods; empty where none were asked for.

    Sums over the sampled speeches by their tokens, in nats per token, 0 or less, the mean over seeds; intervals
    are for other sittings alone (no bounds where there is one).

    Raises ValueError for tables of different samples, tokenizers or speeches.
    """
    config = data.config
    if not config.score.likelihood_speeches:
        return {}
    tables: dict[str, list[pd.DataFrame]] = {model: [] for model in data.runs}
    first = None
    for model, seed in ((model, seed) for model, seeds in data.runs.items() for seed in seeds):
        path, stage = LIKELIHOODS / f"{run_name(model, seed)}.parquet", f"score@{run_name(model, seed)}"
        table, fingerprint = read_likelihood_sums(require_path(data.root / path, stage))
        tables[model].append(table.to_pandas())
        first = first or fingerprint
        for key, words in IN_COMMON.items():
            if key not in fingerprint or fingerprint[key] != first.get(key):
                raise ValueError(f"{path}: other {words} than the first model's; run `dvc repro {stage}`")
    return {
        config.row_key(model): {f"on_{corpus}": _likelihoods_of(corpus, runs, config) for corpus in config.corpora}
        for model, runs in tables.items()
    }


def _likelihoods_of(corpus: str, runs: list[pd.DataFrame], config: Config) -> LikelihoodRecord:
    parts = [run[run["corpus"] == corpus] for run in runs]
    tokens = parts[0]["tokens"].to_numpy(dtype=np.float64)
    days = Clusters.of(np.arange(len(tokens)))
    nats = {form: np.array([part[form].to_numpy(dtype=np.float64) for part in parts]).mean(axis=0) for form in FORMS}
    found = {form: pooled(each[None], tokens, days).interval(config.bias.confidence) for form, each in nats.items()}
    return LikelihoodRecord(int(parts[0]["speeches"].sum()), int(tokens.sum()), **found)
