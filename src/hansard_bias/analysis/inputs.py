"""What the analysis reads: scores, facts of the test speeches and probes of all runs, checked to fit each other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
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
from hansard_bias.probing.files import PlantedFrame, planted_frames
from hansard_bias.probing.prompts import Group, load_groups
from hansard_bias.probing.tables import ASKED, Probed, read_probed
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, read_sums, read_tokens
from hansard_bias.statistics.design import CorpusSums, Design, StrArray, known_speakers
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.resampling import generator
from hansard_bias.tokens.tokenizer import Vocabulary

Flags = npt.NDArray[np.bool_]
# Columns that must be the same for all models and seeds.
COMPARED = ["corpus", "speech_id", "sitting", "bytes", "tokens"]
# What scores were made with.
FINGERPRINT = (TOKENIZER_KEY, WEIGHTS_KEY, FOLDS_KEY)
# What is known of a speech beside its text.
KINDS = ("year", "topic", "role", "speaker")


@dataclass(frozen=True)
class Losses:
    """The test speeches of one corpus."""

    # Σ surprisal in nats, shape [models, seeds, speeches]; models and seeds in the order of params.yaml.
    nats: FloatArray
    tokens: FloatArray  # Scored tokens, shape [speeches]
    bytes_: FloatArray  # UTF-8 bytes, shape [speeches]
    sittings: StrArray  # Days, shape [speeches]
    speakers: StrArray  # Names, shape [speeches]; empty where one is not known
    speech_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.speech_ids)

    def sums(self, chosen: Flags | None = None, nats: FloatArray | None = None) -> CorpusSums:
        """Sums by sitting and speaker, of all speeches or of those chosen, under the models or as others put them.

        nats: shape [others, seeds, speeches]. Raises ValueError where the chosen speeches hold no token.
        """
        rows = np.ones(len(self), dtype=bool) if chosen is None else chosen
        values = self.nats if nats is None else nats
        sittings, speakers = self.sittings[rows], self.speakers[rows]
        return CorpusSums.of_speeches(values[:, :, rows], self.tokens[rows], self.bytes_[rows], sittings, speakers)

    @property
    def clusters(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
        """Numbers of the sitting and of the speaker of every speech, shape [speeches]; None without speakers."""
        named = known_speakers(self.speakers)
        sitting = np.unique(self.sittings, return_inverse=True)[1].astype(np.int64)
        return sitting, None if named is None else np.unique(named, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Facts:
    """Of the test speeches of one corpus, in the order of their losses."""

    values: dict[str, StrArray]  # Each of KINDS to its value, shape [speeches]; empty where it is not known
    sharing: Flags  # Whether a run of 13 words occurs in training text, too, shape [speeches]

    @property
    def texts(self) -> dict[str, Flags]:
        """The speeches looked at: all, or without those that share 13 words in a row with training text."""
        return {"all": np.ones_like(self.sharing), "without_shared": ~self.sharing}


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

    @cached_property
    def losses(self) -> dict[str, Losses]:
        """The surprisal of the test speeches, by corpus.

        Raises ValueError for scores of another tokenizer or other weights than the present ones, of other folds or of
        other speeches than the first model's.
        """
        runs = list(product(self.config.models, self.config.train.seeds))
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
        return {corpus: _losses(corpus, tables, len(self.config.models), self.root) for corpus in self.config.corpora}

    @cached_property
    def tokenizer(self) -> str:
        """The digest of the tokenizer that is there now."""
        return sha256(require_path(self.root / TOKENIZER / "tokenizer.json", "tokenizer"))

    @cached_property
    def sums(self) -> dict[str, CorpusSums]:
        """The same, by corpus, summed by sitting and speaker."""
        return {corpus: losses.sums() for corpus, losses in self.losses.items()}

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """What is known of the test speeches, by corpus; ValueError where scores and aligned speeches do not fit."""
        return {corpus: _facts(corpus, losses, self.root) for corpus, losses in self.losses.items()}

    @cached_property
    def probes(self) -> ProbeRuns:
        """The probes of every model and seed; ValueError for models that were asked different things."""
        # By row, because that is the name of a model in every result.
        models, seeds = self.config.models, self.config.train.seeds
        runs = {self.config.row_key(m): [read_probed(m, seed, self.root) for seed in seeds] for m in models}
        names = [run_name(*run) for run in product(models, seeds)]
        check_alike(names, [probed for row in runs.values() for probed in row])
        return runs

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
        config, rows = self.config, {name: self.config.row_key(name) for name in self.config.models}
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
        return read_tokens(self.scores(next(iter(self.config.models)), self.config.train.seeds[0]), corpus, "token_ids")


def _trained_weights(root: Path, model: str, seed: int) -> str:
    """The fingerprint of a run's weights, from the summary of its training; '' where there is none."""
    summary = root / METRICS / "training" / f"{run_name(model, seed)}.json"
    return str(json.loads(summary.read_text(encoding="utf-8"))["fingerprint"]) if summary.is_file() else ""


def _losses(corpus: str, tables: list[pd.DataFrame], models: int, root: Path) -> Losses:
    parts = [table[table["corpus"] == corpus] for table in tables]
    first = parts[0]
    if first.empty:
        raise ValueError(f"{root / SCORES}: no test speech of {corpus}, expected some; run `dvc repro score`")
    return Losses(
        nats=np.array([part["nats"].to_numpy() for part in parts]).reshape(models, -1, len(first)),
        tokens=first["tokens"].to_numpy(dtype=np.float64),
        bytes_=first["bytes"].to_numpy(dtype=np.float64),
        sittings=first["sitting"].to_numpy(dtype=str),
        speakers=_aligned(corpus, tuple(first["speech_id"]), root)["speaker"].fillna("").to_numpy(dtype=str),
        speech_ids=tuple(first["speech_id"]),
    )


def _aligned(corpus: str, speech_ids: Sequence[str], root: Path) -> pd.DataFrame:
    """What alignment knows of these test speeches, in their order; ValueError where one of them is not there."""
    path = root / ALIGNED / f"{corpus}.parquet"
    if SHARING.name not in pq.read_schema(require_path(path, "align")).names:
        missing = f"has no column {SHARING.name}, expected it since speeches are marked"
        raise ValueError(f"{path}: {missing}; run `dvc repro align`")
    columns = ["speech_id", *KINDS[1:], SHARING.name]
    table = pq.read_table(path, columns=columns, filters=pc.field("split") == "test").to_pandas()
    # Scores come in the order of the debates, and all arrays follow them.
    rows = pd.Index(table["speech_id"]).get_indexer(list(speech_ids))
    if (rows < 0).any():
        unknown = speech_ids[int(np.argmax(rows < 0))]
        raise ValueError(f"{path}: no test speech {unknown}, which was scored; run `dvc repro score`")
    return pd.DataFrame(table.iloc[rows])


def _facts(corpus: str, losses: Losses, root: Path) -> Facts:
    table = _aligned(corpus, losses.speech_ids, root)
    known = {kind: table[kind].fillna("").to_numpy(dtype=str) for kind in KINDS[1:]}
    # Days are ISO dates: the year is their first four signs.
    years = np.array([day[:4] for day in losses.sittings])
    return Facts({"year": years, **known}, table[SHARING.name].to_numpy(dtype=bool))


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
