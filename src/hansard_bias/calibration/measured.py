"""Asking one tiny model: sums of surprisal by sitting, and prior-corrected preferences, by the project's own means."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from hansard_bias.calibration.arrays import FloatArray, Measured
from hansard_bias.calibration.grammar import GROUPS, associations
from hansard_bias.calibration.text import word_ids
from hansard_bias.config import ScoreConfig
from hansard_bias.encoded import EncodedCorpus
from hansard_bias.measurement.probes import probe_model
from hansard_bias.measurement.prompts import Group, Prompt
from hansard_bias.measurement.reader import Reader
from hansard_bias.measurement.scoring import score_speeches
from hansard_bias.tokenization import CLS_ID, OWN_IDS, SEP_ID, SPECIAL_TOKENS

FAVOURITES = 1
"""Fillings asked for beside the groups: the probes want at least one, the calibration none."""


def ask(asked: Sequence[Any], tests: Sequence[EncodedCorpus], score: ScoreConfig) -> Measured:
    """Ask every model; all test texts must have equally many sittings."""
    sums = [[_sums(model, text, score) for text in tests] for model in asked]
    sizes = [_sitting_sums(text, text.lengths) for text in tests]
    spoken = [_sitting_sums(text, text.index["bytes"].to_numpy()) for text in tests]
    return Measured(*(np.array(part) for part in (sums, sizes, spoken, [preferences(model) for model in asked])))


def preferences(model: Any) -> FloatArray:
    """L* of every association's prompt and paraphrases, shape [prompts, paraphrases]."""
    answers = probe_model(model, words_tokenizer(), _prompts(), _groups(), FAVOURITES, str)
    table = answers.pivot(index="prompt", columns="paraphrase", values="preference")
    return np.asarray(table.loc[[prompt.id for prompt in _prompts()]].to_numpy(dtype=np.float64))


@lru_cache(maxsize=1)
def words_tokenizer() -> Any:
    """A fast Hugging Face tokenizer with one piece a word, with the ids of `word_ids`."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(dict(word_ids()), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(
        [AddedToken(token, lstrip=token == "[MASK]", special=True) for token in SPECIAL_TOKENS]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS_ID), ("[SEP]", SEP_ID)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **dict(zip(names, SPECIAL_TOKENS, strict=True)))


def _sums(model: Any, text: EncodedCorpus, score: ScoreConfig) -> FloatArray:
    """Σ surprisal of a text by sitting."""
    reader = Reader(model.config.to_dict(), dict(model.named_parameters()), "cpu")
    surprisals = score_speeches(reader, text, np.arange(len(text.lengths)), score, OWN_IDS)
    starts = np.cumsum(text.lengths) - text.lengths
    return _sitting_sums(text, np.add.reduceat(surprisals.astype(np.float64), starts))


def _sitting_sums(text: EncodedCorpus, values: npt.NDArray[Any]) -> FloatArray:
    """Sums of a number of every speech by sitting, in the order of the days."""
    days = pc.cast(text.index["sitting"], "int32").to_numpy()
    _, sitting = np.unique(days, return_inverse=True)
    return np.bincount(sitting, weights=values).astype(np.float64)


@lru_cache(maxsize=1)
def _prompts() -> tuple[Prompt, ...]:
    """One prompt an association: its frames are each other's paraphrases."""
    asked = [(each.subject.noun, each.subject.prompts()) for each in associations()]
    return tuple(Prompt(noun, "planted", texts[0], texts[1:]) for noun, texts in asked)


@lru_cache(maxsize=1)
def _groups() -> tuple[Group, Group]:
    first, second = (Group(name, name, "of the calibration", terms) for name, terms in GROUPS.items())
    return first, second
