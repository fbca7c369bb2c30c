"""Preference probes: which of two groups of terms a masked language model expects in a prompt (METHOD section 4)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from hansard_bias.architectures import architecture_of, usable_positions
from hansard_bias.measurement.prompts import Group, Prompt, around_mask, is_content_word, written_after

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Surface = Callable[[str], str]
Pieces = tuple[int, ...]


@dataclass(frozen=True)
class Frame:
    """One text as pieces around its mask, special tokens included, and the pieces of every term in that place."""

    head: Pieces
    tail: Pieces
    terms: tuple[Pieces, ...]


class Query(NamedTuple):
    """One masked position: the next piece of a word of `length` pieces whose first ones are `filled`."""

    frame: int
    length: int
    filled: Pieces


@dataclass(frozen=True)
class Answer:
    """What a model expects at one masked position: log P (nats) of the pieces asked for, and its k favourites."""

    log_probabilities: dict[int, float]
    top: list[tuple[int, float]]


def audit_terms(
    groups: Sequence[Group],
    tokenizer: PreTrainedTokenizerFast,
    usage: Mapping[str, Mapping[str, int]],
    surface: Surface,
) -> list[dict[str, Any]]:
    """Look at every term before anything is scored (METHOD section 4, audit).

    usage: corpus -> term -> how often the corpus uses it, as `prompts.term_usage` counts.
    surface: the cleaning that the training text went through.
    Returns one record a term: group, term, pieces (count, with the leading space of running text), usage, warnings.
    Raises ValueError for a term that the tokenizer cannot write.
    """
    records = []
    for group in groups:
        counts = [len(_term_pieces(tokenizer, group, term, " " + surface(term))) for term in group.terms]
        median = statistics.median_low(counts)
        for term, count in zip(group.terms, counts, strict=True):
            used = {corpus: terms[term] for corpus, terms in usage.items()}
            warnings = [f"never used in {corpus}" for corpus, uses in used.items() if uses == 0]
            if count != median:
                warnings.append(f"{count} piece{'s' if count > 1 else ''}, group median is {median}")
            records.append({"group": group.name, "term": term, "pieces": count, "usage": used, "warnings": warnings})
    return records


def probe_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Prompt],
    groups: tuple[Group, Group],
    top_k: int,
    surface: Surface,
    batch_size: int = 64,
) -> pd.DataFrame:
    """Ask a model every prompt and paraphrase, and the same with the content words masked.

    L = log sum P(t | text) over the first group - the same over the second, in nats; a term of several pieces gets
    that many masks and is scored left to right. The prior is L with the content words masked too, and the preference
    L* = L - prior (Kurita et al. 2019, arXiv 1906.07337).

    Returns a row for each prompt and paraphrase (0: the prompt itself) with columns prompt, theme, paraphrase, text,
    log_odds (L), prior_log_odds, preference (L*), p_first and p_second (total probability of each group) and top: the
    top_k most probable single pieces, special tokens left out, as {"token", "probability"}.
    Raises ValueError for a term that the tokenizer cannot write, or a text longer than the model's window.
    """
    rows = [(prompt, index, text) for prompt in prompts for index, text in enumerate(prompt.texts)]
    # The frame of row i is at 2i, its prior at 2i + 1.
    frames = [frame for prompt, _, text in rows for frame in _frames(tokenizer, groups, prompt, text, surface)]
    answers = _ask(model, tokenizer, frames, top_k, batch_size)
    totals = _group_log_probabilities(frames, answers, len(groups[0].terms))
    log_odds, prior = np.split((totals[:, 0] - totals[:, 1]).reshape(-1, 2), 2, axis=1)
    tops = [_fillings(tokenizer, answers[Query(2 * row, 1, ())]) for row in range(len(rows))]
    asked = [(prompt.id, prompt.theme, index, text) for prompt, index, text in rows]
    return pd.DataFrame(asked, columns=["prompt", "theme", "paraphrase", "text"]).assign(
        log_odds=log_odds[:, 0],
        prior_log_odds=prior[:, 0],
        preference=(log_odds - prior)[:, 0],
        p_first=np.exp(totals[::2, 0]),
        p_second=np.exp(totals[::2, 1]),
        top=pd.Series(tops, dtype=object),
    )


def _frames(
    tokenizer: PreTrainedTokenizerFast, groups: Sequence[Group], prompt: Prompt, text: str, surface: Surface
) -> tuple[Frame, Frame]:
    """A text around its mask, and its prior: the same with the content words masked, one mask a piece."""
    before, after = around_mask(text, surface)
    words = [(group, term, written_after(before, term, surface)) for group in groups for term in group.terms]
    terms = tuple(_term_pieces(tokenizer, *word) for word in words)
    # Pieces are cut out of a filled sentence: alone, the text after the mask could get a leading space of its own.
    filled = tokenizer(before + words[0][2] + after, add_special_tokens=False)
    pieces = tuple(filled["input_ids"])
    head = tuple(tokenizer.encode(before, add_special_tokens=False))
    stop = len(head) + len(terms[0])
    if pieces[:stop] != head + terms[0]:
        raise ValueError(f"prompt {prompt.id}: the tokenizer joins the mask of {text!r} to its neighbours; reword it")
    prior = _mask_content(tokenizer, pieces, filled.word_ids())
    return _framed(tokenizer, head, pieces[stop:], terms), _framed(tokenizer, prior[: len(head)], prior[stop:], terms)


def _term_pieces(tokenizer: PreTrainedTokenizerFast, group: Group, term: str, written: str) -> Pieces:
    """The pieces of a term as it is written in its place (with a leading space inside a text)."""
    pieces = tuple(tokenizer.encode(written, add_special_tokens=False))
    if not pieces or tokenizer.unk_token_id in pieces:
        raise ValueError(f"group {group.name}: term {term!r} encodes to an unknown token; remove it from the group")
    return pieces


def _mask_content(tokenizer: PreTrainedTokenizerFast, pieces: Pieces, word_ids: Sequence[int | None]) -> Pieces:
    """The pieces with those of content words masked; function words and punctuation stay."""
    words: dict[int | None, list[int]] = {}
    for piece, word in zip(pieces, word_ids, strict=True):
        words.setdefault(word, []).append(piece)
    content = {word: is_content_word(str(tokenizer.decode(own))) for word, own in words.items()}
    mask = tokenizer.mask_token_id
    return tuple(mask if content[word] else piece for piece, word in zip(pieces, word_ids, strict=True))


def _framed(tokenizer: PreTrainedTokenizerFast, head: Pieces, tail: Pieces, terms: tuple[Pieces, ...]) -> Frame:
    """Add the special tokens which this tokenizer puts around a text."""
    around = tokenizer("a", return_special_tokens_mask=True)
    special = around["special_tokens_mask"]
    start, stop = special.index(0), len(special) - special[::-1].index(0)
    return Frame((*around["input_ids"][:start], *head), (*tail, *around["input_ids"][stop:]), terms)


def _chain(frame: int, term: Pieces) -> Iterable[tuple[Query, int]]:
    """The questions whose answers multiply to the probability of a term, each with the piece it asks for."""
    return ((Query(frame, len(term), term[:index]), piece) for index, piece in enumerate(term))


def _queries(frames: Sequence[Frame]) -> dict[Query, list[int]]:
    """Every question to ask, with the pieces whose probability it must give."""
    # A single mask is always asked for: it gives the open-ended fillings.
    queries: dict[Query, list[int]] = {Query(index, 1, ()): [] for index in range(len(frames))}
    for index, frame in enumerate(frames):
        for term in frame.terms:
            for query, piece in _chain(index, term):
                queries.setdefault(query, []).append(piece)
    return queries


@torch.inference_mode()
def _ask(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, frames: Sequence[Frame], top_k: int, batch_size: int
) -> dict[Query, Answer]:
    """Answer all questions in few forward passes: batches of similar length, padded."""
    mask, special = tokenizer.mask_token_id, tokenizer.all_special_ids
    queries = _queries(frames)
    sequences = {query: _sequence(frames[query.frame], query, mask) for query in queries}
    order = sorted(sequences, key=lambda query: len(sequences[query]))
    longest, window = sequences[order[-1]], usable_positions(model.config.to_dict())
    if len(longest) > window:
        text = tokenizer.decode(longest)
        raise ValueError(f"prompt {text!r}: takes {len(longest)} tokens, the model reads {window}; shorten the prompt")
    answers: dict[Query, Answer] = {}
    was_training = model.training
    model.eval()
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        positions = [len(frames[query.frame].head) + len(query.filled) for query in batch]
        logp = _log_softmax_at(model, [sequences[query] for query in batch], positions, tokenizer.pad_token_id)
        answers.update(zip(batch, _read(logp, [queries[query] for query in batch], top_k, special), strict=True))
    model.train(was_training)
    return answers


def _sequence(frame: Frame, query: Query, mask: int) -> Pieces:
    return frame.head + query.filled + (mask,) * (query.length - len(query.filled)) + frame.tail


def _log_softmax_at(
    model: PreTrainedModel, sequences: Sequence[Pieces], positions: Sequence[int], padding: int
) -> torch.Tensor:
    """log P over the vocabulary (nats, float32) at one position of each sequence, shape [sequences, vocabulary]."""
    width = max(len(sequence) for sequence in sequences)
    inputs = torch.tensor([sequence + (padding,) * (width - len(sequence)) for sequence in sequences])
    lengths = torch.tensor([[len(sequence)] for sequence in sequences])
    attention = (torch.arange(width) < lengths).long().to(model.device)
    inputs, rows, columns = inputs.to(model.device), torch.arange(len(sequences)), torch.tensor(positions)
    head = getattr(model, architecture_of(model.config.model_type).head, None)
    if head is not None:
        # The head costs as much as a layer or more: it runs where a token is asked for, nowhere else.
        logits = head(model.base_model(inputs, attention_mask=attention).last_hidden_state[rows, columns])
    else:
        logits = model(input_ids=inputs, attention_mask=attention).logits[rows, columns]
    return torch.log_softmax(logits.float(), dim=-1)


def _read(logp: torch.Tensor, wanted: Sequence[list[int]], top_k: int, special: list[int]) -> list[Answer]:
    """Take out of log P [questions, vocabulary] what each question asks for."""
    width = max(len(pieces) for pieces in wanted)
    columns = torch.tensor([pieces + [0] * (width - len(pieces)) for pieces in wanted], dtype=torch.long)
    found = logp.gather(1, columns.to(logp.device)).tolist()
    # A special token fills no sentence.
    logp[:, special] = -torch.inf
    top = logp.topk(min(top_k, logp.shape[1] - len(special)))
    favourites = zip(top.indices.tolist(), top.values.exp().tolist(), strict=True)
    return [
        Answer(dict(zip(pieces, values, strict=False)), list(zip(*best, strict=True)))
        for pieces, values, best in zip(wanted, found, favourites, strict=True)
    ]


def _group_log_probabilities(
    frames: Sequence[Frame], answers: Mapping[Query, Answer], first_terms: int
) -> npt.NDArray[np.float64]:
    """log sum P(t) of the first group and of the second, shape [frames, 2], in nats."""
    terms = np.array([[_sum_chain(answers, n, term) for term in frame.terms] for n, frame in enumerate(frames)])
    return np.stack([np.logaddexp.reduce(group, axis=1) for group in np.split(terms, [first_terms], axis=1)], axis=1)


def _sum_chain(answers: Mapping[Query, Answer], frame: int, term: Pieces) -> float:
    """log P of a term, in nats: the product of its pieces' probabilities."""
    return sum(answers[query].log_probabilities[piece] for query, piece in _chain(frame, term))


def _fillings(tokenizer: PreTrainedTokenizerFast, answer: Answer) -> list[dict[str, Any]]:
    return [{"token": str(tokenizer.decode([piece])).strip(), "probability": p} for piece, p in answer.top]
