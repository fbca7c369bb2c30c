"""What the analysis reads: scores, facts of the test speeches and probes of all runs, checked to fit each other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.files import ALIGNED, METRICS, MODELS, PROBED, SCORES, TOKENIZER, require_path, run_name, sha256
from hansard_bias.corpora.schema import SHARING
from hansard_bias.params import Config
from hansard_bias.probing.planted import PlantedFrame, planted_frames
from hansard_bias.probing.prompts import Group, load_groups
from hansard_bias.probing.tables import ASKED, Probed, read_probed
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, read_sums, read_tokens
from hansard_bias.statistics.design import CorpusSums, Design, StrArray
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.tokens.words import Vocabulary

Flags = npt.NDArray[np.bool_]
COMPARED = ["speech_id", "sitting", "bytes", "tokens"]
"""Columns that must be the same for all models and seeds."""


@dataclass(frozen=True)
class Losses:
    """The test speeches of one corpus."""

    nats: FloatArray
    """Σ surprisal in nats, shape [models, seeds, speeches]; models and seeds in the order of params.yaml."""
    tokens: FloatArray
    """Scored tokens, shape [speeches]."""
    bytes_: FloatArray
    """UTF-8 bytes, shape [speeches]."""
    sittings: StrArray
    """Days, shape [speeches]."""
    speech_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.speech_ids)

    def sums(self, chosen: Flags | None = None) -> CorpusSums:
        """Sums by sitting, of all speeches or of those chosen; ValueError where these hold no token."""
        rows = np.ones(len(self), dtype=bool) if chosen is None else chosen
        nats = self.nats[:, :, rows]
        return CorpusSums.of_speeches(nats, self.tokens[rows], self.bytes_[rows], self.sittings[rows])


def read_losses(config: Config, root: Path) -> dict[str, Losses]:
    """Corpus to losses.

    Raises ValueError, naming the file, for scores of another tokenizer or other weights than the present ones, of
    other folds or of other speeches than the first model's.
    """
    runs = [(model, seed) for model in config.models for seed in config.train.seeds]
    data = StudyData(config, root)
    paths = [data.scores(*run) for run in runs]
    # Scores of another vocabulary are of other tokens: no difference between them means anything.
    tokenizer = sha256(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer"))
    tables: list[pd.DataFrame] = []
    folds = None
    for (model, seed), path in zip(runs, paths, strict=True):
        table, fingerprint = read_sums(path)
        remedy = f"run `dvc repro score@{run_name(model, seed)}`"
        _require(fingerprint, TOKENIZER_KEY, tokenizer, f"another tokenizer than {TOKENIZER}", path, remedy)
        if trained := trained_weights(root, model, seed):
            _require(
                fingerprint, WEIGHTS_KEY, trained, f"other weights than {MODELS / run_name(model, seed)}", path, remedy
            )
        own_folds = fingerprint.get(FOLDS_KEY, b"none named").decode()
        # Folds decide what was masked together: models scored in different ones were asked different things.
        folds = folds or own_folds
        if own_folds != folds:
            raise ValueError(
                f"{path}: scored in other folds ({own_folds}), expected those of the first ({folds}); {remedy}"
            )
        tables.append(table.to_pandas())
        if not tables[-1][["corpus", *COMPARED]].equals(tables[0][["corpus", *COMPARED]]):
            raise ValueError(f"{path}: other test speeches than {paths[0]}; {remedy}")
    return {corpus: _losses(corpus, tables, len(config.models), root) for corpus in config.corpora}


def trained_weights(root: Path, model: str, seed: int) -> str:
    """The fingerprint of a run's weights, from the summary of its training; '' where there is none."""
    summary = root / METRICS / "training" / f"{run_name(model, seed)}.json"
    return str(json.loads(summary.read_text(encoding="utf-8"))["fingerprint"]) if summary.is_file() else ""


def _require(
    fingerprint: Mapping[bytes, bytes], key: bytes, expected: str, words: str, path: Path, remedy: str
) -> None:
    """Raise ValueError where scores were made with something else."""
    made_with = fingerprint.get(key, b"none named").decode()
    if made_with != expected:
        raise ValueError(f"{path}: scores of {words} ({made_with[:12]} there, {expected[:12]} here); {remedy}")


def _losses(corpus: str, tables: list[pd.DataFrame], models: int, root: Path) -> Losses:
    """One corpus out of the tables of all runs."""
    rows = np.flatnonzero((tables[0]["corpus"] == corpus).to_numpy())
    if not len(rows):
        raise ValueError(f"{root / SCORES}: no test speech of {corpus}, expected some; run `dvc repro score`")
    first = tables[0].iloc[rows]
    nats = np.array([table["nats"].to_numpy()[rows] for table in tables])
    return Losses(
        nats=nats.reshape(models, -1, len(rows)),
        tokens=first["tokens"].to_numpy(dtype=np.float64),
        bytes_=first["bytes"].to_numpy(dtype=np.float64),
        sittings=first["sitting"].to_numpy(dtype=str),
        speech_ids=tuple(first["speech_id"]),
    )


# What is known of the test speeches beside their text: year, topic, role, speaker, and text shared with training.

KINDS = ("year", "topic", "role", "speaker")


@dataclass(frozen=True)
class Facts:
    """Of the test speeches of one corpus, in the order of their losses."""

    values: dict[str, StrArray]
    """Each of KINDS to its value, shape [speeches]; empty where it is not known."""
    sharing: Flags
    """Whether a run of 13 words occurs in training text, too, shape [speeches]."""

    @property
    def texts(self) -> dict[str, Flags]:
        """The speeches looked at: all, or without those that share 13 words in a row with training text."""
        return {"all": np.ones_like(self.sharing), "without_shared": ~self.sharing}


def read_facts(losses: dict[str, Losses], root: Path) -> dict[str, Facts]:
    """Corpus to facts; ValueError where scores and aligned speeches do not fit each other."""
    return {corpus: _facts(corpus, each, root) for corpus, each in losses.items()}


def _facts(corpus: str, losses: Losses, root: Path) -> Facts:
    path = require_path(root / ALIGNED / f"{corpus}.parquet", "align")
    if SHARING.name not in pq.read_schema(path).names:
        raise ValueError(
            f"{path}: has no column {SHARING.name}, expected it since speeches are marked; run `dvc repro align`"
        )
    columns = ["speech_id", "topic", "role", "speaker", SHARING.name]
    table = pq.read_table(path, columns=columns, filters=pc.field("split") == "test").to_pandas()
    # Scores come in the order of the debates, and all arrays follow them.
    rows = pd.Index(table["speech_id"]).get_indexer(list(losses.speech_ids))
    if (rows < 0).any():
        unknown = losses.speech_ids[int(np.argmax(rows < 0))]
        raise ValueError(f"{path}: no test speech {unknown}, which was scored; run `dvc repro score`")
    table = table.iloc[rows]
    known = {kind: table[kind].fillna("").to_numpy(dtype=str) for kind in KINDS[1:]}
    # Days are ISO dates: the year is their first four signs.
    years = np.array([day[:4] for day in losses.sittings])
    return Facts({"year": years, **known}, table[SHARING.name].to_numpy(dtype=bool))


# The probe tables of all runs, read together: every model must have been asked the same.

ProbeRuns = dict[str, list[Probed]]
"""By the model's row in metrics files, one entry a seed in the order of train.seeds."""


def read_probe_runs(config: Config, root: Path) -> ProbeRuns:
    """The probes of every model and seed.

    Raises ValueError for a missing table, or for models that were asked different things.
    """
    # By row, because that is the name of a model in every result.
    runs = {
        config.row_key(model): [read_probed(model, seed, root) for seed in config.train.seeds]
        for model in config.models
    }
    names = [run_name(model, seed) for model in config.models for seed in config.train.seeds]
    check_alike(names, [probed for row in runs.values() for probed in row])
    return runs


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


# All of it, as the metrics ask for it.


@dataclass(frozen=True)
class StudyData:
    """What the stages before left of a study: each part is read once, when a metric asks for it; ValueError there.

    Models and corpora come in the order of `config`, in everything.
    """

    config: Config
    root: Path

    @cached_property
    def losses(self) -> dict[str, Losses]:
        """The surprisal of the test speeches, by corpus."""
        return read_losses(self.config, self.root)

    @cached_property
    def sums(self) -> dict[str, CorpusSums]:
        """The same, by corpus, summed by sitting."""
        return {corpus: losses.sums() for corpus, losses in self.losses.items()}

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """What is known of the test speeches, by corpus."""
        return read_facts(self.losses, self.root)

    @cached_property
    def probes(self) -> ProbeRuns:
        """The probes of every model and seed."""
        return read_probe_runs(self.config, self.root)

    @property
    def asked(self) -> Probed:
        """The probes of the first run: all were asked the same, with the same tokenizer and about the same text."""
        return next(iter(self.probes.values()))[0]

    @cached_property
    def groups(self) -> tuple[Group, Group]:
        """The two groups of terms that the prompts ask about."""
        return load_groups(self.root / self.config.probe.groups)

    @cached_property
    def frames(self) -> tuple[PlantedFrame, ...]:
        """What the sample planted; nothing in other archives."""
        return planted_frames(self.config, self.root)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokenizer's tokens."""
        return Vocabulary(require_path(self.root / TOKENIZER / "tokenizer.json", "tokenizer"))

    @cached_property
    def design(self) -> Design:
        """Rows, columns, own models and resampling as the statistics name them."""
        config, bias = self.config, self.config.bias
        rows = {name: config.row_key(name) for name in config.models}
        own = {corpus: config.own_model(corpus) for corpus in config.corpora}
        return Design(
            models=tuple(rows.values()),
            columns=config.columns(),
            own={corpus: rows[model] for corpus, model in own.items() if model is not None},
            mixtures={rows[name]: model.mixture for name, model in config.models.items()},
            draws=bias.draws,
            confidence=bias.confidence,
            seed=bias.seed,
        )

    def scores(self, model: str, seed: int) -> Path:
        """The scores of one training run; ValueError where there are none."""
        name = run_name(model, seed)
        return require_path(self.root / SCORES / f"{name}.parquet", f"score@{name}")

    def test_tokens(self, corpus: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """Where each test speech begins, shape [speeches + 1], and the token ids of all, shape [tokens]."""
        # They are the same in every table of scores: any will do.
        return read_tokens(self.scores(next(iter(self.config.models)), self.config.train.seeds[0]), corpus, "token_ids")
