"""Whole words in sequences of tokens, for byte-level BPE (RoBERTa, the project's own) and WordPiece (BERT)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from tokenizers import Tokenizer

from hansard_bias.randomness import mix

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Words:
    """The words of a corpus."""

    code: Ids
    """Which word each token belongs to, shape [tokens]; -1 for tokens of numbers and punctuation."""
    first: Flags
    """Whether a word begins with this token, shape [tokens]."""
    names: tuple[str, ...]
    """The words in lower case, by code."""


class Vocabulary:
    """What the tokens of a tokenizer say about where words begin."""

    def __init__(self, path: Path) -> None:
        """Read tokenizer.json; ValueError where its tokens are neither byte-level nor WordPiece."""
        self._tokenizer = Tokenizer.from_file(str(path))
        raw = json.loads(path.read_text(encoding="utf-8"))
        kinds = {(raw.get("decoder") or {}).get("type"), raw["model"]["type"]}
        if not kinds & {"ByteLevel", "WordPiece"}:
            raise ValueError(f"{path}: pieces of {raw['model']['type']}, expected byte-level BPE or WordPiece")
        byte_level = "ByteLevel" in kinds
        ids = self._tokenizer.get_vocab(with_added_tokens=True)
        self.begins = np.ones(max(ids.values()) + 1, dtype=bool)
        self.letters_first, self.letters_last = np.zeros((2, len(self.begins)), dtype=bool)
        for token, number in ids.items():
            self.begins[number] = token.startswith("Ġ" if byte_level else "##") == byte_level
            plain = self._tokenizer.decode([number]).lstrip() if byte_level else token.removeprefix("##")
            # A blank alone belongs to the letters that follow it.
            ends = (plain[0], plain[-1]) if plain else ("", "a")
            self.letters_first[number], self.letters_last[number] = map(_letter, ends)

    def words(self, offsets: Ids, tokens: Ids) -> Words:
        """Group the tokens of speeches into words: runs of letters, told apart without regard to case.

        offsets: where each speech begins and ends, shape [speeches + 1]; tokens: of all speeches, shape [tokens].
        """
        ids = tokens.astype(np.int64)
        # Without a blank in front a word goes on, unless letters meet something else.
        starts = self.begins[ids]
        starts[1:] |= self.letters_first[ids[1:]] != self.letters_last[ids[:-1]]
        starts[offsets[:-1][np.diff(offsets) > 0]] = True
        begin = np.flatnonzero(starts)
        group = np.cumsum(starts) - 1
        # Equal words have equal keys: each is decoded once, however often it occurs.
        keys = _keys(ids, np.arange(len(ids)) - begin[group], begin)
        _, example, kind = np.unique(keys, return_index=True, return_inverse=True)
        ends = np.append(begin, len(ids))
        texts = [self._tokenizer.decode(ids[begin[at] : ends[at + 1]].tolist()).strip().casefold() for at in example]
        known = np.array([text.isalpha() for text in texts], dtype=bool)
        codes, names = pd.factorize(np.array([text if ok else None for text, ok in zip(texts, known, strict=True)]))
        code = codes[kind][group]
        return Words(code, starts & (code >= 0), tuple(names.tolist()))


def _letter(character: str) -> bool:
    """Whether a character is a letter, or half of one: tokens may end within the bytes of a character."""
    return character.isalpha() or character == "\ufffd"


def _keys(ids: Ids, place: Ids, begin: Ids) -> npt.NDArray[np.uint64]:
    """One 64-bit hash a run of tokens, from each token and its place in the run, shape [runs]."""
    mixed = mix(ids, place)
    return np.add.reduceat(mixed, begin) if len(begin) else mixed
