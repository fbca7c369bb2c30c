"""Texts with a gap as word pieces: around the gap, in it, and the same text with its content words masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from hansard_bias.probing.prompts import around_mask, is_content_word, written_after

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Surface = Callable[[str], str]
Pieces = tuple[int, ...]


class Filling(NamedTuple):
    """A term that may fill a gap, and who it belongs to, for messages: ("group northern: term", "Arctic")."""

    owner: str
    term: str


@dataclass(frozen=True)
class Frame:
    """One text as pieces around its mask, special tokens included, and the pieces of every term in that place."""

    head: Pieces
    tail: Pieces
    terms: tuple[Pieces, ...]
    where: str = field(default="", compare=False)
    """What the text belongs to, for messages: "prompt housing-rent"."""


class Framer:
    """Makes frames for one tokenizer and one surface form (the cleaning that the training text went through)."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, surface: Surface) -> None:
        self.tokenizer = tokenizer
        self.surface = surface
        self._known: dict[str, Pieces] = {}
        # The special tokens which this tokenizer puts around a text.
        around = tokenizer("a", return_special_tokens_mask=True)
        special = around["special_tokens_mask"]
        start, stop = special.index(0), len(special) - special[::-1].index(0)
        self._opening: Pieces = tuple(around["input_ids"][:start])
        self._closing: Pieces = tuple(around["input_ids"][stop:])

    def in_text(self, filling: Filling) -> Pieces:
        """The pieces of a term inside a running text: with its leading space.

        Raises ValueError for a term that the tokenizer cannot write.
        """
        return self._pieces(filling, " " + self.surface(filling.term))

    def frame(self, text: str, fillings: Sequence[Filling], where: str) -> Frame:
        """A text with one [MASK], and the pieces of every filling as it is written in that place.

        Raises ValueError, beginning with `where`, when the tokenizer joins the mask to its neighbours.
        """
        return self._frames(text, fillings, where)[0]

    def frame_and_prior(self, text: str, fillings: Sequence[Filling], where: str) -> tuple[Frame, Frame]:
        """The frame, and its prior: the same with the content words masked, one mask a piece."""
        frame, filling, words = self._frames(text, fillings, where)
        prior = self._mask_content((*frame.head, *filling, *frame.tail), words)
        stop = len(frame.head) + len(filling)
        return frame, Frame(prior[: len(frame.head)], prior[stop:], frame.terms, where)

    def _frames(self, text: str, fillings: Sequence[Filling], where: str) -> tuple[Frame, Pieces, list[int | None]]:
        """The frame, one filling, and the word number of every piece of the text with it (None: special tokens)."""
        before, after = around_mask(text, self.surface)
        written = [written_after(before, filling.term, self.surface) for filling in fillings]
        terms = tuple(self._pieces(filling, form) for filling, form in zip(fillings, written, strict=True))
        # Pieces are cut out of a filled sentence: alone, the text after the mask could get a leading space of its own.
        # Filled with the first term of the alphabet, whatever the order of the terms.
        chosen = written.index(min(written))
        filled = self.tokenizer(before + written[chosen] + after, add_special_tokens=False)
        pieces = tuple(filled["input_ids"])
        head = tuple(self.tokenizer.encode(before, add_special_tokens=False))
        stop = len(head) + len(terms[chosen])
        if pieces[:stop] != head + terms[chosen]:
            raise ValueError(f"{where}: the tokenizer joins the mask of {text!r} to its neighbours; reword it")
        words = [None] * len(self._opening) + list(filled.word_ids()) + [None] * len(self._closing)
        return Frame(self._opening + head, pieces[stop:] + self._closing, terms, where), terms[chosen], words

    def _pieces(self, filling: Filling, written: str) -> Pieces:
        if written not in self._known:
            self._known[written] = tuple(self.tokenizer.encode(written, add_special_tokens=False))
        pieces = self._known[written]
        if not pieces or self.tokenizer.unk_token_id in pieces:
            raise ValueError(f"{filling.owner} {filling.term!r} encodes to an unknown token; remove it or reword it")
        if set(pieces) & set(self.tokenizer.all_special_ids):
            raise ValueError(f"{filling.owner} {filling.term!r} encodes to a special token; remove it or reword it")
        return pieces

    def _mask_content(self, pieces: Pieces, word_ids: Sequence[int | None]) -> Pieces:
        """The pieces with those of content words masked; function words, punctuation and special tokens stay."""
        words: dict[int | None, list[int]] = {}
        for piece, word in zip(pieces, word_ids, strict=True):
            words.setdefault(word, []).append(piece)
        content = {
            word: word is not None and is_content_word(str(self.tokenizer.decode(own))) for word, own in words.items()
        }
        mask = self.tokenizer.mask_token_id
        return tuple(mask if content[word] else piece for piece, word in zip(pieces, word_ids, strict=True))
