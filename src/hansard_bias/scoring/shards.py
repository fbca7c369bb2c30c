"""The work of scoring in parts: each part is a file until all are there, so that a killed stage goes on where it was.

Which speeches form a part depends on their lengths alone, and no batch reaches beyond its part: the number of processes
and where a run was killed change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hansard_bias.base.files import atomic_write, write_json
from hansard_bias.base.messages import Progress
from hansard_bias.base.work import sync
from hansard_bias.models.scorer import Ids

# What the copies of a part's speeches hold together: seconds of work for a small model, minutes for a large one.
PART_TOKENS = 1 << 18
IDENTITY = "identity.json"
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Some speeches of one corpus, to be scored in one go."""

    kind: str
    """`folds` or `likelihood`."""
    corpus: str
    number: int
    rows: Ids
    shape: tuple[int, ...]
    """Of the scores: tokens, or forms by tokens."""

    @property
    def file(self) -> str:
        """Its name in the folder of the run."""
        return f"{self.kind}-{self.corpus}-{self.number:05d}.npy"


def cut_parts(kind: str, corpus: str, rows: Ids, lengths: Ids, copies: Ids, forms: tuple[int, ...] = ()) -> list[Part]:
    """Speeches sorted by length, cut into parts of about PART_TOKENS.

    rows, lengths, copies: of each speech the row, its tokens, and how many copies of a token are read to score it.
    """
    # Ties by row: the parts of a run that goes on are those of the run that was killed.
    order = np.lexsort((rows, -lengths))
    tokens = (lengths * copies)[order]
    number = (np.cumsum(tokens) - tokens) // PART_TOKENS
    # Of no speeches NumPy makes one empty group.
    groups = [group for group in np.split(order, np.flatnonzero(np.diff(number)) + 1) if len(group)]
    return [Part(kind, corpus, at, rows[group], (*forms, int(lengths[group].sum()))) for at, group in enumerate(groups)]


def compute(
    parts: list[Part], folder: Path, score: Callable[[Part], Scores], say: Callable[[str], None] | None = None
) -> None:
    """Score those of the parts that are not there yet, each in turn, into the folder."""
    missing = [part for part in parts if read(folder, part) is None]
    progress = Progress("scored", len(missing), "parts", say) if say else None
    for count, part in enumerate(missing, start=1):
        _write(folder / part.file, score(part))
        if progress:
            progress.reached(count)


def begin(parts: list[Part], folder: Path, identity: Mapping[str, str]) -> str:
    """Note in the folder whose parts it holds; returns a line that says what is there already, '' for nothing.

    Where this run has no part yet, but another one of its name was left unfinished, the line says why it is not used.
    """
    write_json(folder / IDENTITY, dict(identity))
    if ready := sum(read(folder, part) is not None for part in parts):
        return f"resumed: {ready} of {len(parts)} parts are scored"
    for path in folder.parent.glob(f"score-*/{IDENTITY}"):
        # Experiments share the folder: another one may end, and delete its own, at any moment.
        with suppress(FileNotFoundError):
            other = json.loads(path.read_text(encoding="utf-8"))
            if path.parent != folder and other["name"] == identity["name"]:
                words = ", ".join(word for word, digest in identity.items() if other[word] != digest)
                return f"{identity['name']} starts anew: an unfinished scoring has other {words}"
    return ""


def read(folder: Path, part: Part) -> Scores | None:
    """A part's scores; None where they are missing or broken off."""
    try:
        scores = np.load(folder / part.file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return scores if isinstance(scores, np.ndarray) and scores.shape == part.shape else None


def in_order_of(rows: Ids, lengths: Ids, parts: list[Part], folder: Path, forms: tuple[int, ...]) -> Scores:
    """The scores of all tokens of the speeches at `rows`, in that order, out of their parts; shape [*forms, tokens].

    lengths: tokens of every speech of the corpus. Raises ValueError for a part that is not in this folder.
    """
    sizes = lengths[rows]
    starts = np.zeros(len(lengths), dtype=np.int64)
    starts[rows] = np.cumsum(sizes) - sizes
    whole = np.full((*forms, int(sizes.sum())), np.nan, dtype=np.float32)
    for part in parts:
        scores = read(folder, part)
        if scores is None:
            problem = "missing after all processes were done; let all machines work in one shared project folder"
            raise ValueError(f"{folder / part.file}: {problem}")
        own = lengths[part.rows]
        inside = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
        whole[..., np.repeat(starts[part.rows], own) + inside] = scores
    assert not np.isnan(whole).any(), "a speech is in no part"
    return whole


def _write(path: Path, scores: Scores) -> None:
    with atomic_write(path) as partial:
        # Given a path, NumPy would add an ending.
        with partial.open("wb") as handle:
            np.save(handle, scores, allow_pickle=False)
        # The content before the name: after a power failure a file is whole or not there.
        sync(partial)
    sync(path.parent)
