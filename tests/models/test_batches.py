"""Batches: masks and order are pure functions of what they are for, and no text is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.models.batches import (
    NO_PADDING,
    Batch,
    Bucket,
    MaskedText,
    PaddingPolicy,
    cut_buckets,
    micro_batches,
    update_rows,
)
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import CLS_ID, MASK_ID, OWN_IDS, PAD_ID, SEP_ID, SpecialIds

VOCABULARY = 300


def corpus_of(lengths: list[int], seed: int = 0) -> EncodedCorpus:
    rng = np.random.default_rng(seed)
    sizes = np.array(lengths, dtype=np.int64)
    pieces = rng.integers(5, VOCABULARY, sizes.sum()).astype(np.uint16)
    index = pa.table({"speech_id": [f"x/{number}" for number in range(len(lengths))]})
    return EncodedCorpus(pieces, np.cumsum(sizes) - sizes, sizes, index)


def masked_text(lengths: list[int], positions: int = 20, rate: float = 0.15) -> MaskedText:
    corpus = corpus_of(lengths)
    windows = cut_windows([corpus], [np.arange(len(lengths))], positions)
    return MaskedText([corpus], windows, seed=3, mask_rate=rate, vocab_size=VOCABULARY, special=OWN_IDS)


@given(st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_windows_hold_every_piece_once(lengths: list[int]) -> None:
    text = masked_text(lengths)
    windows = text.windows
    covered = np.concatenate([np.arange(s, s + n) for s, n in zip(windows.start, windows.length, strict=True)])
    assert sorted(covered) == list(range(sum(lengths)))
    assert windows.length.max() <= 18


@pytest.mark.parametrize("policy", [NO_PADDING, PaddingPolicy(8, 40, 64), PaddingPolicy(4, 10_000, 1)])
def test_batch_restores_to_the_text(policy: PaddingPolicy) -> None:
    text = masked_text([5, 30, 12, 1, 1, 17])
    windows = text.windows
    batch = text.batch(np.arange(len(windows)), epoch=0, policy=policy)
    restored = batch.input_ids.copy()
    restored[batch.masked_positions] = batch.labels
    found = []
    for tokens, places in split(batch, restored):
        size = int((tokens == SEP_ID).argmax()) - 1
        assert tokens[0] == CLS_ID and (tokens[size + 2 :] == PAD_ID).all()
        assert (places[: size + 2] == np.arange(size + 2)).all() and not places[size + 2 :].any()
        found.append(tokens[1 : size + 1].tolist())
    pieces = text.corpora[0].tokens
    expected = [
        pieces[start : start + size].tolist() for start, size in zip(windows.start, windows.length, strict=True)
    ]
    assert sorted(found) == sorted(expected)
    assert batch.lengths.tolist() == sorted((len(window) + 2 for window in expected), reverse=True)
    assert batch.real_tokens == 66
    assert len(batch.input_ids) % policy.total == 0


def split(batch: Batch, tokens: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tokens and places of each window, padding included; nothing is left over but filling."""
    after = 0
    for bucket in batch.buckets:
        assert bucket.start == after
        after += bucket.windows * bucket.width
        shape = (bucket.windows, bucket.width)
        yield from zip(
            tokens[bucket.start : after].reshape(shape),
            batch.position_ids[bucket.start : after].reshape(shape),
            strict=True,
        )
    assert (tokens[after:] == PAD_ID).all()


def test_without_padding_there_is_none() -> None:
    text = masked_text([5, 30, 12])
    assert len(text.batch(np.arange(4), epoch=0).input_ids) == 47 + 2 * 4


def test_masks_do_not_depend_on_the_batch() -> None:
    text = masked_text([15] * 40)
    together = text.batch(np.arange(40), epoch=2)
    shown = together.input_ids.reshape(40, 17)
    for row in (0, 7, 39):
        assert (text.batch(np.array([row]), epoch=2).input_ids == shown[row]).all()
        assert (text.batch(np.array([row]), epoch=2, policy=PaddingPolicy(8, 0, 64)).input_ids[:17] == shown[row]).all()
    assert (text.batch(np.arange(40), epoch=3).input_ids != together.input_ids).any()


def test_mask_shares_are_those_of_bert() -> None:
    text = masked_text([18] * 4000)
    batch = text.batch(np.arange(4000), epoch=0)
    share = len(batch.labels) / batch.real_tokens
    assert share == pytest.approx(0.15, abs=0.005)
    shown = batch.input_ids[batch.masked_positions]
    assert (shown == MASK_ID).mean() == pytest.approx(0.8, abs=0.015)
    assert (shown == batch.labels).mean() == pytest.approx(0.1, abs=0.012)


def test_special_tokens_are_those_of_the_tokenizer() -> None:
    special = SpecialIds(pad=1, unk=3, cls=0, sep=2, mask=VOCABULARY - 1, every=(0, 1, 2, 3, 7, VOCABULARY - 1))
    text = replace(masked_text([18] * 3000 + [3]), special=special)
    batch = text.batch(np.arange(len(text.windows)), epoch=0, policy=PaddingPolicy(1, 10_000, 1))
    windows = batch.input_ids.reshape(-1, 20)
    assert (windows[:, 0] == 0).all()
    assert (windows[:-1, -1] == 2).all()
    assert (windows[-1, 4:] == [2] + [1] * 15).all()
    shown = batch.input_ids[batch.masked_positions]
    assert (shown == special.mask).mean() == pytest.approx(0.8, abs=0.02)
    drawn = shown[(shown != special.mask) & (shown != batch.labels)]
    assert not set(drawn) & set(special.every)
    assert {4, 5, 6} & set(drawn) and len(set(drawn)) > 200


def test_an_epoch_reads_everything_once_in_a_new_order() -> None:
    text = masked_text([10] * 103)
    orders = [text.epoch_order(epoch) for epoch in (0, 1)]
    assert not (orders[0] == orders[1]).all()
    parts = [update_rows(orders[0], 10, update) for update in range(10)]
    assert sorted(np.concatenate(parts)) == list(range(103))
    assert {len(part) for part in parts} == {10, 11}


@given(st.lists(st.integers(1, 60), min_size=1, max_size=50), st.integers(62, 400), st.integers(1, 4))
def test_micro_batches_hold_every_row_within_the_budget(lengths: list[int], budget: int, least: int) -> None:
    sizes = np.array(lengths)
    parts = list(micro_batches(sizes, budget, least))
    assert sorted(np.concatenate(parts)) == list(range(len(lengths)))
    assert len(parts) >= min(least, len(lengths))
    assert all(len(part) == 1 or (sizes[part] + 2).sum() <= budget for part in parts)


def test_a_bucket_is_cut_only_where_that_pays() -> None:
    lengths = np.array([98] * 10 + [18] * 40)
    assert cut_buckets(lengths, PaddingPolicy(1, 3_199, 1)) == [Bucket(0, 10, 98), Bucket(980, 40, 18)]
    assert cut_buckets(lengths, PaddingPolicy(1, 3_200, 1)) == [Bucket(0, 50, 98)]
    assert cut_buckets(lengths, PaddingPolicy(8, 0, 1)) == [Bucket(0, 10, 104), Bucket(1040, 40, 24)]
