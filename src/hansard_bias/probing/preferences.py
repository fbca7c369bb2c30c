"""Preference probes: which of two groups of terms a masked language model expects in a prompt (method.md section 4)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hansard_bias.models.scorer import Scorer
from hansard_bias.probing.benchmarks import Benchmark
from hansard_bias.probing.cloze import Answer, Cloze, ClozeEncoder, Query, Tokens, score_clozes, term_log_probabilities
from hansard_bias.probing.planted import PlantedFrame
from hansard_bias.probing.prompts import Candidate, Group, Normalise, Prompt
from hansard_bias.probing.tables import ASKED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BATCH = 64


def audit_terms(
    groups: Sequence[Group],
    tokenizer: PreTrainedTokenizerFast,
    usage: Mapping[str, Mapping[str, int]],
    normalise: Normalise,
) -> list[dict[str, Any]]:
    """Look at every term before anything is scored (method.md section 4, audit).

    usage: corpus -> term -> how often the corpus uses it, as `prompts.term_usage` counts.
    normalise: the cleaning that the training text went through.
    Returns one record a term: group, term, pieces (count, with the leading space of running text), usage, warnings.
    Raises ValueError for a term that the tokenizer cannot write, or two terms that it writes alike.
    """
    encoder = ClozeEncoder(tokenizer, normalise)
    records = []
    taken: dict[Tokens, str] = {}
    for group in groups:
        tokens = {term: encoder.in_text(_candidate(group, term)) for term in group.terms}
        for term, own in tokens.items():
            if taken.setdefault(own, term) != term:
                twin = taken[own]
                raise ValueError(
                    f"group {group.name}: term {term!r} encodes to the pieces of {twin!r}; keep one of them"
                )
        median = statistics.median_low(len(own) for own in tokens.values())
        for term, own in tokens.items():
            used, warnings = _usage(term, usage)
            # A longer term is less probable for its length alone: the reader of a preference must know.
            if len(own) != median:
                warnings.append(f"{len(own)} piece{'s' if len(own) > 1 else ''}, group median is {median}")
            records.append({"group": group.name, "term": term, "pieces": len(own), "usage": used, "warnings": warnings})
    return records


def _usage(word: str, usage: Mapping[str, Mapping[str, int]]) -> tuple[dict[str, int], list[str]]:
    """How often each corpus uses a word, and a warning for each that never does."""
    used = {corpus: counts[word] for corpus, counts in usage.items()}
    return used, [f"never used in {corpus}" for corpus, uses in used.items() if uses == 0]


def audit_words(
    words: Sequence[str],
    tokenizer: PreTrainedTokenizerFast,
    usage: Mapping[str, Mapping[str, int]],
    normalise: Normalise,
) -> list[dict[str, Any]]:
    """Look at the words of the association tests: word, pieces, usage and warnings of each, as `audit_terms` does.

    Raises ValueError for a word that the tokenizer cannot write.
    """
    encoder = ClozeEncoder(tokenizer, normalise)
    records = []
    for word in words:
        tokens = len(encoder.in_text(Candidate("probe.associations: word", word)))
        used, warnings = _usage(word, usage)
        records.append({"word": word, "pieces": tokens, "usage": used, "warnings": warnings})
    return records


def probe_model(
    scorer: Scorer,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    groups: tuple[Group, Group],
    top_k: int,
    normalise: Normalise,
    batch_size: int = BATCH,
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
    encoder = ClozeEncoder(tokenizer, normalise)
    rows = [(prompt, index, text) for prompt in prompts for index, text in enumerate(prompt.texts)]
    candidates = [_candidate(group, term) for group in groups for term in group.terms]
    # The cloze of row i is at 2i, its prior at 2i + 1.
    clozes = [
        cloze for prompt, _, text in rows for cloze in encoder.cloze_and_prior(text, candidates, f"prompt {prompt.id}")
    ]
    answers = score_clozes(scorer, tokenizer, clozes, top_k, batch_size)
    totals = _group_totals(term_log_probabilities(clozes, answers), len(groups[0].terms))
    tops = [_favourites(tokenizer, answers[Query(2 * row, 1, ())]) for row in range(len(rows))]
    asked = [(prompt.id, prompt.theme, index, text) for prompt, index, text in rows]
    table = pd.DataFrame(asked, columns=["prompt", "theme", "paraphrase", "text"])
    return table.assign(
        **_odds(totals),
        p_first=np.exp(totals[::2, 0]),
        p_second=np.exp(totals[::2, 1]),
        top=pd.Series(tops, dtype=object),
    )


def probe_benchmarks(
    scorer: Scorer,
    tokenizer: PreTrainedTokenizerFast,
    benchmarks: Sequence[Benchmark],
    normalise: Normalise,
    batch_size: int = BATCH,
) -> pd.DataFrame:
    """Ask a model which of two answers it expects in every prompt of some binary benchmarks.

    The log-odds are log P(favourable answer | prompt) - log P(unfavourable answer | prompt) in nats, answers of
    several tokens scored as in `probe_model`; prior_log_odds are the same with the content words masked too, and
    preference is their difference.

    Returns a row for each item with columns benchmark, line, theme, prompt, favorable, unfavorable,
    favorable_pieces and unfavorable_pieces (their numbers: a longer answer is less probable for that alone), log_odds,
    prior_log_odds, preference; no rows without benchmarks.
    Raises ValueError, naming file and line, for an answer that the tokenizer cannot write or a text too long.
    """
    encoder = ClozeEncoder(tokenizer, normalise)
    rows: list[tuple[object, ...]] = []
    clozes: list[Cloze] = []
    for benchmark in benchmarks:
        for item in benchmark.items:
            where = f"{benchmark.path}:{item.line}"
            candidates = [Candidate(f"{where}: answer", answer) for answer in (item.favorable, item.unfavorable)]
            clozes += encoder.cloze_and_prior(item.prompt, candidates, where)
            tokens = [len(answer) for answer in clozes[-1].terms]
            asked = (item.line, item.theme, item.prompt, item.favorable, item.unfavorable)
            rows.append((benchmark.name, *asked, *tokens))
    answers = score_clozes(scorer, tokenizer, clozes, 1, batch_size) if clozes else {}
    totals = term_log_probabilities(clozes, answers) if clozes else np.empty((0, 2))
    return pd.DataFrame(rows, columns=ASKED["benchmarks"]).assign(**_odds(totals))


def _candidate(group: Group, term: str) -> Candidate:
    return Candidate(f"group {group.name}: term", term)


def _group_totals(terms: npt.NDArray[np.float64], first_terms: int) -> npt.NDArray[np.float64]:
    """log sum P(t) of the first group and of the second, shape [clozes, 2], from log P(t) [clozes, terms], in nats."""
    # Summed by size: the order of the terms changes nothing.
    groups = [np.sort(group, axis=1) for group in np.split(terms, [first_terms], axis=1)]
    # In logarithms: products of many tokens' probabilities fall below what a float can hold.
    return np.stack([np.logaddexp.reduce(group, axis=1) for group in groups], axis=1)


def _odds(totals: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Log-odds, prior and their difference from log P of two sides, shape [2 x rows, 2]: row, prior, row, prior, …"""
    log_odds, prior = (totals[:, 0] - totals[:, 1]).reshape(-1, 2).T
    return {"log_odds": log_odds, "prior_log_odds": prior, "preference": log_odds - prior}


def _favourites(tokenizer: PreTrainedTokenizerFast, answer: Answer) -> list[dict[str, Any]]:
    return [{"token": str(tokenizer.decode([token])).strip(), "probability": p} for token, p in answer.top]


# The sample's planted frames, asked as prompts are: every frame with its own two groups (method.md section 4).

COLUMNS = [*ASKED["planted"], "log_odds", "prior_log_odds", "preference", "p_first", "p_second"]


def probe_planted(
    scorer: Scorer, tokenizer: PreTrainedTokenizerFast, frames: Sequence[PlantedFrame], normalise: Normalise
) -> pd.DataFrame:
    """Ask a model every carrier of every frame, and the same with the content words masked.

    Returns the rows and columns of `probe_model`, without the open-ended fillings; no rows without frames.
    Raises ValueError for a term that the tokenizer cannot write, or a carrier longer than the model's window.
    """
    tables = [probe_model(scorer, tokenizer, [_prompt(frame)], _groups(frame), 1, normalise) for frame in frames]
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _prompt(frame: PlantedFrame) -> Prompt:
    """The first carrier, and the others as its paraphrases."""
    return Prompt(frame.id, frame.topic, frame.prompts[0], frame.prompts[1:])


def _groups(frame: PlantedFrame) -> tuple[Group, Group]:
    first, second = (Group(name, name, f"planted in {frame.id}", terms) for name, terms in frame.groups.items())
    return first, second
