"""The stage `companion` on the small project: its tables are those of a model learned by hand."""

from __future__ import annotations

import datetime

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
from helpers.project import Project

BEGIN, END = 2, 3


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
    (table,) = companion._scores(known, {"moor": corpus}, BEGIN, END)
    assert [len(each) for each in table["surprisals"].to_pylist()] == [4, 1, 1]
    whole = known.surprisals(Texts.of([(corpus, np.arange(3))], BEGIN, END))
    np.testing.assert_allclose(np.concatenate(table["surprisals"].to_numpy()), whole[[0, 1, 2, 3, 5, 7]], rtol=1e-6)
