"""Vectors of words: from a model's input embeddings, and from words in whole sentences (method.md section 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from hansard_bias.probing.asking import check_window, padded_batch
from hansard_bias.probing.cloze import Filling, Framer, Pieces, Surface
from hansard_bias.probing.files import Associations, WordSet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Vectors = dict[str, npt.NDArray[np.float64]]

SPACES = ("input", "contextual")
COLUMNS = ("space", "kind", "test", "side", "word", "other", "value")


def measure_associations(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    associations: Associations,
    surface: Surface,
    batch_size: int = 64,
) -> pd.DataFrame:
    """How much closer every target word stands to the first attributes than to the second, and cosines of pairs.

    In the space "input" a word's vector is the mean of its pieces' input embeddings (WEAT: Caliskan et al. 2017,
    doi 10.1126/science.aal4230); in "contextual" the mean of its pieces' last hidden states, averaged over the
    template sentences, so that a word is one observation however many sentences show it (after SEAT: May et al. 2019,
    arXiv 1903.10561). Words are written as they occur in running text.

    Returns rows of two kinds with the columns of COLUMNS. "association": for target `word` of `test`, on `side` first
    or second, value = mean cosine with the first attributes - mean cosine with the second, in [-2, 2]. "cosine": for
    the pair `word`, `other`, value = their cosine, in [-1, 1].
    Raises ValueError for a word that the tokenizer cannot write, or a sentence longer than the model's window.
    """
    framer = Framer(tokenizer, surface)
    fillings = [Filling("probe.associations: word", word) for word in associations.words]
    spaces = {
        "input": input_vectors(model, framer, fillings),
        "contextual": contextual_vectors(model, framer, fillings, associations.templates, batch_size),
    }
    rows = [row for space, vectors in spaces.items() for row in _rows(space, vectors, associations)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cosine(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """The cosine of the angle between two vectors that are not zero."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@torch.inference_mode()
def input_vectors(model: PreTrainedModel, framer: Framer, fillings: Sequence[Filling]) -> Vectors:
    """Every word's vector in the table of input embeddings, the mean over its pieces."""
    table = model.get_input_embeddings().weight
    return {filling.term: _mean(table[list(framer.in_text(filling))]) for filling in fillings}


@torch.inference_mode()
def contextual_vectors(
    model: PreTrainedModel, framer: Framer, fillings: Sequence[Filling], templates: Sequence[str], batch_size: int
) -> Vectors:
    """Every word's vector inside the templates: mean over its pieces, then over the templates."""
    shown: list[tuple[str, Pieces, slice]] = []
    for template in templates:
        frame = framer.frame(template, fillings, f"probe.associations: template {template!r}")
        for filling, pieces in zip(fillings, frame.terms, strict=True):
            place = slice(len(frame.head), len(frame.head) + len(pieces))
            shown.append((filling.term, (*frame.head, *pieces, *frame.tail), place))
        check_window(model, max(len(pieces) for _, pieces, _ in shown), frame.where)
    # Sentences of like length share a batch: little padding. Within a length they come by what they say: another
    # place in a batch may change the last digits.
    shown.sort(key=lambda entry: (len(entry[1]), entry[1], entry[0]))
    found: dict[str, list[npt.NDArray[np.float64]]] = {filling.term: [] for filling in fillings}
    for start in range(0, len(shown), batch_size):
        batch = shown[start : start + batch_size]
        states = _states(model, [pieces for _, pieces, _ in batch], framer.tokenizer.pad_token_id)
        for (word, _, place), state in zip(batch, states, strict=True):
            found[word].append(_mean(state[place]))
    return {word: np.mean(vectors, axis=0) for word, vectors in found.items()}


def _states(model: PreTrainedModel, sequences: Sequence[Pieces], padding: int) -> torch.Tensor:
    """Last hidden states, shape [sequences, longest, size], where a sequence is shorter with idle rows at its end."""
    states: torch.Tensor = model.base_model(**padded_batch(model, sequences, padding)).last_hidden_state
    return states


def _mean(rows: torch.Tensor) -> npt.NDArray[np.float64]:
    return np.asarray(rows.double().mean(dim=0).cpu().numpy(), dtype=np.float64)


def _rows(
    space: str, vectors: Mapping[str, npt.NDArray[np.float64]], associations: Associations
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for test in associations.tests:
        for side, targets in zip(("first", "second"), test.targets, strict=True):
            for word in targets.words:
                near, far = (_mean_cosine(vectors, word, attributes) for attributes in test.attributes)
                rows.append((space, "association", test.id, side, word, "", near - far))
    for word, other in associations.pairs:
        rows.append((space, "cosine", "", "", word, other, cosine(vectors[word], vectors[other])))
    return rows


def _mean_cosine(vectors: Mapping[str, npt.NDArray[np.float64]], word: str, attributes: WordSet) -> float:
    # Summed exactly: the order of the words changes nothing.
    return math.fsum(cosine(vectors[word], vectors[other]) for other in attributes.words) / len(attributes.words)
