"""What the bundled sample planted, read back: the frames to ask about, and the truth of any mixture of its archives."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hansard_bias.base.files import SAMPLE, require_path
from hansard_bias.params import Config

PLANTED = SAMPLE / "planted.json"


@dataclass(frozen=True)
class PlantedFrame:
    """One association of planted.json."""

    id: str
    topic: str
    prompts: tuple[str, ...]
    """Its carriers, each with one [MASK]: paraphrases of one another."""
    groups: Mapping[str, tuple[str, ...]]
    """Terms of the two groups that fill the slot; log-odds above 0 favour the first."""
    probability: Mapping[str, float]
    """Of the first group, by legislature."""
    occurrences: Mapping[str, int]
    """How often the frame was written, by legislature."""

    def log_odds(self, shares: Mapping[str, float]) -> float:
        """The truth of a text that takes these shares from the legislatures, in nats.

        That of the mean of p, weighted by how often each legislature's part holds the frame: its occurrences times
        its share. The legislatures have equally many speeches, so that equal shares weigh by occurrences alone.
        """
        weights = {name: share * self.occurrences[name] for name, share in shares.items()}
        p = sum(weight * self.probability[name] for name, weight in weights.items()) / sum(weights.values())
        return math.log(p / (1 - p))


def sample_legislatures(config: Config) -> dict[str, str]:
    """The corpora that are the sample's archives, each with its legislature's name in planted.json."""
    paths = {name: Path(corpus.path) for name, corpus in config.corpora.items()}
    return {name: path.name for name, path in paths.items() if path.parent == SAMPLE}


def planted_frames(config: Config, root: Path = Path(".")) -> tuple[PlantedFrame, ...]:
    """Everything that was planted in this study's corpora; nothing where none of them is the sample's.

    Raises ValueError, naming the file and its stage, where it is missing or no record of what was planted.
    """
    if not sample_legislatures(config):
        return ()
    path = require_path(root / PLANTED, "sample")
    try:
        return tuple(_frame(record) for record in json.loads(path.read_text(encoding="utf-8"))["associations"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no record of what was planted ({error}); run `dvc repro -f sample`") from None


def planted_shares(config: Config) -> dict[str, dict[str, float]]:
    """By model: its shares of the sample's legislatures; of models that read nothing else, whose truth is known."""
    names = sample_legislatures(config)
    return {
        model: {names[corpus]: share for corpus, share in spec.mixture.items()}
        for model, spec in config.models.items()
        if set(spec.mixture) <= set(names)
    }


def _frame(record: Mapping[str, Any]) -> PlantedFrame:
    return PlantedFrame(
        record["id"],
        record["topic"],
        tuple(record["prompts"]),
        {name: tuple(terms) for name, terms in record["groups"].items()},
        record["probability_northern"],
        record["occurrences"],
    )
