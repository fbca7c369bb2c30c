"""Likelihoods per model and corpus: sums divided once, intervals over sittings, and one sample for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.runs import likelihood_findings
from hansard_bias.params import Config, parse_config
from hansard_bias.statistics.clusters import Way
from helpers.project import TINY, merged

PRINT = {b"sample": "a", b"tokenizer": "b", b"texts": "c"}
TOKENS = np.array([10, 30, 20, 40, 25])


@pytest.fixture
def config(raw: dict[str, Any]) -> Config:
    return parse_config(merged(merged(raw, TINY), {"score": {"likelihood_speeches": 5}}))


def write(root: Path, name: str, per_token: float, sittings: int = 5, **fingerprint: str) -> np.ndarray:
    """A run's table: as much a token everywhere, but for a little noise."""
    rng = np.random.default_rng(crc32(name.encode()))
    nats = -TOKENS * (per_token + rng.normal(0, 0.1, len(TOKENS)))
    days = [f"2001-02-{1 + at % sittings:02d}" for at in range(len(TOKENS))]
    parts = []
    for corpus, factor in (("nunavut", 1), ("canada", 2)):
        columns: dict[str, Any] = {"corpus": [corpus] * len(TOKENS), "sitting": days, "tokens": TOKENS}
        columns |= {"pll": nats * factor, "pll_within_word": nats * factor - 1}
        parts.append(pa.table(columns))
    path = root / "data/likelihoods" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = PRINT | {key.encode(): value for key, value in fingerprint.items()}
    pq.write_table(pa.concat_tables(parts).replace_schema_metadata(keys), path)
    return nats


def write_all(config: Config, root: Path, **options: Any) -> dict[tuple[str, int], np.ndarray]:
    return {
        (model, seed): write(root, f"{model}-{seed}", 2.0 + number, **options)
        for number, model in enumerate(config.models)
        for seed in config.train.seeds
    }


def test_sums_are_divided_once_and_intervals_cover_sittings(config: Config, tmp_path: Path) -> None:
    nats = write_all(config, tmp_path)
    found = likelihood_findings(StudyData(config, tmp_path))
    assert list(found) == ["A_nunavut", "B_canada", "C_mixed"]
    cell = found["B_canada"]["on_canada"]
    own = 2 * np.mean([nats["canada", seed] for seed in config.train.seeds], axis=0)
    assert cell.pll.value == pytest.approx(own.sum() / TOKENS.sum(), rel=1e-12)
    assert cell.pll_within_word.value == pytest.approx((own - 1).sum() / TOKENS.sum(), rel=1e-12)
    assert (cell.speeches, cell.tokens) == (5, 125)
    # Student's t over other sittings alone, with the jackknife's variance.
    without = [np.delete(own, day).sum() / np.delete(TOKENS, day).sum() for day in range(5)]
    error = np.sqrt(4 / 5 * ((np.array(without) - cell.pll.value) ** 2).sum())
    half = stats.t(float(Way.of(np.arange(5)).df(TOKENS / 125)[0])).ppf(0.975) * error
    assert (cell.pll.low, cell.pll.high) == pytest.approx((cell.pll.value - half, cell.pll.value + half))


def test_one_sitting_has_no_interval(config: Config, tmp_path: Path) -> None:
    write_all(config, tmp_path, sittings=1)
    cell = likelihood_findings(StudyData(config, tmp_path))["A_nunavut"]["on_nunavut"]
    assert cell.pll.low is cell.pll.high is None


@pytest.mark.parametrize("key", ["sample", "tokenizer", "texts"])
def test_another_sample_is_no_wrong_table(config: Config, tmp_path: Path, key: str) -> None:
    write_all(config, tmp_path)
    write(tmp_path, "mixed-2", 4.0, **{key: "other"})
    words = {"texts": "test speeches"}.get(key, key)
    with pytest.raises(ValueError, match=rf"mixed-2\.parquet: other {words} than .* `dvc repro score@mixed-2`"):
        likelihood_findings(StudyData(config, tmp_path))


def test_none_asked_for_are_none(config: Config, raw: dict[str, Any], tmp_path: Path) -> None:
    none = parse_config(merged(raw, {"score": {"likelihood_speeches": 0}}))
    assert likelihood_findings(StudyData(none, tmp_path)) == {}
