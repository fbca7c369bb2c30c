"""The tokens of a tokenizer: how often each occurs in a model's training text, and the words that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import decoders

from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.tokens.encoded import EncodedCorpus, Ids
from hansard_bias.tokens.tokenizer import Vocabulary, Words
from hansard_bias.writing import is_plain, is_word, the_word, units_of

Counts = npt.NDArray[np.int64]
# Speeches whose tokens are in memory at once.
_CHUNK = 20_000


def training_counts(model: str, encoded: Mapping[str, EncodedCorpus], mixtures: pa.Table, vocabulary: int) -> Counts:
    """How often each token occurs in the training text of a model, shape [vocabulary]."""
    chosen = pc.and_(pc.equal(mixtures["model"], model), pc.equal(mixtures["split"], "train"))
    learned = mixtures.filter(chosen)
    total = np.zeros(vocabulary, dtype=np.int64)
    for name, corpus in encoded.items():
        inside = np.zeros(len(corpus.lengths), dtype=bool)
        inside[corpus.rows(learned.filter(pc.equal(learned["corpus"], name))["speech_id"])] = True
        # A chunk at a time: the tokens of a large corpus stay on disk.
        for at in range(0, len(inside), _CHUNK):
            start, lengths = int(corpus.starts[at]), corpus.lengths[at : at + _CHUNK]
            tokens = np.asarray(corpus.tokens[start : start + int(lengths.sum())])
            total += np.bincount(tokens[np.repeat(inside[at : at + _CHUNK], lengths)], minlength=vocabulary)
    return total


def unigram_surprisals(counts: Counts) -> FloatArray:
    """-ln of each token's share in nats, with one added to every count (Laplace), so that no token is impossible."""
    return np.asarray(np.log(counts.sum() + len(counts)) - np.log(counts + 1.0))


class TextVocabulary(Vocabulary):
    """Words in any script: where no blanks part them, the tokenizer's own tokens do, joined to whole characters.

    A run of letters, which is a word elsewhere, would be a sentence there; and letters there may carry marks.
    """

    def words(self, offsets: Ids, tokens: Ids) -> Words:
        """As `Vocabulary.words`; speeches that hold such letters are cut anew."""
        found, ids = super().words(offsets, tokens), tokens.astype(np.int64)
        names = {name: code for code, name in enumerate(found.names)}
        for start, stop in self._special(offsets, ids):
            group, texts = self._cut(ids[start:stop])
            codes = [names.setdefault(text, len(names)) if is_word(text) else -1 for text in texts]
            found.code[start:stop] = np.array(codes)[group]
            found.first[start:stop] = (np.diff(group, prepend=-1) > 0) & (found.code[start:stop] >= 0)
        return Words(found.code, found.first, tuple(names))

    @cached_property
    def _pieces(self) -> list[bytes]:
        """What each token adds to the bytes of a text, by id."""
        pieces = [b""] * len(self.begins)
        byte_level = isinstance(self._tokenizer.decoder, decoders.ByteLevel)
        plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
        # Bytes that nobody can see are written as the letters from 256 on (Radford et al. 2019).
        hidden = (byte for byte in range(256) if byte not in plain)
        written = {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(hidden)}
        for token, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            if byte_level and all(sign in written for sign in token):
                pieces[number] = bytes(written[sign] for sign in token)
            else:
                text = token if byte_level or not self.begins[number] else f" {token}"
                pieces[number] = text.removeprefix("##").encode()
        return pieces

    def _special(self, offsets: Ids, ids: Ids) -> Iterator[tuple[int, int]]:
        """Where the speeches begin and end in which blanks and letters do not tell the words."""
        # The scripts in question begin at U+0780, which UTF-8 begins with the byte DE.
        high = np.array([max(piece, default=0) >= 0xDE for piece in self._pieces])
        speeches = np.unique(np.searchsorted(offsets, np.flatnonzero(high[ids]), side="right") - 1)
        for start, stop in zip(offsets[speeches].tolist(), offsets[speeches + 1].tolist(), strict=True):
            if not is_plain(self._text(ids[start:stop])):
                yield start, stop

    def _text(self, ids: Ids) -> str:
        return b"".join([self._pieces[number] for number in ids]).decode(errors="surrogateescape")

    def _cut(self, ids: Ids) -> tuple[Ids, list[str]]:
        """The word that each token is in, by number, and the words: cut where a unit of the text ends with a token."""
        text = self._text(ids)
        tokens = np.cumsum([len(self._pieces[number]) for number in ids])
        units = np.cumsum([len(unit.encode(errors="surrogateescape")) for unit in units_of(text)])
        ends = np.intersect1d(tokens, units)
        group = np.searchsorted(ends, tokens)
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        parts = np.split(ids, starts[1:])
        # A mark may share its token with the sign behind it.
        return group, [the_word(self._text(part).strip().casefold()) for part in parts]
