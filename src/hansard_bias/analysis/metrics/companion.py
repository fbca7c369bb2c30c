"""The same matrix by the companions: n-gram models of the same texts, which learn from little and know no luck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import ModelRecord, TestRecord
from hansard_bias.base.files import COMPANION, require_path
from hansard_bias.scoring.tables import TOKENIZER_KEY, read_sums
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.matrix import measure


@dataclass(frozen=True)
class Companion:
    """What n-gram models say of the same comparison."""

    models: dict[str, ModelRecord]
    """By row: the numbers of the matrix, of the n-gram model (order 4, modified Kneser-Ney) of the row's training text;
    nats per token, intervals over sittings. It reads from left to right, a masked model both sides: perplexities of the
    two are not alike, excesses may be compared; its bits per byte are code lengths, which can be compared between
    tokenizers."""
    tests: tuple[TestRecord, ...]
    """The tests of the matrix, of the n-gram models; corrected by Holm's method among themselves."""
    agrees: dict[str, dict[str, bool]]
    """By row, then `on_<corpus>`: whether masked and n-gram model have an excess of the same sign; own models left
    out."""


@metric("companion", Companion)
def companion(data: StudyData) -> Companion:
    """The matrix of the companions, and where it agrees with that of the masked models.

    Raises ValueError for scores of another tokenizer or of other speeches than those of the masked models.
    """
    sums, design = companion_sums(data), data.design
    found = measure(sums, design)
    signs = [{corpus: _signs(each[corpus], design, corpus) for corpus in design.own} for each in (sums, data.sums)]
    agrees = {
        row: {
            f"on_{corpus}": bool(signs[0][corpus][at] == signs[1][corpus][at])
            for corpus, own in design.own.items()
            if own != row
        }
        for at, row in enumerate(design.models)
    }
    return Companion(found.models, found.tests, agrees)


def _signs(sums: CorpusSums, design: Design, corpus: str) -> FloatArray:
    """The sign of every model's excess on a corpus, shape [models]; every seed reads the same tokens."""
    nats = sums.nats.mean(axis=1).sum(axis=-1)
    return np.asarray(np.sign(nats - nats[design.models.index(design.own[corpus])]))


def companion_sums(data: StudyData) -> dict[str, CorpusSums]:
    """Surprisals of the companions by corpus, summed by sitting, as of models with one seed."""
    paths = [data.root / COMPANION / f"{model}.parquet" for model in data.config.models]
    tables = []
    for path in paths:
        table, fingerprint = read_sums(require_path(path, "companion"))
        if fingerprint.get(TOKENIZER_KEY, b"").decode() != data.tokenizer:
            raise ValueError(f"{path}: scores of another tokenizer than models/tokenizer; run `dvc repro companion`")
        tables.append(table.to_pandas())
    sums = {}
    for corpus, losses in data.losses.items():
        parts = [table[table["corpus"] == corpus].set_index("speech_id") for table in tables]
        for path, part in zip(paths, parts, strict=True):
            if set(part.index) != set(losses.speech_ids):
                raise ValueError(f"{path}: other test speeches of {corpus} than were scored; run `dvc repro companion`")
        nats = np.array([part.loc[list(losses.speech_ids), "nats"].to_numpy() for part in parts])
        sums[corpus] = CorpusSums.of_speeches(nats[:, None], losses.tokens, losses.bytes_, losses.sittings)
    return sums
