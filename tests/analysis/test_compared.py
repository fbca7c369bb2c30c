"""What an excess is compared with: yardsticks, topics, days, speakers, amount of text, and what it is made of."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.analysis.compared import COMPANIONS, MASKED, pairs
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.curve import learning_curve
from hansard_bias.analysis.metrics.days import day_findings, distances
from hansard_bias.analysis.metrics.decomposition import decomposition
from hansard_bias.analysis.metrics.speakers import KNOWN, NEW, UNNAMED, speaker_findings
from hansard_bias.analysis.metrics.topics import topic_findings, weighted_by_topic
from hansard_bias.analysis.metrics.yardsticks import FAMILIES, Yardsticks, yardstick_findings
from hansard_bias.analysis.speeches import Losses
from hansard_bias.analysis.word_classes import CLASSES, CONTENT, FUNCTION, NAMES, SIGNS, read_lists
from hansard_bias.params import Config, parse_config
from hansard_bias.yardsticks.tables import PartFacts, Parts, Topic, Topics
from helpers.project import merged
from helpers.score_files import known, write_project

SPEECHES = 240
DAYS = np.array([f"2001-{1 + at // 20:02d}-{1 + at % 20:02d}" for at in range(40)])
CORPORA = ("nunavut", "canada")


@pytest.fixture
def config(raw: dict[str, Any]) -> Config:
    return parse_config(merged(raw, {"train": {"seeds": [1, 2]}}))


def losses(levels: tuple[float, ...], seed: int, speakers: int = 12) -> Losses:
    """Speeches of 5 to 60 tokens on 40 days; levels: nats per token of every model."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(5, 60, size=SPEECHES).astype(float)
    sittings = np.sort(rng.choice(DAYS, size=SPEECHES))
    per_token = np.array(levels)[:, None, None] + rng.normal(0, 0.3, size=SPEECHES)
    noise = rng.normal(0, 0.05, size=(len(levels), 2, SPEECHES))
    names = np.array([f"p{number}" for number in rng.integers(0, speakers, size=SPEECHES)])
    ids = tuple(f"{seed}/{at}" for at in range(SPEECHES))
    return Losses((per_token + noise) * tokens, tokens, tokens * 4, sittings, names, ids)


@pytest.fixture
def study(config: Config, tmp_path: Path) -> StudyData:
    """A own in the north, B in the south, C in between; companions are the first runs plus a nat."""
    text = {"nunavut": losses((3.0, 4.0, 3.3), 1), "canada": losses((4.5, 3.5, 3.8), 2)}
    companion = {name: each.nats[:, :1] + each.tokens for name, each in text.items()}
    return known(StudyData(config, tmp_path), losses=text, companion=companion, parts=parts(text, 0.05, 0.01))


def parts(text: dict[str, Losses], by_time: float, at_random: float, dose: float = 0.6) -> Parts:
    """Halves that differ by these nats per token, and models of half of the text with this share of the excess."""
    facts, nats = [], {}
    for name, each in text.items():
        late = each.sittings >= DAYS[20]
        plain = each.nats[0, 0]
        worse = {
            "early": by_time * late,
            "late": by_time * ~late,
            "random_1": np.zeros(SPEECHES),
            "random_2": np.full(SPEECHES, at_random),
        }
        for kind, off in worse.items():
            first = DAYS[20] if kind == "late" else DAYS[0]
            facts.append(PartFacts(kind, name, (name,), 900, 20, first, DAYS[39]))
            nats[kind, name, name] = plain + off * each.tokens
        for number, model in enumerate(("nunavut", "canada", "mixed")):
            for share in ("1/8", "1/2"):
                facts.append(PartFacts(share, model, CORPORA, 900, 20, DAYS[0], DAYS[39]))
                nats[share, model, name] = plain + dose * (each.nats[number, 0] - plain)
    return Parts(tuple(facts), nats)


def test_mean_is_pooled_over_the_chosen_speeches(study: StudyData) -> None:
    each = study.losses["nunavut"]
    chosen = each.sittings < DAYS[10]
    expected = each.nats[1][:, chosen].sum() / (2 * each.tokens[chosen].sum())
    assert each.mean(each.nats[1], chosen).value == pytest.approx(expected)


def test_yardstick_is_what_the_other_half_costs(study: StudyData) -> None:
    found = yardstick_findings(study).section
    assert isinstance(found, Yardsticks)
    for corpus in CORPORA:
        stick = found.corpora[corpus]
        assert stick.time is not None and stick.random is not None
        assert stick.time.value == pytest.approx(0.05)
        assert stick.random.value == pytest.approx(0.01), "whichever half is worse: it is not below 0"
        assert stick.larger == stick.time
        assert (stick.cut, stick.tokens, stick.reasons) == (DAYS[20], 900, ())


def test_an_excess_is_set_against_the_larger_yardstick(study: StudyData) -> None:
    found = yardstick_findings(study)
    each = found.section.excess["B_canada"]["on_nunavut"]
    assert each.more.value == pytest.approx(each.excess.value - 0.05)
    assert each.companion_half.value == pytest.approx(0.6 * each.companion.value)
    assert each.companion_more.value == pytest.approx(each.companion_half.value - 0.05)
    assert each.beyond and each.companion_beyond
    assert {test.family for test in found.tests} == set(FAMILIES.values())
    assert len(found.tests) == 8, "two models from outside, two corpora, two kinds"
    for test in found.tests:
        assert (test.p < 0.05) == (not test.low <= 0 <= test.high)


def test_an_excess_within_its_yardstick_is_not_beyond_it(study: StudyData) -> None:
    wide = known(study, losses=study.losses, companion=study.companion, parts=parts(study.losses, 1.2, 0.0))
    found = yardstick_findings(wide).section.excess
    # B pays 1.0 on the north.
    assert found["B_canada"]["on_nunavut"].beyond is False
    assert found["B_canada"]["on_nunavut"].more.value < 0


def test_the_random_halves_count_where_they_differ_more(study: StudyData) -> None:
    other = known(study, losses=study.losses, companion=study.companion, parts=parts(study.losses, 0.0, -0.3))
    found = yardstick_findings(other).section
    assert found.corpora["canada"].larger.value == pytest.approx(0.3)
    each = found.excess["A_nunavut"]["on_canada"]
    assert each.more.value == pytest.approx(each.excess.value - 0.3)


def test_without_halves_there_is_a_reason_and_no_decision(study: StudyData) -> None:
    reason = "its 40 training tokens, of 1 sitting days, cannot be halved between days"
    facts = [
        replace(each, reason=reason) if each.kind in ("early", "late", "random_1", "random_2") else each
        for each in study.parts.facts
    ]
    nats = {key: value for key, value in study.parts.nats.items() if "/" in key[0]}
    bare = known(study, losses=study.losses, companion=study.companion, parts=Parts(tuple(facts), nats))
    found = yardstick_findings(bare)
    assert found.section.corpora["nunavut"].larger is None
    assert found.section.corpora["nunavut"].reasons == (reason,)
    assert found.section.excess["B_canada"]["on_nunavut"].beyond is None
    assert not found.tests


def test_curve_goes_from_little_text_to_all_of_it(study: StudyData) -> None:
    points = learning_curve(study).excess["A_nunavut"]["on_canada"]
    assert [point.share for point in points] == ["1/8", "1/2", "1"]
    assert [point.tokens for point in points] == [900, 900, None]
    assert points[1].excess.value == pytest.approx(0.6 * points[2].excess.value)


def test_distance_is_to_the_nearest_training_day() -> None:
    among = np.array(["2001-01-10", "2001-02-10"], dtype="datetime64[D]")
    days = np.array(["2001-01-01", "2001-01-10", "2001-01-12", "2001-01-30", "2001-03-30"], dtype="datetime64[D]")
    assert distances(days, among).tolist() == [9, 0, 2, 11, 48]
    assert distances(days[:2], among[1:]).tolist() == [40, 31]


def write_aligned(root: Path, train: dict[str, tuple[str, str]]) -> None:
    """By corpus one training speech: its day and its speaker."""
    (root / "data/aligned").mkdir(parents=True)
    for corpus, (day, speaker) in train.items():
        table = pa.table({"sitting": pa.array([day]).cast(pa.date32()), "speaker": [speaker], "split": ["train"]})
        pq.write_table(table, root / "data/aligned" / f"{corpus}.parquet")


def test_days_and_speakers_divide_all_speeches(study: StudyData) -> None:
    write_aligned(study.root, {"nunavut": (DAYS[0], "p3"), "canada": (DAYS[0], "")})
    days, speakers = day_findings(study).corpora["nunavut"], speaker_findings(study).corpora["nunavut"]
    for found in (days, speakers):
        assert sum(each.speeches for each in found) == SPEECHES
        assert sum(each.tokens_share for each in found) == pytest.approx(1)
    each, chosen = study.losses["nunavut"], study.losses["nunavut"].speakers == "p3"
    assert [part.what for part in speakers] == [KNOWN, NEW]
    apart = each.nats[1] - each.nats[0]
    expected = apart[:, chosen].sum() / (2 * each.tokens[chosen].sum())
    assert speakers[0].excess["B_canada"].masked.value == pytest.approx(expected)
    assert "A_nunavut" not in speakers[0].excess, "the own model has no excess"


def test_a_corpus_without_speakers_has_a_reason(study: StudyData) -> None:
    write_aligned(study.root, {"nunavut": (DAYS[0], ""), "canada": (DAYS[0], "p1")})
    nobody = replace(study.losses["nunavut"], speakers=np.full(SPEECHES, ""))
    found = speaker_findings(known(study, losses=study.losses | {"nunavut": nobody}, companion=study.companion))
    assert found.reasons == {"nunavut": "no speech of its test text names a speaker"}
    assert list(found.corpora) == ["canada"]
    assert UNNAMED not in [each.what for each in found.corpora["canada"]]


def with_topics(study: StudyData, of_speech: dict[str, np.ndarray], number: int = 3) -> StudyData:
    topics = Topics(tuple(Topic((f"word{at}",), {}) for at in range(number)), of_speech)
    return known(study, losses=study.losses, companion=study.companion, topics=topics)


def test_equal_topics_leave_the_excess_as_it_is(study: StudyData) -> None:
    """Every speech of both corpora split alike over the topics: the smaller shares are the shares."""
    topic = np.arange(SPEECHES) % 3
    equal = {name: replace(each, tokens=np.full(SPEECHES, 10.0)) for name, each in study.losses.items()}
    data = with_topics(study, dict.fromkeys(CORPORA, topic))
    data.__dict__["losses"] = equal
    found = topic_findings(data).excess["B_canada"]["on_nunavut"]
    assert found.overlap == pytest.approx(1)
    assert found.speeches == pytest.approx(SPEECHES)
    for kind in (MASKED, COMPANIONS):
        plain, matched = getattr(found.plain, kind), getattr(found.matched, kind)
        assert (matched.value, matched.low, matched.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_a_difference_planted_in_one_topic_goes_with_its_weight(study: StudyData) -> None:
    """The north speaks of topic 0 in half of its text, the south in a tenth: there B pays 2 nats more."""
    rng = np.random.default_rng(5)
    topic = {"nunavut": (rng.random(SPEECHES) > 0.5).astype(int), "canada": (rng.random(SPEECHES) > 0.1).astype(int)}
    north = study.losses["nunavut"]
    nats = np.broadcast_to(north.tokens, (3, 2, SPEECHES)).copy()
    nats[1] += (0.5 + 2.0 * (topic["nunavut"] == 0)) * north.tokens
    data = with_topics(study, topic, 2)
    data.__dict__["losses"] = study.losses | {"nunavut": replace(north, nats=nats)}
    found = topic_findings(data)
    share = {
        name: float(each.tokens[topic[name] == 0].sum() / each.tokens.sum()) for name, each in study.losses.items()
    }
    common = [min(share.values()), min(1 - each for each in share.values())]
    each = found.excess["B_canada"]["on_nunavut"]
    assert each.plain.masked.value == pytest.approx(0.5 + 2 * share["nunavut"])
    assert each.matched.masked.value == pytest.approx(0.5 + 2 * common[0] / sum(common))
    assert each.overlap == pytest.approx(sum(common))
    assert found.topics[0].shares == pytest.approx(share)
    assert set(found.excess) == {"A_nunavut", "B_canada"}, "a mixture has no topics of its own"


def test_hardly_a_topic_in_common_gives_no_number(study: StudyData) -> None:
    data = with_topics(study, {"nunavut": np.zeros(SPEECHES, int), "canada": np.ones(SPEECHES, int)})
    found = topic_findings(data).excess["A_nunavut"]["on_canada"]
    assert found.matched is None
    assert found.reason.startswith("hardly a topic in common with nunavut")
    assert found.plain is not None


def test_speeches_without_a_topic_are_left_out_of_both(study: StudyData) -> None:
    topic = np.where(np.arange(SPEECHES) % 4 == 0, -1, 0)
    found = topic_findings(with_topics(study, dict.fromkeys(CORPORA, topic), 1)).excess["B_canada"]["on_nunavut"]
    each = study.losses["nunavut"]
    apart = (each.nats[1] - each.nats[0])[:, topic == 0]
    assert found.plain.masked.value == pytest.approx(apart.sum() / (2 * each.tokens[topic == 0].sum()))


def test_no_topics_are_told_with_their_reason(study: StudyData) -> None:
    none = known(study, losses=study.losses, companion=study.companion, topics=Topics((), {}, "too few passages"))
    assert topic_findings(none).reason == "too few passages"


def test_variance_of_a_weighted_mean_is_the_jackknife_of_its_sittings(study: StudyData) -> None:
    each, topic = study.losses["nunavut"], np.arange(SPEECHES) % 3
    alone = replace(each, speakers=np.full(SPEECHES, ""))
    weights, nats = np.array([0.2, 0.5, 0.3]), alone.nats[1][:1]
    estimate = weighted_by_topic(nats, alone, topic, weights)

    def value(kept: np.ndarray) -> float:
        parts = [nats[0][kept & (topic == k)].sum() / alone.tokens[kept & (topic == k)].sum() for k in range(3)]
        return float(np.dot(weights, parts))

    assert estimate.value == pytest.approx(value(np.ones(SPEECHES, bool)))
    left = np.array([value(alone.sittings != day) for day in np.unique(alone.sittings)])
    assert math.sqrt(estimate.variance) == pytest.approx(math.sqrt((len(left) - 1) * left.var()), rel=0.1)


def test_parts_of_an_excess_add_up_to_it(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    (tmp_path / "lists.yaml").write_text("function_words: [the]\nnames: [Seal]\n", encoding="utf-8")
    config = replace(config, bias=replace(config.bias, word_classes="lists.yaml"))
    data = known(StudyData(config, tmp_path), frequencies=np.random.default_rng(1).gamma(9, 0.3, size=(3, 6)))
    found = decomposition(data)
    shares = {FUNCTION: 1 / 6, CONTENT: 2 / 6, NAMES: 2 / 6, SIGNS: 1 / 6}
    assert {name: share for name, share in found.tokens["nunavut"].items() if share} == pytest.approx(shares)
    for pair in pairs(data):
        part = found.masked[pair.row][pair.column]
        nats = data.losses[pair.corpus].nats
        whole = (nats[pair.model] - nats[pair.own]).sum() / (2 * data.losses[pair.corpus].tokens.sum())
        assert part.excess.value == pytest.approx(whole, abs=1e-9)
        assert part.frequency.value + part.context.value == pytest.approx(whole, abs=1e-9)
        assert sum(each.value for each in part.classes.values()) == pytest.approx(whole, abs=1e-9)
        unigram = data.frequencies[pair.model] - data.frequencies[pair.own]
        assert part.frequency.value == pytest.approx(unigram.mean())
    # What the second model finds hard is the seal.
    seal = found.masked["B_canada"]["on_nunavut"].classes
    assert max(seal, key=lambda name: seal[name].value) == NAMES


def test_the_shipped_lists_are_read() -> None:
    path = Path(__file__).parents[2] / "data/probes/word_classes.yaml"
    found = read_lists(path)
    assert found["the"] == FUNCTION
    assert found["ottawa"] == NAMES
    assert set(found.values()) < set(CLASSES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("verbs: [go]\n", "holds verbs, expected lists of words under function_words, procedure, names"),
        ("- the\n", "expected lists of words under"),
        ("names: ottawa\n", "names holds 'ottawa', expected a list of words"),
        ("names: [12]\n", "names holds 12"),
    ],
)
def test_lists_of_another_form_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "lists.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"lists\.yaml") as caught:
        read_lists(path)
    assert said in str(caught.value)
