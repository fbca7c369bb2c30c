"""Sentences that compete: their likelihood token by token, masked and unmasked (method.md section 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

import numpy as np
import pandas as pd

from hansard_bias.base.messages import Progress, shown
from hansard_bias.models.scorer import MaskedBatch, Scorer
from hansard_bias.probing.benchmarks import PARTS, Benchmark, Pair
from hansard_bias.probing.cloze import ClozeEncoder, Gap, Tokens, check_window, held
from hansard_bias.probing.prompts import Candidate, LeftOut
from hansard_bias.probing.tables import ASKED, OPTIONS

# In a forward pass: tokens, and positions of which the whole vocabulary is looked at.
BATCH_TOKENS, BATCH_ASKED = 2_048, 1_024

Query = tuple[Gap, int]
"""A position in a sequence, and the token whose probability is asked for."""


@dataclass(frozen=True)
class Reading:
    """What is asked about one option of a pair."""

    masked: tuple[Query, ...]
    """Its score is the sum of their log P, or the mean."""
    unmasked: tuple[Query, ...]
    """AUL is the mean of their log P."""
    mean: bool = False

    def scores(self, logp: Mapping[Query, float]) -> tuple[float, float]:
        """The score and AUL, in nats."""
        score = math.fsum(logp[query] for query in self.masked) / (len(self.masked) if self.mean else 1)
        return score, math.fsum(logp[query] for query in self.unmasked) / len(self.unmasked)


def probe_pairs(
    scorer: Scorer, encoder: ClozeEncoder, benchmarks: Sequence[Benchmark]
) -> tuple[pd.DataFrame, list[LeftOut]]:
    """Ask a model which of some sentences it expects.

    Of two sentences the score is the pseudo-log-likelihood over the tokens that both have, one masked at a time (Nangia
    et al. 2020, arXiv 2010.00133). Of StereoSet (Nadeem et al. 2021, arXiv 2004.09456) it is the mean log P of the
    tokens that fill the context's gap, from left to right, or of those of the sentence after its context, one masked at
    a time. AUL is the mean log P of all tokens of a sentence, none masked (Kaneko & Bollegala 2022, arXiv 2104.07496).

    Returns a row for each item with the columns of ASKED, and of each option score_* and aul_* in nats (nan where there
    is no third); no rows without pairs. And the items that are left out: sentences that are the same, or share no
    token, once they are cleaned and encoded, that hold an unknown token or are longer than the model's window.
    """
    tables, left_out = [pd.DataFrame(columns=ASKED["pairs"])], list[LeftOut]()
    for benchmark in benchmarks:
        readings = list[tuple[Pair, list[Reading], int]]()
        for pair in benchmark.pairs:
            try:
                readings.append((pair, *_readings(pair, encoder, scorer)))
            except ValueError as error:
                left_out.append(LeftOut(benchmark.name, str(error)))
        queries = chain.from_iterable((*each.masked, *each.unmasked) for _, own, _ in readings for each in own)
        logp = log_probabilities(scorer, queries, encoder.tokenizer.pad_token_id)
        tables += [_table(benchmark, readings, logp)] if readings else []
    return pd.concat(tables[1:] or tables, ignore_index=True), left_out


def _table(
    benchmark: Benchmark, readings: Sequence[tuple[Pair, list[Reading], int]], logp: Mapping[Query, float]
) -> pd.DataFrame:
    rows, numbers = [], []
    for pair, own, shared in readings:
        options = (*pair.options, "")[: len(OPTIONS)]
        told = (pair.item, pair.theme, pair.part, pair.target, pair.context)
        rows.append((benchmark.name, benchmark.form, *told, *options, shared))
        scores = [each.scores(logp) for each in own]
        numbers.append([*scores, (math.nan, math.nan)][: len(OPTIONS)])
    values = np.array(numbers)
    found = {
        f"{kind}_{name}": values[:, at, n] for n, kind in enumerate(("score", "aul")) for at, name in enumerate(OPTIONS)
    }
    return pd.DataFrame(rows, columns=ASKED["pairs"]).assign(**found)


def _readings(pair: Pair, encoder: ClozeEncoder, scorer: Scorer) -> tuple[list[Reading], int]:
    """What is asked about each option, and how many tokens two sentences share; ValueError for what cannot be asked."""
    if pair.part == PARTS[0]:
        return _fillings(pair, encoder, scorer), 0
    before = f"{encoder.normalise(pair.context)} " if pair.context else ""
    found = [_encoded(before, option, pair, encoder) for option in pair.options]
    sentences = [tokens[own.start : own.stop] for tokens, own in found]
    _check(pair, [tokens for tokens, _ in found], scorer)
    if pair.context:
        return [_reading(tokens, own, own, encoder.mask, mean=True) for tokens, own in found], 0
    blocks = SequenceMatcher(None, sentences[0], sentences[1], autojunk=False).get_matching_blocks()
    shared = [
        [own.start + block[side] + at for block in blocks for at in range(block.size)]
        for side, (_, own) in enumerate(found)
    ]
    if not shared[0]:
        raise ValueError(f"{pair.where}: its sentences share no token; expected sentences that differ in little")
    return [_reading(*each, masked, encoder.mask) for each, masked in zip(found, shared, strict=True)], len(shared[0])


def _encoded(before: str, option: str, pair: Pair, encoder: ClozeEncoder) -> tuple[Tokens, range]:
    """A sentence with what stands before it and special tokens, and the positions of its own tokens."""
    text = before + encoder.normalise(option)
    encoded = encoder.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    tokens, start = tuple(encoded["input_ids"]), len(encoder.opening)
    own = held(encoded["offset_mapping"], len(before) - 1, len(text))
    if not own or {encoder.tokenizer.unk_token_id, *encoder.tokenizer.all_special_ids} & {*tokens}:
        raise ValueError(f"{pair.where}: {shown(option)} encodes to an unknown or special token; reword it")
    return encoder.opening + tokens + encoder.closing, range(start + own.start, start + own.stop)


def _fillings(pair: Pair, encoder: ClozeEncoder, scorer: Scorer) -> list[Reading]:
    candidates = [Candidate(f"{pair.where}: option", option) for option in pair.options]
    cloze, _ = encoder.cloze_and_prior(pair.context, candidates, pair.where)
    found = list[Reading]()
    for filling in cloze.fillings:
        tokens = filling.head + filling.tokens + filling.tail
        whole = range(len(encoder.opening), len(tokens) - len(encoder.closing))
        unmasked = tuple((Gap(tokens, at), tokens[at]) for at in whole)
        found.append(Reading(tuple(filling.chain(cloze.mask)), unmasked, mean=True))
    _check(pair, [each.unmasked[0][0].tokens for each in found], scorer)
    return found


def _check(pair: Pair, sentences: Sequence[Tokens], scorer: Scorer) -> None:
    if len({*sentences}) < len(sentences):
        raise ValueError(f"{pair.where}: two of its sentences become the same tokens; expected sentences that differ")
    check_window(scorer, max(map(len, sentences)), pair.where)


def _reading(tokens: Tokens, own: Iterable[int], masked: Iterable[int], mask: int, mean: bool = False) -> Reading:
    hidden = ((Gap((*tokens[:at], mask, *tokens[at + 1 :]), at), tokens[at]) for at in masked)
    return Reading(tuple(hidden), tuple((Gap(tokens, at), tokens[at]) for at in own), mean)


def log_probabilities(scorer: Scorer, queries: Iterable[Query], padding: int) -> dict[Query, float]:
    """log P of every query, in nats; sequences of one length share forward passes, without padding."""
    wanted: dict[Tokens, dict[Query, int]] = {}
    for query in queries:
        wanted.setdefault(query[0].tokens, {})[query] = query[0].position
    found: dict[Query, float] = {}
    # In an order that depends on what is asked alone: another place in a batch may change the last digits.
    order = sorted(wanted, key=lambda tokens: (len(tokens), tokens))
    progress, done = Progress("read", len(order), "sentences"), 0
    for rows in _batches(order, [len(wanted[tokens]) for tokens in order]):
        asked = [sorted(wanted[tokens].items(), key=lambda each: (each[1], each[0][1])) for tokens in rows]
        batch = MaskedBatch.of(rows, [[place for _, place in own] for own in asked], padding)
        names = [query for own in asked for query, _ in own]
        nats = scorer.surprisals(batch, np.array([label for _, label in names]))
        found.update(zip(names, (-nats.astype(np.float64)).tolist(), strict=True))
        done += len(rows)
        progress.reached(done)
    return found


def _batches(order: Sequence[Tokens], asked: Sequence[int]) -> Iterator[Sequence[Tokens]]:
    """Sequences of one length, within the bounds of a forward pass."""
    start = tokens = positions = 0
    for at, sequence in enumerate(order):
        tokens, positions = tokens + len(sequence), positions + asked[at]
        if at > start and (tokens > BATCH_TOKENS or positions > BATCH_ASKED or len(sequence) != len(order[start])):
            yield order[start:at]
            start, tokens, positions = at, len(sequence), asked[at]
    if order:
        yield order[start:]
