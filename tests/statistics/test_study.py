"""Inputs that cannot be measured are refused by name, and a quantity and its error are what their definitions say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.design import CorpusSums, Design, known_speakers
from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.study import Study, measure_slice, perplexity

GOOD = CorpusSums(np.full((2, 1, 3), 8.0), np.full(3, 4.0), np.full(3, 16.0), ("c", "a", "b"))
DESIGN = Design(
    models=("A_north", "B_south"),
    columns={"north": {"north": 1.0}, "south": {"south": 1.0}},
    own={"north": "A_north", "south": "B_south"},
    mixtures={},
    confidence=0.95,
)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("nats", np.zeros((2, 3)), r"nats have shape \(2, 3\)"),
        ("nats", np.zeros((2, 1, 4)), "3 cells"),
        ("nats", np.full((2, 1, 3), math.nan), "nan or infinity"),
        ("tokens", np.ones(2), "tokens have shape"),
        ("tokens", np.array([1.0, 0.0, 2.0]), "a cell has no tokens"),
        ("bytes_", np.array([1.0, math.nan, 2.0]), "a cell has no bytes"),
        ("sittings", ("a", "a", "b"), "all of different sittings or speakers"),
        ("sittings", (), "at least one"),
    ],
)
def test_impossible_sums_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(GOOD, **{field: value})


def test_a_cell_is_a_pair_of_sitting_and_speaker() -> None:
    assert replace(GOOD, sittings=("a", "a", "b"), speakers=("x", "y", "x")).clusters.speakers is not None
    with pytest.raises(ValueError, match="all of different sittings or speakers"):
        replace(GOOD, sittings=("a", "a", "b"), speakers=("x", "x", "x"))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("models", ("A_north", "A_north"), "different names"),
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


def test_speeches_are_summed_by_sitting_and_speaker() -> None:
    nats, tokens = np.arange(1.0, 7.0).reshape(1, 1, 6), np.array([1.0, 2.0, 3.0, 4.0, 0.0, 5.0])
    sittings = np.array(["b", "a", "a", "a", "c", "a"])
    speakers = np.array(["x", "y", "x", "y", "x", "x"])
    sums = CorpusSums.of_speeches(nats, tokens, tokens * 4, sittings, speakers)
    # The only speech of day c holds no token.
    assert (sums.sittings, sums.speakers) == (("a", "a", "b"), ("x", "y", "x"))
    assert sums.nats.tolist() == [[[9, 6, 1]]]
    assert sums.tokens.tolist() == [8, 6, 1]
    assert sums.bytes_.tolist() == [32, 24, 4]
    days = CorpusSums.of_speeches(nats, tokens, tokens * 4, sittings)
    assert (days.sittings, days.speakers, days.nats.tolist()) == (("a", "b"), None, [[[15, 1]]])
    with pytest.raises(ValueError, match="0 cells"):
        CorpusSums.of_speeches(nats, np.zeros(6), np.zeros(6), sittings)


def test_a_speech_of_nobody_known_depends_on_no_other_by_its_speaker() -> None:
    named = known_speakers(np.array(["", "0", "", "2", "0"]))
    assert named is not None
    assert named[1] == named[4] == "0"
    assert len(set(named.tolist())) == 4
    ones = np.ones(5)
    sums = CorpusSums.of_speeches(
        ones[None, None], ones, ones, np.array(list("aabba")), np.array(["", "x", "", "y", ""])
    )
    assert len(sums.sittings) == 5


@pytest.mark.parametrize("names", [[""] * 4, ["x", "", "x", ""], ["x"] * 4])
def test_fewer_than_two_known_speakers_are_none(names: list[str]) -> None:
    assert known_speakers(np.array(names)) is None
    assert known_speakers(None) is None


def test_ordered_sorts_everything_by_name() -> None:
    sums = CorpusSums(np.array([[[3.0, 1.0, 2.0]]]), np.array([30, 10, 20]), np.array([33, 11, 22]), ("c", "a", "b"))
    ordered = sums.ordered()
    assert ordered.sittings == ("a", "b", "c")
    assert ordered.nats[0, 0].tolist() == [1, 2, 3]
    assert ordered.tokens.tolist() == [10, 20, 30]
    assert ordered.bytes_.tolist() == [11, 22, 33]
    named = replace(sums, sittings=("b", "a", "b"), speakers=("y", "z", "x")).ordered()
    assert (named.sittings, named.speakers) == (("a", "b", "b"), ("z", "x", "y"))
    assert named.tokens.tolist() == [10, 20, 30]


def text(sittings: int, seed: int, levels: tuple[float, ...], seeds: int = 1, day: float = 0.3) -> CorpusSums:
    """Sums by sitting of models with these mean surprisals."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(300, 3000, size=sittings).astype(float)
    luck = rng.normal(0, 0.02, size=(len(levels), seeds, 1)) + rng.normal(0, day, size=sittings)
    noise = rng.normal(0, 0.1, size=(len(levels), seeds, sittings))
    nats = (np.array(levels)[:, None, None] + luck + noise) * tokens
    return CorpusSums(
        nats, tokens, tokens * rng.uniform(3.8, 4.4, sittings), tuple(f"{day:03d}" for day in range(sittings))
    )


def without(sums: CorpusSums, cell: int) -> CorpusSums:
    keep = np.arange(len(sums.sittings)) != cell
    names = tuple(np.array(sums.sittings)[keep].tolist())
    return CorpusSums(sums.nats[:, :, keep], sums.tokens[keep], sums.bytes_[keep], names)


@pytest.mark.parametrize("excess", [False, True])
@pytest.mark.parametrize("weights", [{"north": 1.0}, {"south": 0.3, "north": 0.7}])
def test_bits_per_byte_vary_as_the_ratio_does_that_leaves_one_sitting_out(
    weights: dict[str, float], excess: bool
) -> None:
    sums = {"north": text(9, 1, (3.0, 3.5)), "south": text(14, 2, (4.4, 4.0))}
    found = Study.of(sums, DESIGN).bits_per_byte(weights, excess)
    expected = np.zeros(2)
    for corpus in weights:
        count = len(sums[corpus].sittings)
        left = [sums | {corpus: without(sums[corpus], cell)} for cell in range(count)]
        values = np.array([Study.of(each, DESIGN).bits_per_byte(weights, excess).value for each in left])
        expected += (count - 1) / count * ((values - found.value) ** 2).sum(axis=0)
    # A share of tokens stands for one of bytes in the jackknife.
    assert found.variance == pytest.approx(expected, rel=0.01)


def test_errors_of_excess_and_log_ratio_are_paired_over_models_and_independent_over_corpora() -> None:
    north, south = text(9, 1, (3.0, 3.5), seeds=3), text(14, 2, (4.4, 4.0), seeds=3)
    study = Study.of({"north": north, "south": south}, DESIGN)
    entropies = {c: study.cross_entropy({c: 1.0}) for c in ("north", "south")}
    ratio = study.log_ratio("north", "south")
    by_seed = entropies["north"].by_seed - entropies["south"].by_seed
    assert ratio.by_seed == pytest.approx(by_seed)
    groups = sum(each.sources[0].alone for each in entropies.values())
    assert ratio.variance == pytest.approx(by_seed.var(axis=1, ddof=1) / 3 + groups)
    # The sittings' difficulty is common to both models.
    excess = study.excess({"north": 1.0}).of(1)
    assert float(excess.variance) < 0.3 * float(entropies["north"].of(1).variance)
    gap = (north.nats[1] - north.nats[0]).sum(axis=1) / north.tokens.sum()
    assert float(excess.seeds) == pytest.approx(gap.var(ddof=1) / 3)


def test_the_bias_ratio_is_the_larger_end_of_a_signed_logarithm() -> None:
    study = Study.of({"north": text(30, 1, (3.0, 4.02)), "south": text(30, 2, (4.0, 4.0))}, DESIGN)
    first, second = study.bias_ratios()
    signed, near = study.log_ratio("north", "south").intervals(0.95)
    assert signed.high is not None and signed.high < 0
    assert first == Interval(*(pytest.approx(math.exp(-each)) for each in (signed.value, signed.high, signed.low)))
    assert near.low is not None and near.high is not None and near.low < 0 < near.high
    assert second.low == 1, "a ratio that may be 1 begins there, and no rounding is left of it"
    assert (second.value, second.high) == pytest.approx(
        (math.exp(abs(near.value)), math.exp(max(-near.low, near.high)))
    )


def test_of_three_corpora_every_pair_is_looked_at_with_a_correction() -> None:
    design = replace(
        DESIGN, columns={name: {name: 1.0} for name in ("north", "south", "west")}, models=("A_north", "B_south")
    )
    levels = {"north": (3.0, 3.0), "south": (3.2, 3.0), "west": (4.0, 3.0)}
    study = Study.of({name: text(20, at, each) for at, (name, each) in enumerate(levels.items())}, design)
    first, level = study.bias_ratios()
    level_of_pair = 1 - 0.05 / 3
    widest = study.log_ratio("west", "north").intervals(level_of_pair)[0]
    assert widest.low is not None and widest.high is not None
    assert (first.value, first.low) == pytest.approx((math.exp(widest.value), math.exp(widest.low)))
    pairs = [study.log_ratio(*pair).intervals(level_of_pair)[1] for pair in (("north", "south"), ("south", "west"))]
    pairs.append(study.log_ratio("north", "west").intervals(level_of_pair)[1])
    assert level.low == 1
    assert level.high == pytest.approx(math.exp(max(max(-each.low, each.high) for each in pairs)))


@pytest.mark.parametrize("truth", [1.0, 1.03])
def test_the_interval_of_the_ratio_covers_a_true_ratio_at_and_near_one(truth: float) -> None:
    held, studies = 0, 300
    for seed in range(studies):
        levels = (3.0 + math.log(truth),) * 2
        sums = {"north": text(25, seed, levels, day=0.1), "south": text(12, 9999 - seed, (3.0, 3.0), day=0.1)}
        (ratio, _) = Study.of(sums, DESIGN).bias_ratios()
        assert ratio.low is not None and ratio.high is not None
        held += ratio.low <= truth <= ratio.high
    assert held >= stats.binom.ppf(0.001, studies, 0.94)
    assert held < studies


def test_two_sittings_may_have_bounds_beyond_all_numbers() -> None:
    sums = CorpusSums(np.array([[[1.0, 900.0]]] * 2), np.ones(2), np.ones(2), ("a", "b"))
    study = Study.of({"north": sums, "south": sums}, DESIGN)
    ends = [*study.bias_ratios(), *map(perplexity, study.cross_entropy({"north": 1.0}).intervals(0.95))]
    assert all(math.isfinite(each.high) for each in ends)


def test_a_slice_of_few_sittings_has_values_alone() -> None:
    sums = text(6, 1, (3.0, 3.5))
    known, few = (measure_slice(sums, "north", DESIGN, least) for least in (6, 7))
    study = Study.of({"north": sums, "south": sums}, DESIGN)
    expected = study.excess({"north": 1.0}).of(1).interval(0.95)
    assert known["B_south"][1] == expected
    assert few["B_south"] == tuple(Interval(each.value, None, None) for each in known["B_south"] if each)
    assert measure_slice(sums, "west", DESIGN, 2)["A_north"][1] is None
