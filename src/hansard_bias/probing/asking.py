"""Asking a masked language model for single pieces, all questions together in few forward passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from hansard_bias.base.messages import Progress
from hansard_bias.models.architectures import architecture_of, usable_positions
from hansard_bias.probing.cloze import Frame, Pieces

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Query(NamedTuple):
    """One masked position: the next piece of a word of `length` pieces whose first ones are `filled`."""

    frame: int
    length: int
    filled: Pieces


class Gap(NamedTuple):
    """A sequence that a model reads, and the masked position in it that is looked at."""

    pieces: Pieces
    position: int


@dataclass(frozen=True)
class Answer:
    """What a model expects at one masked position: log P (nats) of the pieces asked for, and its k favourites."""

    log_probabilities: dict[int, float]
    top: list[tuple[int, float]]


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
def ask(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, frames: Sequence[Frame], top_k: int, batch_size: int
) -> dict[Query, Answer]:
    """Answer all questions in few forward passes: batches of similar length, padded.

    What several frames ask alike is asked once, and in an order that depends on what is asked alone: another place in a
    batch may change the last digits, so that the order of prompts and terms would.
    A term of n pieces is n questions in each frame: small vocabularies take long, and a line now and then says how far.
    Raises ValueError, naming the prompt, for a text that is longer than the model's window.
    """
    mask, special = tokenizer.mask_token_id, tokenizer.all_special_ids
    queries = _queries(frames)
    gaps = _gaps(frames, queries, mask)
    order = sorted(gaps, key=lambda gap: (len(gap.pieces), gap))
    check_window(model, len(order[-1].pieces), frames[gaps[order[-1]][0].frame].where)
    answers: dict[Query, Answer] = {}
    was_training = model.training
    model.eval()
    progress = Progress("asked", len(order), "questions")
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        sequences, positions = zip(*batch, strict=True)
        logp = _log_softmax_at(model, sequences, positions, tokenizer.pad_token_id)
        wanted = [sorted({piece for query in gaps[gap] for piece in queries[query]}) for gap in batch]
        for gap, answer in zip(batch, _read(logp, wanted, top_k, special), strict=True):
            answers.update(dict.fromkeys(gaps[gap], answer))
        progress.reached(start + len(batch))
    model.train(was_training)
    return answers


def check_window(model: PreTrainedModel, length: int, where: str) -> None:
    """Raise ValueError, beginning with `where`, for more tokens than the model reads."""
    window = usable_positions(model.config.to_dict())
    if length > window:
        raise ValueError(f"{where}: takes {length} tokens, the model reads {window}; shorten the prompt")


def _gaps(frames: Sequence[Frame], queries: Iterable[Query], mask: int) -> dict[Gap, list[Query]]:
    """What a model must read, each with the questions that it answers."""
    gaps: dict[Gap, list[Query]] = {}
    for query in queries:
        frame = frames[query.frame]
        pieces = frame.head + query.filled + (mask,) * (query.length - len(query.filled)) + frame.tail
        gaps.setdefault(Gap(pieces, len(frame.head) + len(query.filled)), []).append(query)
    return gaps


def _log_softmax_at(
    model: PreTrainedModel, sequences: Sequence[Pieces], positions: Sequence[int], padding: int
) -> torch.Tensor:
    """log P over the vocabulary (nats, float32) at one position of each sequence, shape [sequences, vocabulary]."""
    batch = padded_batch(model, sequences, padding)
    rows, columns = torch.arange(len(sequences)), torch.tensor(positions)
    head = getattr(model, architecture_of(model.config.model_type).head, None)
    if head is not None:
        # The head costs as much as a layer or more: it runs where a token is asked for, nowhere else.
        logits = head(model.base_model(**batch).last_hidden_state[rows, columns])
    else:
        logits = model(**batch).logits[rows, columns]
    return torch.log_softmax(logits.float(), dim=-1)


def padded_batch(model: PreTrainedModel, sequences: Sequence[Pieces], padding: int) -> dict[str, torch.Tensor]:
    """Sequences side by side on the model's device: `input_ids` and `attention_mask`, shape [sequences, longest]."""
    width = max(len(sequence) for sequence in sequences)
    inputs = torch.tensor([sequence + (padding,) * (width - len(sequence)) for sequence in sequences])
    attention = (torch.arange(width) < torch.tensor([[len(sequence)] for sequence in sequences])).long()
    return {"input_ids": inputs.to(model.device), "attention_mask": attention.to(model.device)}


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


def term_log_probabilities(frames: Sequence[Frame], answers: Mapping[Query, Answer]) -> npt.NDArray[np.float64]:
    """log P of every term in its frame, in nats, shape [frames, terms]: the product of its pieces' probabilities.

    All frames must have equally many terms; the answers are those of `ask` to the same frames.
    """
    return np.array([[_sum_chain(answers, n, term) for term in frame.terms] for n, frame in enumerate(frames)])


def _sum_chain(answers: Mapping[Query, Answer], frame: int, term: Pieces) -> float:
    return sum(answers[query].log_probabilities[piece] for query, piece in _chain(frame, term))
