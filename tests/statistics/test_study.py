"""Inputs that cannot be measured are refused by name, and a quantity is what its definition says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.study import Study

GOOD = CorpusSums(np.full((2, 1, 3), 8.0), np.full(3, 4.0), np.full(3, 16.0), ("c", "a", "b"))
DESIGN = Design(
    models=("A_north", "B_south"),
    columns={"north": {"north": 1.0}, "south": {"south": 1.0}},
    own={"north": "A_north", "south": "B_south"},
    mixtures={},
    draws=50,
    confidence=0.95,
    seed=1,
)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("nats", np.zeros((2, 3)), r"nats have shape \(2, 3\)"),
        ("nats", np.zeros((2, 1, 4)), "3 sittings"),
        ("nats", np.full((2, 1, 3), math.nan), "nan or infinity"),
        ("tokens", np.ones(2), "tokens have shape"),
        ("tokens", np.array([1.0, 0.0, 2.0]), "a sitting has no tokens"),
        ("bytes_", np.array([1.0, math.nan, 2.0]), "a sitting has no bytes"),
        ("sittings", ("a", "a", "b"), "all different"),
        ("sittings", (), "at least one"),
    ],
)
def test_impossible_sums_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(GOOD, **{field: value})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("models", ("A_north", "A_north"), "different names"),
        ("draws", 1, "draws is 1"),
        ("confidence", 95.0, "confidence is 95"),
        ("columns", {"both": {"north": 0.5, "south": 0.4}}, "column both has weights"),
        ("columns", {"both": {"north": 1.5, "south": -0.5}}, "column both has weights"),
        ("own", {"north": "D_other"}, "'D_other' is no row"),
        ("mixtures", {"C_mixed": {"north": 0.5, "south": 0.5}}, "'C_mixed' is no row"),
    ],
)
def test_impossible_designs_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DESIGN, **{field: value})


def test_sums_must_fit_the_design() -> None:
    with pytest.raises(ValueError, match="no sums for south"):
        Study.of({"north": GOOD}, DESIGN)
    with pytest.raises(ValueError, match="expected 3 models"):
        Study.of({"north": GOOD, "south": GOOD}, replace(DESIGN, models=("A_north", "B_south", "C_mixed")))
    two_seeds = replace(GOOD, nats=np.full((2, 2, 3), 8.0))
    with pytest.raises(ValueError, match="equally many seeds"):
        Study.of({"north": GOOD, "south": two_seeds}, DESIGN)


def test_ordered_sorts_everything_by_name() -> None:
    sums = CorpusSums(np.array([[[3.0, 1.0, 2.0]]]), np.array([30, 10, 20]), np.array([33, 11, 22]), ("c", "a", "b"))
    ordered = sums.ordered()
    assert ordered.sittings == ("a", "b", "c")
    assert ordered.nats[0, 0].tolist() == [1, 2, 3]
    assert ordered.tokens.tolist() == [10, 20, 30]
    assert ordered.bytes_.tolist() == [11, 22, 33]


def test_corpora_are_drawn_independently_and_models_together() -> None:
    rng = np.random.default_rng(4)
    days = rng.normal(5, 1, size=40)
    sums = CorpusSums(np.stack([days, days + 1])[:, None], np.ones(40), np.ones(40), tuple(map(str, range(40))))
    study = Study.of({"north": sums, "south": sums}, replace(DESIGN, draws=2000))
    north, south = (study.nats_per_token(column)[1:] for column in ("north", "south"))
    assert np.allclose(north[:, 1], north[:, 0] + 1)
    assert abs(np.corrcoef(north[:, 0], south[:, 0])[0, 1]) < 0.09


def test_jackknife_recomputes_the_ratio_without_each_member() -> None:
    rng = np.random.default_rng(3)
    sums = {
        name: CorpusSums(
            rng.uniform(10, 90, size=(2, 3, n)), rng.uniform(5, 30, size=n), np.ones(n), tuple(map(str, range(n)))
        )
        for name, n in (("north", 4), ("south", 5))
    }
    study = Study.of(sums, DESIGN)
    by_sitting_north, by_sitting_south, by_seed = study.bias_ratio_jackknife()
    assert [len(sample) for sample in (by_sitting_north, by_sitting_south, by_seed)] == [4, 5, 3]

    def ratio(drop: dict[str, int], seed: int | None = None) -> np.ndarray:
        entropies = []
        for name, each in sums.items():
            nats = each.nats if seed is None else np.delete(each.nats, seed, axis=1)
            keep = np.arange(nats.shape[2]) != drop.get(name, -1)
            entropies.append(nats[:, :, keep].sum(axis=(1, 2)) / (each.tokens[keep].sum() * nats.shape[1]))
        return np.exp(np.max(entropies, axis=0) - np.min(entropies, axis=0))

    assert np.allclose(by_sitting_north[2], ratio({"north": 2}))
    assert np.allclose(by_sitting_south[4], ratio({"south": 4}))
    assert np.allclose(by_seed[1], ratio({}, seed=1))
