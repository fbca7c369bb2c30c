"""The same text and the same updates for every model, whatever its mixture."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.training.data import mixture_windows, some_windows, training_data, trim
from helpers.project import Project


@pytest.fixture
def corpora(inside: Project) -> dict[str, EncodedCorpus]:
    return {name: read_encoded(inside.root / "data" / "encoded" / name) for name in inside.config.corpora}


def test_balanced_models_read_equally_much_in_equally_many_updates(
    inside: Project, corpora: dict[str, EncodedCorpus]
) -> None:
    mixtures = pq.read_table("data/aligned/mixtures.parquet")
    chosen = [training_data(model, inside.config, corpora, mixtures) for model in inside.config.models]
    pieces = [int(windows.length.sum()) for windows, _ in chosen]
    assert max(pieces) - min(pieces) <= inside.config.model.max_position_embeddings
    assert len({updates for _, updates in chosen}) == 1


def test_a_full_budget_takes_all_that_the_mixture_gives(inside: Project, corpora: dict[str, EncodedCorpus]) -> None:
    full = replace(inside.config, align=replace(inside.config.align, budget="full"))
    mixtures = pq.read_table("data/aligned/mixtures.parquet")
    for model in full.models:
        everything = mixture_windows(model, "train", full, corpora, mixtures)
        windows, updates = training_data(model, full, corpora, mixtures)
        assert windows.length.sum() == everything.length.sum()
        assert updates == -(-len(everything) // full.train.batch_size)


def test_trimming_is_within_a_window_and_nested(inside: Project, corpora: dict[str, EncodedCorpus]) -> None:
    mixtures = pq.read_table("data/aligned/mixtures.parquet")
    windows = mixture_windows("mixed", "train", inside.config, corpora, mixtures)
    total = int(windows.length.sum())
    half, third = trim(windows, total // 2), trim(windows, total // 3)
    assert total // 2 - windows.length.max() < half.length.sum() <= total // 2
    assert set(zip(third.speech, third.offset, strict=True)) < set(zip(half.speech, half.offset, strict=True))


def test_an_evaluation_reads_the_same_few_windows_every_time(
    inside: Project, corpora: dict[str, EncodedCorpus]
) -> None:
    mixtures = pq.read_table("data/aligned/mixtures.parquet")
    windows = mixture_windows("mixed", "validation", inside.config, corpora, mixtures)
    some, more = some_windows(windows, 5), some_windows(windows, 9)
    assert len(some) == 5
    assert set(some.speech) < set(more.speech) < set(windows.speech)
    assert len(set(some.corpus)) == len(set(windows.corpus)) == 2
    assert some_windows(windows, 0) is windows
    assert len(some_windows(windows, 10**6)) == len(windows)
