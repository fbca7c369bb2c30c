"""What the analysis reads: scores, facts of the test speeches and probes of all runs, checked to fit each other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from hansard_bias.analysis.speeches import Facts, Losses, facts_of, losses_of
from hansard_bias.analysis.vocabulary import TextVocabulary, training_counts, unigram_surprisals
from hansard_bias.base.files import (
    COMPANION,
    ENCODED,
    METRICS,
    MIXTURES,
    MODELS,
    PROBED,
    SCORES,
    TOKENIZER,
    require_path,
    run_name,
    sha256,
)
from hansard_bias.params import Config
from hansard_bias.probing.files import PlantedFrame, planted_frames
from hansard_bias.probing.prompts import Group, load_groups
from hansard_bias.probing.tables import ASKED, Probed, read_probed
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, read_sums, read_tokens
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.resampling import generator
from hansard_bias.tokens.encoded import read_encoded
from hansard_bias.yardsticks.tables import Parts, Topics, read_parts, read_topics

# Columns that must be the same for all models and seeds.
COMPARED = ["corpus", "speech_id", "sitting", "bytes", "tokens"]
# What scores were made with.
FINGERPRINT = (TOKENIZER_KEY, WEIGHTS_KEY, FOLDS_KEY)
# By the model's row in metrics files, one entry a seed in the order of train.seeds.
ProbeRuns = dict[str, list[Probed]]


@dataclass(frozen=True)
class StudyData:
    """What the stages before left of a study: each part is read once, when a metric asks for it.

    Models and corpora come in the order of `config`, in everything. Every part raises ValueError, naming the file and
    what to run, where it is missing or does not fit the others.
    """

    config: Config
    root: Path
    given: str = ""
    """The model that is there already which this is about, read once with its own tokenizer; empty: those trained."""

    @property
    def runs(self) -> dict[str, tuple[int, ...]]:
        """The seeds of every model that this is about."""
        if self.given:
            return {self.given: (self.config.read_once,)}
        return dict.fromkeys(self.config.models, self.config.train.seeds)

    @cached_property
    def losses(self) -> dict[str, Losses]:
        """The surprisal of the test speeches, by corpus.

        Raises ValueError for scores of another tokenizer or other weights than the present ones, of other folds or of
        other speeches than the first model's.
        """
        runs = [(model, seed) for model, seeds in self.runs.items() for seed in seeds]
        paths = [self.scores(*run) for run in runs]
        # Scores of another vocabulary are of other tokens: no difference between them means anything.
        tokenizer = self.tokenizer
        tables: list[pd.DataFrame] = []
        folds = ""
        for run, path in zip(runs, paths, strict=True):
            table, fingerprint = read_sums(path)
            remedy = f"run `dvc repro score@{run_name(*run)}`"
            made_with = {key: fingerprint.get(key, b"none named").decode() for key in FINGERPRINT}
            present = {
                TOKENIZER_KEY: (f"another tokenizer than {TOKENIZER}", tokenizer),
                WEIGHTS_KEY: (f"other weights than {MODELS / run_name(*run)}", _trained_weights(self.root, *run)),
            }
            # Without a summary of the training nothing is known of the weights here.
            for key, (what, here) in present.items():
                if here and made_with[key] != here:
                    told = f"{made_with[key][:12]} there, {here[:12]} here"
                    raise ValueError(f"{path}: scores of {what} ({told}); {remedy}")
            # Folds decide what was masked together: models scored in different ones were asked different things.
            folds = folds or made_with[FOLDS_KEY]
            if made_with[FOLDS_KEY] != folds:
                told = f"({made_with[FOLDS_KEY]}), expected those of the first ({folds})"
                raise ValueError(f"{path}: scored in other folds {told}; {remedy}")
            # All arrays are laid side by side: row by row the same speeches.
            tables.append(table.to_pandas())
            if not tables[-1][COMPARED].equals(tables[0][COMPARED]):
                raise ValueError(f"{path}: other test speeches than {paths[0]}; {remedy}")
        return {corpus: losses_of(corpus, tables, len(self.runs), self.root) for corpus in self.config.corpora}

    @cached_property
    def tokenizer(self) -> str:
        """The digest of the tokenizer that is there now."""
        run = run_name(self.given, self.config.read_once)
        folder, stage = (MODELS / run, f"train@{run}") if self.given else (TOKENIZER, "tokenizer")
        return sha256(require_path(self.root / folder / "tokenizer.json", stage))

    @cached_property
    def sums(self) -> dict[str, CorpusSums]:
        """The same, by corpus, summed by sitting and speaker."""
        return {corpus: losses.sums() for corpus, losses in self.losses.items()}

    @cached_property
    def companion(self) -> dict[str, FloatArray]:
        """The surprisal of the test speeches under the companions, by corpus, shape [models, 1, speeches]; nats.

        Raises ValueError for scores of another tokenizer or of other speeches than those of the masked models.
        """
        tables = []
        paths = [self.root / COMPANION / f"{model}.parquet" for model in self.config.models]
        for path in paths:
            table, fingerprint = read_sums(require_path(path, "companion"))
            if fingerprint.get(TOKENIZER_KEY, b"").decode() != self.tokenizer:
                raise ValueError(f"{path}: scores of another tokenizer than {TOKENIZER}; run `dvc repro companion`")
            tables.append(table.to_pandas())
        found = {}
        for corpus, ids in self.speech_ids.items():
            parts = [table[table["corpus"] == corpus].set_index("speech_id") for table in tables]
            for path, part in zip(paths, parts, strict=True):
                if set(part.index) != set(ids):
                    told = f"other test speeches of {corpus} than were scored"
                    raise ValueError(f"{path}: {told}; run `dvc repro companion`")
            found[corpus] = np.array([part.loc[list(ids), "nats"].to_numpy() for part in parts])[:, None]
        return found

    @property
    def speech_ids(self) -> dict[str, tuple[str, ...]]:
        """The test speeches, by corpus."""
        return {corpus: losses.speech_ids for corpus, losses in self.losses.items()}

    @cached_property
    def parts(self) -> Parts:
        """Parts of the training texts, and the test speeches under n-gram models of them."""
        return read_parts(self.root, self.speech_ids)

    @cached_property
    def topics(self) -> Topics:
        """Topics that the corpora share, and those of the test speeches."""
        return read_topics(self.root, self.speech_ids)

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """What is known of the test speeches, by corpus; ValueError where scores and aligned speeches do not fit."""
        return {corpus: facts_of(corpus, losses, self.root) for corpus, losses in self.losses.items()}

    @cached_property
    def probes(self) -> ProbeRuns:
        """The probes of every model and seed; ValueError for models that were asked different things."""
        # By row, because that is the name of a model in every result.
        runs = {self.config.row_key(m): [read_probed(m, seed, self.root) for seed in s] for m, s in self.runs.items()}
        names = [run_name(model, seed) for model, seeds in self.runs.items() for seed in seeds]
        check_alike(names, [probed for row in runs.values() for probed in row])
        return runs

    @property
    def asked(self) -> Probed:
        """The probes of the first run: all were asked the same, with the same tokenizer and about the same text."""
        return next(iter(self.probes.values()))[0]

    @cached_property
    def groups(self) -> tuple[Group, Group]:
        """The two groups of terms that the prompts ask about."""
        return load_groups(self.root / self.config.probe.in_language().groups)

    @cached_property
    def frames(self) -> tuple[PlantedFrame, ...]:
        """What the sample planted; nothing in other archives."""
        return planted_frames(self.config, self.root)

    @cached_property
    def vocabulary(self) -> TextVocabulary:
        """The tokenizer's tokens."""
        return TextVocabulary(require_path(self.root / TOKENIZER / "tokenizer.json", "tokenizer"))

    @cached_property
    def frequencies(self) -> FloatArray:
        """-ln of each token's share of every model's training text, shape [models, vocabulary]; nats."""
        encoded = {corpus: read_encoded(self.root / ENCODED / corpus) for corpus in self.config.corpora}
        mixtures = pq.read_table(require_path(self.root / MIXTURES, "align"))
        size = len(self.vocabulary.begins)
        counts = (training_counts(model, encoded, mixtures, size) for model in self.config.models)
        return np.array([unigram_surprisals(each) for each in counts])

    @cached_property
    def design(self) -> Design:
        """Rows, columns, own models and resampling as the statistics name them."""
        config, rows = self.config, {name: self.config.row_key(name) for name in self.runs}
        if self.given:
            # Its tokens are others than those of any own model: no excess.
            return Design(tuple(rows.values()), config.columns(), {}, {}, config.bias.confidence)
        own = {corpus: config.own_model(corpus) for corpus in config.corpora}
        return Design(
            models=tuple(rows.values()),
            columns=config.columns(),
            own={corpus: rows[model] for corpus, model in own.items() if model is not None},
            mixtures={rows[name]: model.mixture for name, model in config.models.items()},
            confidence=config.bias.confidence,
        )

    def drawn(self, *names: str) -> tuple[int, np.random.Generator, float]:
        """Draws, their source, which these names decide, and confidence: what the statistics of probes want."""
        return self.config.probe.draws, generator(self.config.bias.seed, *names), self.config.bias.confidence

    def scores(self, model: str, seed: int) -> Path:
        """The scores of one training run; ValueError where there are none."""
        name = run_name(model, seed)
        return require_path(self.root / SCORES / f"{name}.parquet", f"score@{name}")

    def test_tokens(self, corpus: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """Where each test speech begins, shape [speeches + 1], and the token ids of all, shape [tokens]."""
        # They are the same in every table of scores: any will do.
        model, seeds = next(iter(self.runs.items()))
        return read_tokens(self.scores(model, seeds[0]), corpus, "token_ids")


def _trained_weights(root: Path, model: str, seed: int) -> str:
    """The fingerprint of a run's weights, from the summary of its training; '' where there is none."""
    summary = root / METRICS / "training" / f"{run_name(model, seed)}.json"
    return str(json.loads(summary.read_text(encoding="utf-8"))["fingerprint"]) if summary.is_file() else ""


def check_alike(names: Sequence[str], runs: Sequence[Probed]) -> None:
    """Raise ValueError for the first run that was asked other prompts, benchmarks or words than the first one."""
    for kind, columns in ASKED.items():
        first: pd.DataFrame = getattr(runs[0], kind)[columns]
        for name, probed in zip(names, runs, strict=True):
            if not first.equals(getattr(probed, kind)[columns]):
                raise ValueError(f"{PROBED}/{name}: other {kind} than {names[0]}; run `dvc repro probe` for all models")


def over_seeds(tables: Iterable[pd.DataFrame], column: str) -> FloatArray:
    """One column of every seed's table side by side, shape [rows, seeds]."""
    return np.stack([table[column].to_numpy(dtype=np.float64) for table in tables], axis=1)
