"""Make corpora comparable: common window, no copies, splits by sitting, equal periods, equal budgets; and audit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hansard_bias.corpora.align import audits, duplicates, splits
from hansard_bias.corpora.align.duplicates import Fingerprints, Flags, Rows, Texts, take
from hansard_bias.corpora.align.splits import Days, Ranks, days_of, hash_order, period_of
from hansard_bias.corpora.schema import ALIGNED, FACTS, MEASURES, SHARING
from hansard_bias.params import SPLITS, AlignConfig, Config

WRITTEN = 8192  # speeches in memory when a corpus is written
WINDOW, EXACT, NEAR = "outside_window", "exact_duplicate", "near_duplicate"
COPY, NEAR_COPY = "exact_copy_in_later_split", "near_copy_in_later_split"
UNMATCHED, SURPLUS = "period_without_counterpart", "period_surplus"
# Why speeches inside the window are dropped, in this order; the first four are repeats.
REASONS = (EXACT, NEAR, COPY, NEAR_COPY, UNMATCHED, SURPLUS)
Window = tuple[np.datetime64, np.datetime64]  # first and last day


@dataclass(frozen=True)
class Aligned:
    """The aligned corpora, who trains on what, and the record of how it came about."""

    # The kept speeches of each corpus, in the order of the debates: facts, measures, and the `row` of the text.
    corpora: dict[str, pd.DataFrame]
    texts: Texts  # the texts by `row`
    mixtures: pd.DataFrame  # which speeches each model uses: model, corpus, speech_id, split
    report: dict[str, object]  # the content of metrics/alignment.json

    def written(self, name: str) -> Iterator[pa.Table]:
        """One corpus with its texts, in batches: columns of schema.ALIGNED."""
        table = self.corpora[name]
        for start in range(0, max(len(table), 1), WRITTEN):
            batch = table.iloc[start : start + WRITTEN]
            texts = take(self.texts, batch["row"].to_numpy())
            yield pa.Table.from_pandas(batch.assign(text=texts), ALIGNED, preserve_index=False)


class _Pool:
    """The speeches of all corpora inside their windows, in one table, and why those that are gone were dropped."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], windows: Mapping[str, Window], files: Mapping[str, Path]
    ) -> None:
        self.names, self.read = list(tables), [len(table) for table in tables.values()]
        inside = [_within(days_of(table["sitting"]), windows[name]) for name, table in tables.items()]
        parts = [table[rows] for table, rows in zip(tables.values(), inside, strict=True)]
        self.table = pd.concat(parts, ignore_index=True)
        self.corpus = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        self.days = days_of(self.table["sitting"])
        self.texts = Texts([files[name] for name in tables], self.corpus, self.table.pop("place").to_numpy())
        self.reasons = np.full(len(self.table), "", dtype=object)

    @property
    def left(self) -> Rows:
        """Rows not dropped."""
        return np.flatnonzero(self.reasons == "")

    def drop(self, rows: Rows, reason: str) -> None:
        """Drop the rows, given by number, that are still there: the first reason counts."""
        self.reasons[rows[self.reasons[rows] == ""]] = reason

    def by_corpus(self, values: NDArray[Any], of: Callable[[NDArray[Any]], Any]) -> dict[str, Any]:
        """A number for each corpus from what is known of its speeches."""
        return {name: of(values[self.corpus == code]) for code, name in enumerate(self.names)}

    def require_splits(self, split: Ranks, align: AlignConfig) -> None:
        """Raise ValueError unless every corpus has a speech in every split left."""
        left = self.left
        splits.require_splits(self.corpus[left], split[left], self.days[left], self.names, align)


def align(files: Mapping[str, Path], config: Config) -> Aligned:
    """Align the speeches of all corpora of params.yaml, given their files (Parquet: Speech, and `raw`).

    Every decision is a function of the settings and the speeches, never of the order of rows. Raises ValueError where
    the corpora share no days or a split stays empty.
    """
    tables = _in_order(files, config)
    windows = windows_of(tables, config.align)
    pool = _Pool(tables, windows, files)
    # The order matters: copies within a corpus go first, so that none takes a place in a split; those between splits
    # next; and the periods are made equal last, in what is left.
    prints, pairs = _drop_repeats(pool, config.align)
    split = _split(pool, prints, pairs, config.align)
    _match_periods(pool, split, prints.words, config.align)
    kept = _kept(pool, split, prints, config.align)
    mixtures, budget = splits.choose_speeches(kept, config)
    corpora = {name: _finish(kept[kept["corpus"] == code], name) for code, name in enumerate(config.corpora)}
    leaks, sharing = audits.leakage(corpora, mixtures, pool.texts)
    # Speeches that share a phrase stay, with a mark: the scores are also given without them.
    corpora = {name: table.assign(**{SHARING.name: sharing[name]}) for name, table in corpora.items()}
    sample = audits.audit_sample(corpora, pool.texts, config.align.seed)
    sittings = pool.by_corpus(pool.days, lambda days: len(np.unique(days)))
    report: dict[str, object] = {
        **_window_record(windows, sittings),
        "statistics": audits.statistics_table(corpora, mixtures, config),
        **_account(pool),
        "counted_by_character": _by_character(pool, prints),
        "leakage": leaks,
        "format_audit": audits.format_audit(sample),
        "content_audit": audits.content_audit(sample),
        "budget": {"kind": config.align.budget, "words_per_model": budget},
    }
    return Aligned(corpora, pool.texts, mixtures, report)


def _in_order(files: Mapping[str, Path], config: Config) -> dict[str, pd.DataFrame]:
    """Facts and `place` of all speeches: tables in the order of params.yaml, rows in that of the debates."""
    tables = {}
    for name in config.corpora:
        table = pd.read_parquet(files[name], columns=FACTS.names) if name in files else pd.DataFrame()
        if table.empty:
            raise ValueError(f"corpus {name}: no speech to align, expected a table; `dvc repro corpus@{name}` makes it")
        table["place"] = np.arange(len(table))
        repeated = table.loc[table["speech_id"].duplicated(), "speech_id"]
        if len(repeated):
            raise ValueError(f"corpus {name}: speech_id {repeated.iloc[0]} occurs twice, expected once; read it again")
        # Of two copies the earlier stays, whatever the order in the file.
        tables[name] = table.iloc[np.lexsort((table["ordinal"].to_numpy(), days_of(table["sitting"])))]
    return tables


def windows_of(tables: Mapping[str, pd.DataFrame], align: AlignConfig) -> dict[str, Window]:
    """The days of each corpus that count: those that all have in common, within what the settings ask for.

    With align.period none and too few days in common to fill the splits, every corpus keeps the days from its own first
    to its own last sitting. Raises ValueError where some corpus then has no sitting.
    """
    days = {name: days_of(table["sitting"]) for name, table in tables.items()}
    asked = np.datetime64(align.first_day, "D"), np.datetime64(align.last_day, "D")
    first = max(asked[0], *(each.min() for each in days.values()))
    last = min(asked[1], *(each.max() for each in days.values()))
    apart = align.period == "none"
    # Periods on purpose: a day or two that both happen to have are no window.
    least = len(SPLITS) if apart else 1
    if all(splits.dealt(each[_within(each, (first, last))], align) >= least for each in days.values()):
        return dict.fromkeys(days, (first, last))
    own = {name: each[_within(each, asked)] for name, each in days.items()}
    if apart and all(len(each) for each in own.values()):
        return {name: (each.min(), each.max()) for name, each in own.items()}
    covered = "; ".join(f"{name} sat {each.min()} to {each.max()}" for name, each in days.items())
    on_purpose = "choose days that all of them cover, or align.period none, to compare different periods on purpose"
    advice = "choose days that hold sittings of each" if apart else on_purpose
    raise ValueError(
        f"no day range with sittings of every corpus within align.first_day {align.first_day} and align.last_day "
        f"{align.last_day} ({covered}); {advice}"
    )


def _window_record(windows: Mapping[str, Window], sittings: Mapping[str, int]) -> dict[str, object]:
    """All days that count; and by corpus, where they do not share them, the periods that are compared."""
    days = {name: {"first_day": str(first), "last_day": str(last)} for name, (first, last) in windows.items()}
    firsts, lasts = zip(*windows.values(), strict=True)
    return {
        "window": {"first_day": str(min(firsts)), "last_day": str(max(lasts)), "sittings": sittings},
        "different_periods": days if len(set(windows.values())) > 1 else {},
    }


def _within(days: Days, window: Window) -> Flags:
    return (days >= window[0]) & (days <= window[1])


def _drop_repeats(pool: _Pool, align: AlignConfig) -> tuple[Fingerprints, Rows]:
    """Remove the copies within each corpus; return what finds those between splits: fingerprints and near pairs."""
    prints = duplicates.fingerprint(pool.texts, align.near_duplicate_min_words)
    pool.drop(np.flatnonzero(duplicates.exact_repeats(pool.corpus, prints.keys)), EXACT)
    pairs = duplicates.near_pairs(pool.texts, prints, pool.left, align.near_duplicate)
    pool.drop(duplicates.near_repeats(pairs, pool.corpus), NEAR)
    return prints, pairs


def _split(pool: _Pool, prints: Fingerprints, pairs: Rows, align: AlignConfig) -> Ranks:
    """Split by sitting, then remove from training and validation what a later split holds too."""
    split = splits.assign_splits(pool.days, pool.corpus, align, len(pool.names))
    pool.require_splits(split, align)
    left = pool.left
    pool.drop(left[duplicates.copies_of_later_splits(prints.keys[left], split[left])], COPY)
    # A pair of which one was dropped just now is a copy no longer.
    pairs = pairs[(pool.reasons[pairs] == "").all(axis=1)]
    pool.drop(duplicates.near_copies_of_later_splits(pairs, split), NEAR_COPY)
    return split


def _match_periods(pool: _Pool, split: Ranks, size: Rows, align: AlignConfig) -> None:
    """In every split, give each period the same share of the words in all corpora (align.period none: leave as is)."""
    if align.period == "none":
        return
    left = pool.left
    # Periods as positions, to index the table of words below.
    numbers, period = np.unique(period_of(pool.days[left], align.period), return_inverse=True)
    shape = (len(SPLITS), len(numbers), len(pool.names))
    cell = (split[left], period, pool.corpus[left])
    words = np.zeros(shape)
    np.add.at(words, cell, size[left])
    targets = splits.period_targets(words, align.budget)[cell]
    order = hash_order(pool.table["speech_id"].iloc[left], align.seed, "period")
    least = splits.least_targets(size[left], np.ravel_multi_index(cell, shape), order)
    pool.drop(left[targets == 0], UNMATCHED)
    pool.drop(left[least > targets], SURPLUS)


def _kept(pool: _Pool, split: Ranks, prints: Fingerprints, align: AlignConfig) -> pd.DataFrame:
    """The speeches left, with what the mixtures are chosen by (corpus and split as numbers)."""
    pool.require_splits(split, align)
    left = pool.left
    facts = pool.table.iloc[left].reset_index(drop=True)
    period = period_of(pool.days[left], align.period)
    table = facts.assign(corpus=pool.corpus[left], split=split[left], row=left, period=period)
    # Not the order in which the periods were cut: what that left has low numbers where much was cut.
    order = hash_order(table["speech_id"], align.seed, "mixture")
    return table.assign(words=prints.words[left], bytes=prints.sizes[left], order=order)


def _finish(table: pd.DataFrame, name: str) -> pd.DataFrame:
    table = table.assign(corpus=name, split=splits.named(table["split"], SPLITS))
    return table[[*FACTS.names, "row", *MEASURES.names]].reset_index(drop=True)


def _by_character(pool: _Pool, prints: Fingerprints) -> dict[str, float]:
    """Of each corpus the share of the words kept that are characters of a script without blanks."""
    kept = pool.reasons == ""
    characters, words = (pool.by_corpus(np.where(kept, each, 0), np.sum) for each in (prints.characters, prints.words))
    return {name: int(characters[name]) / max(1, int(words[name])) for name in pool.names}


def _account(pool: _Pool) -> dict[str, object]:
    speeches, dropped = {}, {}
    counted = pool.by_corpus(pool.reasons, lambda reasons: Counter(reasons.tolist()))
    for (name, counts), read in zip(counted.items(), pool.read, strict=True):
        dropped[name] = {WINDOW: read - counts.total(), **{reason: counts[reason] for reason in REASONS}}
        speeches[name] = {"read": read, "kept": counts[""]}
        assert read == counts[""] + sum(dropped[name].values()), "every speech is accounted for"
    repeats = {reason: {name: each[reason] for name, each in dropped.items()} for reason in REASONS[:4]}
    return {"speeches": speeches, "dropped": dropped, "duplicates": repeats}
