"""The companions' matrix: the same statistics over other surprisals, of the same speeches."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.companion import companion
from hansard_bias.params import Config, parse_config
from hansard_bias.scoring.tables import TOKENIZER_KEY, write_scores
from hansard_bias.statistics.matrix import measure
from helpers.project import merged
from helpers.score_files import write_project


@pytest.fixture
def config(raw: dict[str, Any]) -> Config:
    return parse_config(merged(raw, {"train": {"seeds": [1, 2]}}))


@pytest.fixture
def study(config: Config, tmp_path: Path) -> StudyData:
    write_project(config, tmp_path)
    return StudyData(config, tmp_path)


def test_it_is_the_matrix_of_models_with_one_run(study: StudyData) -> None:
    """The made-up companions are the first runs: their matrix is that of these runs alone."""
    first = {name: replace(sums, nats=sums.nats[:, :1]) for name, sums in study.sums.items()}
    expected, found = measure(first, study.design), companion(study).section
    assert found.models == expected.models
    assert found.tests == expected.tests
    assert {test.p_covers for test in found.tests} == {"sittings and speakers"}


def test_rows_may_lie_in_another_order(study: StudyData) -> None:
    expected = study.companion
    path = study.root / "data/companion/mixed.parquet"
    table = pq.read_table(path)
    write_scores(path, [table.take(np.arange(len(table))[::-1])], {TOKENIZER_KEY: study.tokenizer})
    for corpus, nats in StudyData(study.config, study.root).companion.items():
        np.testing.assert_array_equal(nats, expected[corpus])


def test_where_the_two_kinds_differ_in_sign_is_told(study: StudyData) -> None:
    """A companion that reads the other's text better than its own model does, where the masked model reads it worse."""
    masked = measure(study.sums, study.design).models
    path = study.root / "data/companion/canada.parquet"
    own = pq.read_table(study.root / "data/companion/nunavut.parquet")
    lower = pa.array(
        [[nats / 2 for nats in speech] for speech in own["surprisals"].to_pylist()], pa.list_(pa.float32())
    )
    table = own.set_column(own.column_names.index("surprisals"), "surprisals", lower)
    write_scores(path, [table], {TOKENIZER_KEY: study.tokenizer})
    agrees = companion(StudyData(study.config, study.root)).section.agrees
    row = study.config.row_key("canada")
    assert set(agrees[row]) == {"on_nunavut"}, "a model is not compared with itself"
    assert agrees[row]["on_nunavut"] == (masked[row].excess_nats["on_nunavut"].value < 0)


@pytest.mark.parametrize(
    ("tokenizer", "rows", "said"),
    [("other", 0, "scores of another tokenizer"), ("", 1, "other test speeches of nunavut than were scored")],
)
def test_what_does_not_fit_is_refused(study: StudyData, tokenizer: str, rows: int, said: str) -> None:
    path = study.root / "data/companion/canada.parquet"
    write_scores(path, [pq.read_table(path).slice(rows)], {TOKENIZER_KEY: tokenizer or study.tokenizer})
    with pytest.raises(ValueError, match=re.escape(f"{path}: {said}") + ".*run `dvc repro companion`"):
        companion(study)


def test_without_them_the_stage_to_run_is_named(study: StudyData) -> None:
    (study.root / "data/companion/mixed.parquet").unlink()
    with pytest.raises(ValueError, match="dvc repro companion"):
        companion(study)
