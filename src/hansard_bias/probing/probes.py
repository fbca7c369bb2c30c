"""What a masked language model prefers in prompts (method.md section 4), and how its words associate (section 5)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from hansard_bias.base.messages import shown
from hansard_bias.models.scorer import MaskedBatch, Scorer
from hansard_bias.probing.benchmarks import Benchmark
from hansard_bias.probing.cloze import Cloze, ClozeEncoder, Tokens, check_window, score_clozes, term_log_probabilities
from hansard_bias.probing.files import Associations, PlantedFrame
from hansard_bias.probing.prompts import MASK, Candidate, Group, Groups, LeftOut, Prompt, is_sentence
from hansard_bias.probing.tables import ASKED

Vectors = dict[str, npt.NDArray[np.float64]]
Usage = Mapping[str, Mapping[str, int]]
"""Corpus -> word -> how often the corpus uses it, as `prompts.term_usage` counts."""


def audit_terms(groups: Sequence[Group], encoder: ClozeEncoder, usage: Usage) -> list[dict[str, Any]]:
    """Look at every term before anything is scored (method.md section 4, audit).

    Returns one record a term: group, term, pieces (count, with the leading space of running text), usage, warnings.
    Raises ValueError for a term that the tokenizer cannot write, or two terms that it writes alike.
    """
    records = []
    taken: dict[Tokens, str] = {}
    for group in groups:
        tokens = {candidate.term: encoder.in_text(candidate) for candidate in group.candidates}
        for term, own in tokens.items():
            if (twin := taken.setdefault(own, term)) != term:
                problem = f"term {term!r} encodes to the pieces of {twin!r}; keep one of them"
                raise ValueError(f"group {group.name}: {problem}")
        median = statistics.median_low(len(own) for own in tokens.values())
        for term, own in tokens.items():
            record = {"group": group.name, "term": term, **_audit(term, len(own), usage)}
            # A longer term is less probable for its length alone: the reader of a preference must know.
            if len(own) != median:
                record["warnings"].append(f"{len(own)} piece{'s' if len(own) > 1 else ''}, group median is {median}")
            records.append(record)
    return records


def audit_words(asked: Associations, encoder: ClozeEncoder, usage: Usage) -> list[dict[str, Any]]:
    """Look at the words of the association tests: word, pieces, usage and warnings of each, as `audit_terms` does.

    Raises ValueError for a word that the tokenizer cannot write.
    """
    words = (candidate for candidate in asked.candidates if not is_sentence(candidate.term))
    tokens = {candidate.term: len(encoder.in_text(candidate)) for candidate in words}
    return [{"word": word, **_audit(word, count, usage)} for word, count in tokens.items()]


def asked_words(asked: Associations, scorer: Scorer, encoder: ClozeEncoder) -> tuple[Associations, list[LeftOut]]:
    """Without the words and sentences of benchmarks that cannot be written, or are longer than the model's window."""
    ends = len(encoder.opening + encoder.closing)

    def write(candidate: Candidate) -> None:
        check_window(scorer, len(encoder.in_text(candidate)) + ends, f"{candidate.owner} {shown(candidate.term)}")

    return asked.writable(write)


def _audit(word: str, tokens: int, usage: Usage) -> dict[str, Any]:
    used = {corpus: counts[word] for corpus, counts in usage.items()}
    warnings = [f"never used in {corpus}" for corpus, uses in used.items() if uses == 0]
    return {"pieces": tokens, "usage": used, "warnings": warnings}


def probe_model(
    scorer: Scorer, encoder: ClozeEncoder, prompts: Sequence[Prompt], groups: Groups, top_k: int, batch_size: int = 64
) -> pd.DataFrame:
    """Ask a model every prompt and paraphrase, and the same with the content words masked.

    L = log sum P(t | text) over the first group - the same over the second, in nats; a term of several tokens gets
    that many masks and is scored left to right. The prior is L with the content words masked too, and the preference
    L* = L - prior (Kurita et al. 2019, arXiv 1906.07337).

    Returns a row for each prompt and paraphrase (0: the prompt itself) with columns prompt, theme, paraphrase, text,
    log_odds (L), prior_log_odds, preference (L*), p_first and p_second (total probability of each group) and top: the
    top_k most probable single tokens, special tokens left out, as {"token", "probability"}.
    Raises ValueError for a term that the tokenizer cannot write, or a text longer than the model's window.
    """
    asked = [(prompt.id, prompt.theme, index, text) for prompt in prompts for index, text in enumerate(prompt.texts)]
    candidates = [candidate for group in groups for candidate in group.candidates]
    # The cloze of row i is at 2i, its prior at 2i + 1.
    clozes: list[Cloze] = []
    for name, _, _, text in asked:
        clozes += encoder.cloze_and_prior(text, candidates, f"prompt {name}")
    answers = score_clozes(scorer, encoder.tokenizer, clozes, top_k, batch_size)
    terms = np.split(term_log_probabilities(clozes, answers), [len(groups[0].terms)], axis=1)
    # Summed by size, so that the order of the terms changes nothing; in logarithms, because products of many tokens'
    # probabilities fall below what a float can hold.
    totals = np.stack([np.logaddexp.reduce(np.sort(own, axis=1), axis=1) for own in terms], axis=1)
    tops = [
        [{"token": str(encoder.tokenizer.decode([token])).strip(), "probability": p} for token, p in best.top]
        for best in (answers[cloze.gap()] for cloze in clozes[::2])
    ]
    table = pd.DataFrame(asked, columns=ASKED["prompts"]).assign(**_odds(totals))
    p_first, p_second = np.exp(totals[::2, 0]), np.exp(totals[::2, 1])
    return table.assign(p_first=p_first, p_second=p_second, top=pd.Series(tops, dtype=object))


def probe_benchmarks(
    scorer: Scorer, encoder: ClozeEncoder, benchmarks: Sequence[Benchmark], batch_size: int = 64
) -> tuple[pd.DataFrame, list[LeftOut]]:
    """Ask a model which of two answers it expects in every prompt of some binary benchmarks.

    The log-odds are log P(favourable answer | prompt) - log P(unfavourable answer | prompt) in nats, answers of
    several tokens scored as in `probe_model`; prior_log_odds are the same with the content words masked too, and
    preference is their difference.

    Returns a row for each item with columns benchmark, line, theme, prompt, favorable, unfavorable,
    favorable_pieces and unfavorable_pieces (their numbers: a longer answer is less probable for that alone), log_odds,
    prior_log_odds, preference; no rows without benchmarks. And the items that are left out, with file and line: an
    answer that the tokenizer cannot write, a text that is longer than the model's window.
    """
    rows: list[tuple[object, ...]] = []
    clozes: list[Cloze] = []
    left_out: list[LeftOut] = []
    for benchmark in benchmarks:
        for item in benchmark.items:
            answers, where = item.candidates(benchmark.path), f"{benchmark.path}:{item.line}"
            try:
                both = encoder.cloze_and_prior(item.prompt, answers, where)
                check_window(scorer, max(len(gap.tokens) for gap, _ in both[0].chains()), where)
            except ValueError as error:
                left_out.append(LeftOut(benchmark.name, str(error)))
                continue
            clozes += both
            asked = (benchmark.name, item.line, item.theme, item.prompt, item.favorable, item.unfavorable)
            rows.append((*asked, *(len(filling.tokens) for filling in clozes[-1].fillings)))
    totals = np.empty((0, 2))
    if clozes:
        totals = term_log_probabilities(clozes, score_clozes(scorer, encoder.tokenizer, clozes, 1, batch_size))
    return pd.DataFrame(rows, columns=ASKED["benchmarks"]).assign(**_odds(totals)), left_out


def _odds(totals: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Log-odds, prior and their difference from log P of two sides, shape [2 x rows, 2]: row, prior, row, prior, …"""
    log_odds, prior = (totals[:, 0] - totals[:, 1]).reshape(-1, 2).T
    return {"log_odds": log_odds, "prior_log_odds": prior, "preference": log_odds - prior}


# The sample's planted frames, asked as prompts are: every frame with its own two groups (method.md section 4).

COLUMNS = [*ASKED["planted"], "log_odds", "prior_log_odds", "preference", "p_first", "p_second"]


def probe_planted(scorer: Scorer, encoder: ClozeEncoder, frames: Sequence[PlantedFrame]) -> pd.DataFrame:
    """Ask a model every carrier of every frame, and the same with the content words masked.

    Returns the rows and columns of `probe_model`, without the open-ended fillings; no rows without frames.
    Raises ValueError for a term that the tokenizer cannot write, or a carrier longer than the model's window.
    """
    tables = []
    for frame in frames:
        # The first carrier is the prompt, the others are its paraphrases.
        prompt = Prompt(frame.id, frame.topic, frame.prompts[0], frame.prompts[1:])
        first, second = (Group(name, name, f"planted in {frame.id}", terms) for name, terms in frame.groups.items())
        tables.append(probe_model(scorer, encoder, [prompt], (first, second), 1))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


# Vectors of words: from a model's input embeddings, and from words in whole sentences (method.md section 5).


def measure_associations(
    scorer: Scorer, encoder: ClozeEncoder, asked: Associations, batch_size: int = 64
) -> pd.DataFrame:
    """How much closer every target word stands to the first attributes than to the second, and cosines of pairs.

    In the space "input" a word's vector is the mean of its tokens' input embeddings (WEAT: Caliskan et al. 2017,
    doi 10.1126/science.aal4230); in "contextual" the mean of its tokens' last hidden states, averaged over the
    template sentences, so that a word is one observation however many sentences show it (after SEAT: May et al. 2019,
    arXiv 1903.10561). Words are written as they occur in running text. A sentence in place of a word stands alone, as a
    word does without templates, and its vector is the mean over all its tokens.

    Returns rows of two kinds with the columns of ASKED and `value`. "association": for target `word` of `test`, on
    `side` first or second, value = mean cosine with the first attributes - mean cosine with the second, in [-2, 2].
    "cosine": for the pair `word`, `other`, value = their cosine, in [-1, 1].
    Raises ValueError for a word that the tokenizer cannot write, or a sentence longer than the model's window.
    """
    candidates = asked.candidates
    spaces = {"input": input_vectors(scorer, encoder, candidates)}
    spaces["contextual"] = contextual_vectors(scorer, encoder, candidates, asked.templates, batch_size)
    rows: list[tuple[object, ...]] = []
    for space, vectors in spaces.items():
        for test in asked.tests:
            for side, targets in zip(("first", "second"), test.targets, strict=True):
                for word in targets.terms:
                    near, far = (_mean_cosine(vectors, word, attributes) for attributes in test.attributes)
                    rows.append((space, "association", test.id, side, word, "", near - far))
        for word, other in asked.pairs:
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
    """Every word's vector inside the templates: mean over its tokens, then over the templates; alone without them."""
    sentences: list[tuple[str, Tokens, range]] = []
    alone = dict.fromkeys(candidate for candidate in candidates if not templates or is_sentence(candidate.term))
    within = [candidate for candidate in candidates if candidate not in alone]
    asked = [*((template, within) for template in templates), (MASK, [*alone])]
    for template, terms in (each for each in asked if each[1]):
        cloze, _ = encoder.cloze_and_prior(template, terms, f"probe.associations: template {template!r}")
        for candidate, (head, tokens, tail) in zip(terms, cloze.fillings, strict=True):
            sentences.append((candidate.term, head + tokens + tail, range(len(head), len(head) + len(tokens))))
            check_window(scorer, len(sentences[-1][1]), cloze.where)
    # Sentences of like length share a batch: little padding. Within a length they come by what they say: another
    # place in a batch may change the last digits.
    sentences.sort(key=lambda entry: (len(entry[1]), entry[1], entry[0]))
    found: dict[str, list[npt.NDArray[np.float64]]] = {candidate.term: [] for candidate in candidates}
    for start in range(0, len(sentences), batch_size):
        words, sequences, spans = zip(*sentences[start : start + batch_size], strict=True)
        states = scorer.states(MaskedBatch.of(sequences, spans, encoder.tokenizer.pad_token_id))
        for word, own in zip(words, torch.split(states, [len(span) for span in spans]), strict=True):
            found[word].append(_mean(own))
    return {word: np.mean(vectors, axis=0) for word, vectors in found.items()}


def _mean(rows: torch.Tensor) -> npt.NDArray[np.float64]:
    # Cosines of vectors are compared with one another: float32 sums would add noise of their own.
    return np.asarray(rows.double().mean(dim=0).cpu().numpy(), dtype=np.float64)


def _mean_cosine(vectors: Vectors, word: str, attributes: Group) -> float:
    # Summed exactly: the order of the words changes nothing.
    return math.fsum(cosine(vectors[word], vectors[other]) for other in attributes.terms) / len(attributes.terms)
