"""The sample's planted frames, asked as prompts are: every frame with its own two groups (METHOD section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from hansard_bias.measurement.frames import Surface
from hansard_bias.measurement.probes import probe_model
from hansard_bias.measurement.prompts import Group, Prompt
from hansard_bias.planted import PlantedFrame
from hansard_bias.probed import ASKED

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

COLUMNS = [*ASKED["planted"], "log_odds", "prior_log_odds", "preference", "p_first", "p_second"]


def probe_planted(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, frames: Sequence[PlantedFrame], surface: Surface
) -> pd.DataFrame:
    """Ask a model every carrier of every frame, and the same with the content words masked.

    Returns the rows and columns of `probe_model`, without the open-ended fillings; no rows without frames.
    Raises ValueError for a term that the tokenizer cannot write, or a carrier longer than the model's window.
    """
    tables = [probe_model(model, tokenizer, [_prompt(frame)], _groups(frame), 1, surface) for frame in frames]
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _prompt(frame: PlantedFrame) -> Prompt:
    """The first carrier, and the others as its paraphrases."""
    return Prompt(frame.id, frame.topic, frame.prompts[0], frame.prompts[1:])


def _groups(frame: PlantedFrame) -> tuple[Group, Group]:
    first, second = (Group(name, name, f"planted in {frame.id}", terms) for name, terms in frame.groups.items())
    return first, second
