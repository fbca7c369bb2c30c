"""Vectors of words: from a model's input embeddings, and from words in whole sentences (method.md section 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from hansard_bias.models.scorer import MaskedBatch, Scorer
from hansard_bias.probing.cloze import ClozeEncoder, Tokens, check_window
from hansard_bias.probing.files import Associations, WordSet
from hansard_bias.probing.prompts import Candidate
from hansard_bias.probing.tables import ASKED

Vectors = dict[str, npt.NDArray[np.float64]]


def measure_associations(
    scorer: Scorer, encoder: ClozeEncoder, associations: Associations, batch_size: int = 64
) -> pd.DataFrame:
    """How much closer every target word stands to the first attributes than to the second, and cosines of pairs.

    In the space "input" a word's vector is the mean of its tokens' input embeddings (WEAT: Caliskan et al. 2017,
    doi 10.1126/science.aal4230); in "contextual" the mean of its tokens' last hidden states, averaged over the
    template sentences, so that a word is one observation however many sentences show it (after SEAT: May et al. 2019,
    arXiv 1903.10561). Words are written as they occur in running text.

    Returns rows of two kinds with the columns of ASKED and `value`. "association": for target `word` of `test`, on
    `side` first or second, value = mean cosine with the first attributes - mean cosine with the second, in [-2, 2].
    "cosine": for the pair `word`, `other`, value = their cosine, in [-1, 1].
    Raises ValueError for a word that the tokenizer cannot write, or a sentence longer than the model's window.
    """
    candidates = associations.candidates
    spaces = {
        "input": input_vectors(scorer, encoder, candidates),
        "contextual": contextual_vectors(scorer, encoder, candidates, associations.templates, batch_size),
    }
    rows: list[tuple[object, ...]] = []
    for space, vectors in spaces.items():
        for test in associations.tests:
            for side, targets in zip(("first", "second"), test.targets, strict=True):
                for word in targets.words:
                    near, far = (_mean_cosine(vectors, word, attributes) for attributes in test.attributes)
                    rows.append((space, "association", test.id, side, word, "", near - far))
        for word, other in associations.pairs:
            rows.append((space, "cosine", "", "", word, other, cosine(vectors[word], vectors[other])))
    return pd.DataFrame(rows, columns=[*ASKED["associations"], "value"])


def cosine(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """The cosine of the angle between two vectors that are not zero."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@torch.inference_mode()
def input_vectors(scorer: Scorer, encoder: ClozeEncoder, candidates: Sequence[Candidate]) -> Vectors:
    """Every word's vector in the table of input embeddings, the mean over its tokens."""
    table = scorer.embeddings()
    return {candidate.term: _mean(table[list(encoder.in_text(candidate))]) for candidate in candidates}


@torch.inference_mode()
def contextual_vectors(
    scorer: Scorer, encoder: ClozeEncoder, candidates: Sequence[Candidate], templates: Sequence[str], batch_size: int
) -> Vectors:
    """Every word's vector inside the templates: mean over its tokens, then over the templates."""
    shown: list[tuple[str, Tokens, range]] = []
    for template in templates:
        cloze = encoder.cloze(template, candidates, f"probe.associations: template {template!r}")
        for candidate, tokens in zip(candidates, cloze.terms, strict=True):
            places = range(len(cloze.head), len(cloze.head) + len(tokens))
            shown.append((candidate.term, (*cloze.head, *tokens, *cloze.tail), places))
        check_window(scorer, max(len(tokens) for _, tokens, _ in shown), cloze.where)
    # Sentences of like length share a batch: little padding. Within a length they come by what they say: another
    # place in a batch may change the last digits.
    shown.sort(key=lambda entry: (len(entry[1]), entry[1], entry[0]))
    found: dict[str, list[npt.NDArray[np.float64]]] = {candidate.term: [] for candidate in candidates}
    for start in range(0, len(shown), batch_size):
        words, sequences, spans = zip(*shown[start : start + batch_size], strict=True)
        states = scorer.states(MaskedBatch.of(sequences, spans, encoder.tokenizer.pad_token_id))
        for word, own in zip(words, torch.split(states, [len(span) for span in spans]), strict=True):
            found[word].append(_mean(own))
    return {word: np.mean(vectors, axis=0) for word, vectors in found.items()}


def _mean(rows: torch.Tensor) -> npt.NDArray[np.float64]:
    # Cosines of vectors are compared with one another: float32 sums would add noise of their own.
    return np.asarray(rows.double().mean(dim=0).cpu().numpy(), dtype=np.float64)


def _mean_cosine(vectors: Vectors, word: str, attributes: WordSet) -> float:
    # Summed exactly: the order of the words changes nothing.
    return math.fsum(cosine(vectors[word], vectors[other]) for other in attributes.words) / len(attributes.words)
