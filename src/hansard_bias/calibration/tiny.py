"""One tiny model, trained and queried by the project's own means: surprisal by sitting, prior-corrected preferences."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from hansard_bias.calibration.config import FloatArray, Measured, TinyTraining
from hansard_bias.calibration.grammar import TERMS, Speech, associations, vocabulary
from hansard_bias.models.attention import choose_backend, padding_policy, to_device
from hansard_bias.models.batches import MaskedText, update_rows
from hansard_bias.models.network import GRADIENT_NORM, MaskedLoss, build_optimizer
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import ScoreConfig
from hansard_bias.probing.preferences import probe_model
from hansard_bias.probing.prompts import Group, Prompt
from hansard_bias.randomness import stable_hash
from hansard_bias.scoring.scoring import score_speeches
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import CLS_ID, NAMES, OWN_IDS, SEP_ID, SPECIAL_TOKENS
from hansard_bias.training.data import learning_rate, updates_per_epoch

FIRST_DAY = datetime.date(2000, 1, 3)
FAVOURITES = 1  # fillings asked for beside the groups: the probes want at least one, the calibration none
DEVICE = torch.device("cpu")


@lru_cache(maxsize=1)
def word_ids() -> Mapping[str, int]:
    """The id of every word, after those of the special tokens."""
    return {word: number for number, word in enumerate((*SPECIAL_TOKENS, *vocabulary()))}


def encode(legislature: str, spoken: list[Speech]) -> EncodedCorpus:
    """Speeches as an encoded corpus, one token a word, with the ids of `word_ids`."""
    tokens = [[word_ids()[word] for word in speech.text.split()] for speech in spoken]
    lengths = np.array([len(speech) for speech in tokens], dtype=np.int64)
    days = [FIRST_DAY + datetime.timedelta(days=speech.day) for speech in spoken]
    numbered = zip(days, spoken, strict=True)
    index = pa.table(
        {
            "speech_id": [f"{legislature}/{day}/{speech.ordinal:05d}" for day, speech in numbered],
            "sitting": pa.array(days, pa.date32()),
            "split": ["train"] * len(spoken),
            "bytes": pa.array([len(speech.text.encode()) for speech in spoken], pa.int32()),
            "pieces": pa.array(lengths, pa.int32()),
        }
    )
    flat = np.array([token for speech in tokens for token in speech], dtype=np.uint16)
    return EncodedCorpus(flat, np.cumsum(lengths) - lengths, lengths, index)


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
        # Before the update: a model that took such a step is lost.
        if not torch.isfinite(norm):
            raise ValueError(f"a tiny model diverged at update {update} with lr {training.lr}; lower it")
        optimizer.step()
        optimizer.zero_grad()
    # The packed attention is for training; scores and probes ask padded batches.
    model.set_attn_implementation("eager")
    return model.eval()


def query(trained: Sequence[Any], tests: Sequence[EncodedCorpus], score: ScoreConfig) -> Measured:
    """Query every model; all test texts must have equally many sittings."""
    sums = [[_surprisals(model, text, score) for text in tests] for model in trained]
    sizes = [_by_sitting(text, text.lengths) for text in tests]
    spoken = [_by_sitting(text, text.index["bytes"].to_numpy()) for text in tests]
    return Measured(*(np.array(part) for part in (sums, sizes, spoken, [_preferences(model) for model in trained])))


def _surprisals(model: Any, text: EncodedCorpus, score: ScoreConfig) -> FloatArray:
    scorer = ReadingScorer(model.config.to_dict(), dict(model.named_parameters()), "cpu")
    surprisals = score_speeches(scorer, text, np.arange(len(text.lengths)), score, OWN_IDS)
    return _by_sitting(text, np.add.reduceat(surprisals.astype(np.float64), text.starts))


def _by_sitting(text: EncodedCorpus, values: npt.NDArray[Any]) -> FloatArray:
    """Sums of a number of every speech by sitting, in the order of the days."""
    _, sitting = np.unique(pc.cast(text.index["sitting"], "int32").to_numpy(), return_inverse=True)
    return np.bincount(sitting, weights=values).astype(np.float64)


def _preferences(model: Any) -> FloatArray:
    """L* of every association's prompt and paraphrases, shape [prompts, paraphrases]."""
    # Its frames are each other's paraphrases.
    asked = [(each.subject.noun, each.subject.prompts()) for each in associations()]
    prompts = [Prompt(noun, "planted", texts[0], texts[1:]) for noun, texts in asked]
    first, second = (Group(name, name, "of the calibration", terms) for name, terms in TERMS.items())
    answers = probe_model(TransformersScorer(model), _tokenizer(), prompts, (first, second), FAVOURITES, str)
    table = answers.pivot(index="prompt", columns="paraphrase", values="preference")
    # A pivot sorts its rows by name.
    return np.asarray(table.loc[[noun for noun, _ in asked]].to_numpy(dtype=np.float64))


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    """A fast Hugging Face tokenizer with one token a word, with the ids of `word_ids`."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(dict(word_ids()), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    # As in the study's own tokenizer: [MASK] takes the blank before it along.
    tokenizer.add_special_tokens([AddedToken(each, lstrip=each == "[MASK]", special=True) for each in SPECIAL_TOKENS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS_ID), ("[SEP]", SEP_ID)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **dict(zip(NAMES, SPECIAL_TOKENS, strict=True)))
