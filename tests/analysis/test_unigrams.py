"""What word frequencies alone would give, against counts made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.analysis import vocabulary
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.unigrams import by_speech, unigram_findings
from hansard_bias.analysis.vocabulary import training_counts, unigram_surprisals
from hansard_bias.base.files import ENCODED, MIXTURES, write_table
from hansard_bias.params import Config, parse_config
from hansard_bias.tokens.encoded import read_encoded
from helpers.project import merged, write_encoded
from helpers.score_files import write_project

LEARNED = {"nunavut": ([1, 1, 2], [3]), "canada": ([5, 5, 5, 4], [4, 4])}
"""The first speech of each is training text, the second is not."""


def write_training_text(root: Path) -> None:
    mixtures: dict[str, list[str]] = {"model": [], "split": [], "corpus": [], "speech_id": []}
    for corpus, speeches in LEARNED.items():
        index = {
            "speech_id": [f"{corpus}-{number}" for number in range(2)],
            "sitting": ["2001-01-01"] * 2,
            "split": ["train", "validation"],
            "bytes": [9, 9],
        }
        write_encoded(root / ENCODED / corpus, pa.table(index), [np.array(speech, np.uint16) for speech in speeches])
        for model in (corpus, "mixed"):
            for split, speech_id in zip(index["split"], index["speech_id"], strict=True):
                row = {"model": model, "split": split, "corpus": corpus, "speech_id": speech_id}
                for name, value in row.items():
                    mixtures[name].append(value)
    (root / MIXTURES).parent.mkdir(parents=True, exist_ok=True)
    write_table(root / MIXTURES, pd.DataFrame(mixtures))


@pytest.fixture(scope="module")
def config(shipped: dict[str, Any]) -> Config:
    return parse_config(merged(shipped, {"train": {"seeds": [1, 2]}}))


@pytest.fixture(scope="module")
def project(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("unigrams")
    write_project(config, root)
    write_training_text(root)
    return root


def test_only_training_text_of_the_model_is_counted(
    config: Config, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "_CHUNK", 1)
    encoded = {corpus: read_encoded(project / ENCODED / corpus) for corpus in LEARNED}
    mixtures = pq.read_table(project / MIXTURES)
    counts = {model: training_counts(model, encoded, mixtures, 6).tolist() for model in config.models}
    assert counts == {"nunavut": [0, 2, 1, 0, 0, 0], "canada": [0, 0, 0, 0, 1, 3], "mixed": [0, 2, 1, 0, 1, 3]}


def test_surprisals_are_those_of_shares_with_one_added() -> None:
    surprisals = unigram_surprisals(np.array([0, 3, 1]))
    assert np.exp(-surprisals) == pytest.approx([1 / 7, 4 / 7, 2 / 7])
    assert by_speech(surprisals, np.array([0, 2, 2, 3]), np.array([1, 0, 2], np.uint16)) == pytest.approx(
        [np.log(7 / 4) + np.log(7), 0, np.log(7 / 2)]
    )


def test_gain_is_what_the_model_knows_beyond_frequencies(config: Config, project: Path) -> None:
    data = StudyData(config, project)
    losses, rows = data.losses, unigram_findings(data).section
    assert list(rows) == [config.row_key(model) for model in config.models]
    # Every test speech is the pieces 0 to 5: the shares of A are (1, 3, 2, 1, 1, 1) of 9.
    expected = {"A_nunavut": 9 / 6 ** (1 / 6), "B_canada": 10 / 8 ** (1 / 6), "C_mixed": 13 / 48 ** (1 / 6)}
    for index, (row, found) in enumerate(rows.items()):
        for corpus, each in losses.items():
            perplexity, gain = found.perplexity[f"on_{corpus}"], found.gain_nats[f"on_{corpus}"]
            assert perplexity.value == pytest.approx(expected[row])
            own = each.nats[index].mean(axis=0).sum() / each.tokens.sum()
            assert gain.value == pytest.approx(np.log(expected[row]) - own)
            assert gain.low < gain.value < gain.high


def test_every_model_is_tested_on_every_corpus(config: Config, project: Path) -> None:
    found = unigram_findings(StudyData(config, project))
    assert [(test.family, test.model, test.corpus) for test in found.tests] == [
        ("unigrams", config.row_key(model), corpus) for model in config.models for corpus in config.corpora
    ]
    for test in found.tests:
        gain = found.section[test.model].gain_nats[f"on_{test.corpus}"]
        assert vars(test.interval) == pytest.approx(vars(gain))
        assert test.p <= test.p_holm and ("better" in test.what) == (gain.value > 0)
