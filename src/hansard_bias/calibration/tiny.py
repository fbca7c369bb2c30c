"""One tiny model, trained and queried by the project's own means: surprisal by sitting, prior-corrected preferences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from hansard_bias.calibration.config import FloatArray, Measured, TinyTraining
from hansard_bias.calibration.grammar import TERMS, associations
from hansard_bias.calibration.text import word_ids
from hansard_bias.models.attention import choose_backend, padding_policy, to_device
from hansard_bias.models.batches import MaskedText, update_rows
from hansard_bias.models.network import GRADIENT_NORM, MaskedLoss, build_model, build_optimizer, load_initial
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import BertSettings, ScoreConfig
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.probes import probe_model
from hansard_bias.probing.prompts import Group, Prompt
from hansard_bias.randomness import stable_hash
from hansard_bias.scoring.scoring import score_speeches
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import CLS_ID, OWN_IDS, SEP_ID, SPECIAL_TOKENS
from hansard_bias.training.data import learning_rate, updates_per_epoch

FAVOURITES = 1  # fillings asked for beside the groups: the probes want at least one, the calibration none


def query(trained: Sequence[Any], tests: Sequence[EncodedCorpus], score: ScoreConfig) -> Measured:
    """Query every model; all test texts must have equally many sittings."""
    sums = [[_sums(model, text, score) for text in tests] for model in trained]
    sizes = [_sitting_sums(text, text.lengths) for text in tests]
    spoken = [_sitting_sums(text, text.index["bytes"].to_numpy()) for text in tests]
    return Measured(*(np.array(part) for part in (sums, sizes, spoken, [preferences(model) for model in trained])))


def preferences(model: Any) -> FloatArray:
    """L* of every association's prompt and paraphrases, shape [prompts, paraphrases]."""
    encoder = ClozeEncoder(words_tokenizer(), str)
    answers = probe_model(TransformersScorer(model), encoder, _prompts(), _groups(), FAVOURITES)
    table = answers.pivot(index="prompt", columns="paraphrase", values="preference")
    return np.asarray(table.loc[[prompt.id for prompt in _prompts()]].to_numpy(dtype=np.float64))


@lru_cache(maxsize=1)
def words_tokenizer() -> Any:
    """A fast Hugging Face tokenizer with one token a word, with the ids of `word_ids`."""
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
    scorer = ReadingScorer(model.config.to_dict(), dict(model.named_parameters()), "cpu")
    surprisals = score_speeches(scorer, text, np.arange(len(text.lengths)), score, OWN_IDS)
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
    first, second = (Group(name, name, "of the calibration", terms) for name, terms in TERMS.items())
    return first, second


# Training one tiny model: the project's batches, packing, model, optimizer and schedule, without checkpoints.

DEVICE = torch.device("cpu")


def first_model(settings: BertSettings, seed: int) -> Any:
    """A model with random weights for the calibration's vocabulary."""
    return build_model(settings, len(word_ids()), seed)


def base_model(folder: Path, settings: BertSettings) -> Any:
    """The model that all trainings go on from, as `model.init` would load it."""
    return load_initial(folder, settings, len(word_ids()))


def train_tiny(model: Any, corpora: list[EncodedCorpus], training: TinyTraining, seed: int) -> Any:
    """Train a model on all speeches of the corpora, in fp32 on one core; returns it ready to be asked.

    The loop of `training.loop` without what long runs need: no validation, no checkpoints, no other processes. Order,
    masks and dropout depend on the seed alone. Raises ValueError when the gradient stops being finite.
    """
    positions = model.config.max_position_embeddings
    windows = cut_windows(corpora, [np.arange(len(corpus.lengths)) for corpus in corpora], positions)
    text = MaskedText(corpora, windows, seed, training.mask_rate, len(word_ids()), OWN_IDS)
    config = training.as_train_config()
    loss_of, optimizer = MaskedLoss(model), build_optimizer(model, config)
    per_epoch = updates_per_epoch(len(text.windows), training.batch_size)
    backend = choose_backend(DEVICE, "fp32")
    model.train()
    for update in range(training.updates):
        epoch, within = divmod(update, per_epoch)
        if within == 0:
            order = text.epoch_order(epoch)
        batch = text.batch(update_rows(order, per_epoch, within), epoch, padding_policy(backend))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, update, training.updates)
        # By update, so that nothing else that draws can move the dropout.
        torch.manual_seed(stable_hash(seed, "dropout", update) % 2**63)
        loss = loss_of(to_device(batch, DEVICE, backend)) / max(1, len(batch.labels))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        if not torch.isfinite(norm):
            raise ValueError(f"a tiny model diverged at update {update} with lr {training.lr}; lower it")
        optimizer.step()
        optimizer.zero_grad()
    # The packed attention is for training; scores and probes ask padded batches.
    model.set_attn_implementation("eager")
    return model.eval()
