"""The stage `companion` on the small project: its tables are those of models learned by hand."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.pipeline import companion
from hansard_bias.scoring.tables import read_sums
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import special_ids, vocabulary_size
from hansard_bias.training.data import training_data
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, DOSES, NO_TOPIC, OWN, read_parts, read_topics
from helpers.project import Project

BEGIN, END = 2, 3
TWO = ("canada", "nunavut")


@pytest.mark.parametrize("model", ["nunavut", "canada", "mixed"])
def test_it_scores_the_speeches_that_masked_models_score(project: Project, model: str) -> None:
    columns = ["speech_id", "corpus", "sitting", "bytes", "tokens"]
    own, _ = read_sums(project.root / f"data/companion/{model}.parquet")
    masked, _ = read_sums(project.root / f"data/scores/{model}-1.parquet")
    assert own.select(columns).to_pylist() == masked.select(columns).to_pylist()


def test_surprisals_are_those_of_a_model_of_the_training_windows(project: Project) -> None:
    root, config = project.root, project.config
    corpora = {name: read_encoded(root / "data/encoded" / name) for name in config.corpora}
    mixtures = pq.read_table(root / "data/aligned/mixtures.parquet")
    windows, _ = training_data("mixed", config, corpora, mixtures)
    special = special_ids(root / "models/tokenizer")
    follow = vocabulary_size(root / "models/tokenizer") - 4
    learned = Texts.of_windows([*corpora.values()], windows, special.cls, special.sep)
    known = KneserNey(learned, follow)
    assert (learned.place[learned.tokens == special.cls] == 0).all()
    text = Texts.of([(corpora["canada"], corpora["canada"].split_rows("test"))], special.cls, special.sep)
    expected = known.surprisals(text)[text.tokens[text.place > 0] != special.sep]
    table = pq.read_table(root / "data/companion/mixed.parquet", filters=[("corpus", "=", "canada")])
    np.testing.assert_allclose(np.concatenate(table["surprisals"].to_numpy()), expected, rtol=1e-6)


def test_own_text_is_expected_more_than_the_other_s(project: Project) -> None:
    for model, other in (("nunavut", "canada"), ("canada", "nunavut")):
        table = read_sums(project.root / f"data/companion/{model}.parquet")[0].to_pandas()
        sums = table.groupby("corpus")[["nats", "tokens"]].sum()
        mean = sums["nats"] / sums["tokens"]
        assert mean[model] < mean[other] - 0.5


def test_a_speech_that_says_the_mark_of_the_end_is_scored_like_another() -> None:
    """Its id may stand in a text ("[SEP]"): the end is known by its place, and every token keeps its own surprisal."""
    speeches = [[7, 8, END, 7], [8], [END]]
    lengths = np.array([len(speech) for speech in speeches])
    tokens = np.concatenate([np.array(speech, np.uint16) for speech in speeches])
    day = datetime.date(2001, 2, 3)
    index = pa.table({"speech_id": list("abc"), "sitting": [day] * 3, "bytes": [9] * 3, "split": ["test"] * 3})
    corpus = EncodedCorpus(tokens, np.cumsum(lengths) - lengths, lengths, index)
    known = KneserNey(Texts.of([(corpus, np.arange(3))], BEGIN, END), 5)
    (table,) = Ngrams({"moor": corpus}, BEGIN, END, 5).tables(known)
    assert [len(each) for each in table["surprisals"].to_pylist()] == [4, 1, 1]
    whole = known.surprisals(Texts.of([(corpus, np.arange(3))], BEGIN, END))
    np.testing.assert_allclose(np.concatenate(table["surprisals"].to_numpy()), whole[[0, 1, 2, 3, 5, 7]], rtol=1e-6)


def speech_ids(root: Path) -> dict[str, list[str]]:
    """Of all test speeches, as they were scored."""
    table = read_sums(root / "data/companion/mixed.parquet")[0].to_pandas()
    return {corpus: part["speech_id"].tolist() for corpus, part in table.groupby("corpus")}


def test_every_yardstick_of_the_study_is_there(project: Project) -> None:
    found = read_parts(project.root, speech_ids(project.root))
    halves = [(kind, name, name) for name in ("canada", "nunavut") for kind in (*BY_TIME, *AT_RANDOM)]
    doses = [(kind, model, read) for model in ("canada", "mixed", "nunavut") for kind in DOSES for read in TWO]
    assert [*found.nats] == [*halves, *doses, *((OWN, "mixed", name) for name in TWO)]
    assert not [facts for facts in found.facts if facts.reason]
    by_dose = {facts.kind: facts.tokens for facts in found.facts}
    assert {(facts.kind, facts.tokens) for facts in found.facts if facts.kind in DOSES} == {
        (kind, by_dose[kind]) for kind in DOSES
    }


def test_own_models_at_a_mixtures_dose_are_learned_from_its_text(project: Project) -> None:
    root, config = project.root, project.config
    corpora = {name: read_encoded(root / "data/encoded" / name) for name in config.corpora}
    mixtures = pq.read_table(root / "data/aligned/mixtures.parquet")
    windows, _ = training_data("mixed", config, corpora, mixtures)
    ids, found = speech_ids(root), read_parts(root, speech_ids(root))
    for number, name in enumerate(corpora):
        own = windows.take(np.flatnonzero(windows.corpus == number))
        special = special_ids(root / "models/tokenizer")
        learned = Texts.of_windows([*corpora.values()], own, special.cls, special.sep)
        known = KneserNey(learned, vocabulary_size(root / "models/tokenizer") - 4)
        corpus, rows = corpora[name], corpora[name].split_rows("test")
        alone = [known.surprisals(Texts.of([(corpus, np.array([row]))], special.cls, special.sep)) for row in rows]
        assert corpus.index["speech_id"].take(rows).to_pylist() == ids[name]
        expected = [speech[:-1].sum() for speech in alone]
        np.testing.assert_allclose(found.nats[OWN, "mixed", name], expected, rtol=1e-12)
        assert found.of(OWN, "mixed", name).tokens == own.length.sum()


def test_more_text_is_read_better(project: Project) -> None:
    nats = read_parts(project.root, speech_ids(project.root)).nats
    for name in TWO:
        by_dose = [nats[kind, name, name].sum() for kind in ("1/2", "1/4", "1/8")]
        assert by_dose == sorted(by_dose)


def test_no_yardstick_depends_on_the_order_of_params_yaml(project: Project, tmp_path: Path) -> None:
    config, ids = project.config, speech_ids(project.root)
    shutil.copytree(project.root / "data", tmp_path / "data", ignore=shutil.ignore_patterns("raw", "companion"))
    (tmp_path / "models").mkdir()
    shutil.copytree(project.root / "models/tokenizer", tmp_path / "models/tokenizer")
    sections = {name: dict(reversed(getattr(config, name).items())) for name in ("corpora", "models")}
    companion.run(config.with_sections(**sections), tmp_path)
    one, other = (read_parts(root, ids) for root in (project.root, tmp_path))
    assert one.facts == other.facts
    for key, nats in one.nats.items():
        np.testing.assert_array_equal(other.nats[key], nats)
    one_topics, other_topics = (read_topics(root, ids) for root in (project.root, tmp_path))
    assert (one_topics.topics, one_topics.reason) == (other_topics.topics, other_topics.reason)
    for name in TWO:
        np.testing.assert_array_equal(other_topics.of_speech[name], one_topics.of_speech[name])


def test_too_little_text_for_topics_is_said(project: Project) -> None:
    found = read_topics(project.root, speech_ids(project.root))
    assert "too few for topics" in found.reason
    assert all((topic == NO_TOPIC).all() for topic in found.of_speech.values())
