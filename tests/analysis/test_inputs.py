"""Score tables read as losses: what fits is summed, what does not is refused with the file and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.base.files import sha256
from hansard_bias.params import Config, parse_config
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, read_tokens, write_scores
from helpers.project import merged
from helpers.score_files import PIECES, SPEECHES, known, surprisal, write_project


@pytest.fixture
def config(raw: dict[str, Any]) -> Config:
    return parse_config(merged(raw, {"train": {"seeds": [1, 2]}}))


def test_losses_are_the_sums_of_every_speech(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    losses = StudyData(config, tmp_path).losses
    assert list(losses) == ["nunavut", "canada"]
    found = losses["canada"]
    assert found.nats.shape == (3, 2, SPEECHES)
    for model in range(3):
        for seed in range(2):
            expected = surprisal("canada", model, seed).reshape(SPEECHES, PIECES).sum(axis=1)
            assert found.nats[model, seed] == pytest.approx(expected)
    assert (found.tokens == PIECES).all()
    sums = found.sums()
    assert sums.nats.sum() == pytest.approx(found.nats.sum())
    # Speech 7 is another speaker's: a cell of its own.
    assert dict(zip(zip(sums.sittings, sums.speakers, strict=True), sums.tokens, strict=True)) == {
        (found.sittings[7], "Once"): PIECES,
        **{(day, "Often"): PIECES * (6 - (day == found.sittings[7])) for day in set(found.sittings)},
    }
    half = np.arange(SPEECHES) % 2 == 0
    assert found.sums(half).tokens.sum() == found.tokens[half].sum()


def test_pieces_of_one_corpus_come_with_its_own_offsets(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    offsets, flat = read_tokens(tmp_path / "data/scores/mixed-2.parquet", "canada", "surprisals")
    assert offsets.tolist() == list(range(0, SPEECHES * PIECES + 1, PIECES))
    assert flat == pytest.approx(surprisal("canada", 2, 1))


def damaged(config: Config, root: Path, **changes: str) -> None:
    """Write the last run's scores again with another fingerprint, or with a speech less."""
    fingerprint = {FOLDS_KEY: "seed 17, 7 folds", TOKENIZER_KEY: sha256(root / "models/tokenizer/tokenizer.json")}
    fingerprint |= {key.encode(): value for key, value in changes.items()}
    path = root / "data/scores/mixed-2.parquet"
    table: pa.Table = pq.read_table(path)
    write_scores(path, [table if changes else table.slice(1)], fingerprint)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"tokenizer": "0" * 64},
            r"mixed-2.parquet: scores of another tokenizer than models/tokenizer \(000000000000 there",
        ),
        ({"folds": "seed 18, 7 folds"}, r"mixed-2.parquet: scored in other folds \(seed 18, 7 folds\), expected those"),
        ({}, r"mixed-2.parquet: other test speeches than .*nunavut-1.parquet"),
    ],
)
def test_scores_that_do_not_fit_are_refused(
    config: Config, tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    write_project(config, tmp_path)
    damaged(config, tmp_path, **changes)
    with pytest.raises(ValueError, match=problem + ".*run `dvc repro score@mixed-2`"):
        list(StudyData(config, tmp_path).losses)


def test_facts_follow_the_order_of_the_scores(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    data = StudyData(config, tmp_path)
    losses, facts = data.losses, data.facts["nunavut"]
    numbers = [int(name[-5:]) for name in losses["nunavut"].speech_ids]
    assert facts.values["role"].tolist() == [("member", "minister")[number % 2] for number in numbers]
    assert facts.values["year"].tolist() == [day[:4] for day in losses["nunavut"].sittings]
    assert facts.sharing.tolist() == [number % 5 == 0 for number in numbers]


def test_unmarked_or_missing_speeches_are_refused(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    losses = StudyData(config, tmp_path).losses
    path = tmp_path / "data/aligned/nunavut.parquet"
    table = pq.read_table(path)
    # The last one is training text.
    pq.write_table(table.slice(0, len(table) - 3), path)
    with pytest.raises(ValueError, match=r"no test speech nunavut/.*run `dvc repro score`"):
        list(known(StudyData(config, tmp_path), losses=losses).facts)
    pq.write_table(table.drop_columns(["shares_13gram"]), path)
    with pytest.raises(ValueError, match=r"no column shares_13gram.*run `dvc repro align`"):
        list(known(StudyData(config, tmp_path), losses=losses).facts)


def test_scores_of_weights_that_were_replaced_are_refused(config: Config, tmp_path: Path) -> None:
    write_project(config, tmp_path)
    summary = tmp_path / "metrics/training/mixed-2.json"
    summary.parent.mkdir(parents=True)
    summary.write_text('{"fingerprint": "abc"}', encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"mixed-2\.parquet: scores of other weights than models/mixed-2 .* score@mixed-2"
    ):
        list(StudyData(config, tmp_path).losses)
    damaged(config, tmp_path, weights="abc")
    assert set(StudyData(config, tmp_path).losses) == {"nunavut", "canada"}
