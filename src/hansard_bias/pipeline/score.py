"""The surprisal of every test piece of every corpus under one model: `dvc repro score@nunavut-1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np

from hansard_bias.base import work as unfinished
from hansard_bias.base.files import LIKELIHOODS, MODELS, SCORES, run_name
from hansard_bias.base.parallel import LONGEST_WAIT, destroy_group, process_group
from hansard_bias.models.scorer import Ids, Reader
from hansard_bias.params import Config
from hansard_bias.scoring.inputs import Inputs, read_inputs
from hansard_bias.scoring.scoring import piece_surprisals, score_speeches
from hansard_bias.scoring.shards import Part, Scores, collect, compute, done
from hansard_bias.scoring.tables import (
    SAMPLE_KEY,
    TEXTS_KEY,
    likelihood_table,
    score_tables,
    texts_digest,
    write_scores,
)


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Score the test split of every corpus: data/scores/<model>-<seed>.parquet, and beside it data/likelihoods.

    Of several processes (`accelerate launch`) each scores a share, and the main one alone writes.
    """
    name = run_name(model, seed)
    state = process_group(LONGEST_WAIT)
    inputs = read_inputs(config, name, root)
    reader = Reader.load(root / MODELS / name, state.device)
    parts = inputs.parts(reader.positions)
    folder = unfinished.checkpoint_root() / f"score-{inputs.key}"
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished.locked(folder, "scoring") if state.is_main_process else nullcontext():
        if state.is_main_process and (ready := done(parts, folder)):
            print(f"resumed: {ready} of {len(parts)} parts are scored", flush=True)
        say = partial(print, flush=True) if state.is_main_process else None
        compute(parts, folder, partial(ask, reader, inputs), state.process_index, state.num_processes, say)
        state.wait_for_everyone()
        if state.is_main_process:
            write(inputs, parts, folder, name, root)
            unfinished.remove(folder)
    destroy_group(state)


def ask(reader: Reader, inputs: Inputs, part: Part) -> Scores:
    """The surprisals of one part's pieces."""
    corpus, config, special = inputs.corpora[part.corpus], inputs.config, inputs.special
    if part.kind == "folds":
        return score_speeches(reader, corpus, part.rows, config, special)
    words = [inputs.words[part.corpus][int(row)] for row in part.rows]
    return piece_surprisals(reader, corpus, part.rows, words, config.batch_tokens, special)


def write(inputs: Inputs, parts: list[Part], folder: Path, name: str, root: Path) -> None:
    """Put the parts together as the two tables, each with its fingerprint, corpus by corpus."""

    def assembled(kind: str, rows: Mapping[str, Ids], forms: tuple[int, ...]) -> Iterator[tuple[str, Scores]]:
        for corpus, encoded in inputs.corpora.items():
            own = [part for part in parts if (part.kind, part.corpus) == (kind, corpus)]
            yield corpus, in_order_of(rows[corpus], encoded.lengths, own, folder, forms)

    exact = (
        likelihood_table(corpus, inputs.corpora[corpus], inputs.sample[corpus], nats)
        for corpus, nats in assembled("likelihood", inputs.sample, (2,))
    )
    folds = (
        table
        for corpus, nats in assembled("folds", inputs.test, ())
        for table in score_tables(corpus, inputs.corpora[corpus], inputs.test[corpus], nats)
    )
    settings = inputs.config
    sample_text = f"seed {settings.seed}, {settings.likelihood_speeches} speeches of each corpus"
    for path, rows, tables, more in (
        (root / LIKELIHOODS, inputs.sample, exact, {SAMPLE_KEY: sample_text}),
        (root / SCORES, inputs.test, folds, {}),
    ):
        texts = texts_digest((encoded, rows[corpus]) for corpus, encoded in inputs.corpora.items())
        write_scores(path / f"{name}.parquet", tables, {**inputs.fingerprint, TEXTS_KEY: texts, **more})


def in_order_of(rows: Ids, lengths: Ids, parts: list[Part], folder: Path, forms: tuple[int, ...]) -> Scores:
    """The scores of all pieces of the speeches at `rows`, in that order, out of their parts; shape [*forms, pieces].

    lengths: pieces of every speech of the corpus.
    """
    sizes = lengths[rows]
    starts = np.zeros(len(lengths), dtype=np.int64)
    starts[rows] = np.cumsum(sizes) - sizes
    whole = np.full((*forms, int(sizes.sum())), np.nan, dtype=np.float32)
    for part, scores in collect(parts, folder):
        own = lengths[part.rows]
        inside = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
        whole[..., np.repeat(starts[part.rows], own) + inside] = scores
    assert not np.isnan(whole).any(), "a speech is in no part"
    return whole
