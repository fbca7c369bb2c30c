"""Asking one tiny model: sums of surprisal by sitting, and prior-corrected preferences, by the project's own means."""

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

from hansard_bias.calibration.arrays import FloatArray, Measured
from hansard_bias.calibration.config import DOSES, CalibrationConfig, Replicate, TinyTraining
from hansard_bias.calibration.grammar import ELSEWHERE, GROUPS, LEGISLATURES, associations
from hansard_bias.calibration.text import encode, speeches, word_ids
from hansard_bias.models.attention import choose_backend, padding_policy, to_device
from hansard_bias.models.batches import MaskedText, update_rows
from hansard_bias.models.network import GRADIENT_NORM, MaskedLoss, build_model, build_optimizer, load_initial
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import BertSettings, ScoreConfig
from hansard_bias.probing.preferences import probe_model
from hansard_bias.probing.prompts import Group, Prompt
from hansard_bias.randomness import stable_hash
from hansard_bias.scoring.scoring import score_speeches
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import CLS_ID, OWN_IDS, SEP_ID, SPECIAL_TOKENS
from hansard_bias.training.data import learning_rate, updates_per_epoch

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
    answers = probe_model(TransformersScorer(model), words_tokenizer(), _prompts(), _groups(), FAVOURITES, str)
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
    first, second = (Group(name, name, "of the calibration", terms) for name, terms in GROUPS.items())
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
    text = _masked(corpora, model.config.max_position_embeddings, training.mask_rate, seed)
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


def _masked(corpora: list[EncodedCorpus], positions: int, mask_rate: float, seed: int) -> MaskedText:
    windows = cut_windows(corpora, [np.arange(len(corpus.lengths)) for corpus in corpora], positions)
    return MaskedText(corpora, windows, seed, mask_rate, len(word_ids()), OWN_IDS)


# The replicates of halves and doses: which texts their models learn from, and what comes of it.

TEST_DAYS = 10_000
"""The number of the first test day: no training reaches it."""


def train_base(config: CalibrationConfig, folder: Path) -> None:
    """Train the model that all others go on from, on the text of a third legislature, and save it."""
    text = _speak(config, ELSEWHERE, 0, range(config.text.sittings), config.base.speeches)
    model = train_tiny(first_model(config.model, config.text.seed), [text], config.base, config.text.seed)
    model.save_pretrained(str(folder))


def measure(replicate: Replicate, config: CalibrationConfig, base: Path) -> Measured:
    """Train and ask the models of one replicate; a pure function of its arguments."""
    trainings, tests = (_half_texts if replicate.part == "halves" else _dose_texts)(replicate, config)
    # Models of one replicate share their seed, as the models of a study do.
    seed = stable_hash(config.text.seed, *replicate.number) % 2**31
    training = training_of(replicate.part, config)
    trained = [train_tiny(base_model(base, config.model), corpora, training, seed) for corpora in trainings]
    return ask(trained, tests, config.score)


def training_of(part: str, config: CalibrationConfig) -> TinyTraining:
    """How the models of a part are trained."""
    return config.halves.train if part == "halves" else config.dose.train


Texts = tuple[list[list[EncodedCorpus]], list[EncodedCorpus]]


def _half_texts(replicate: Replicate, config: CalibrationConfig) -> Texts:
    """Two random halves of one legislature, half of each, and two test texts of the same legislature.

    Days are dealt by a hash of the halving: the same for all seeds, as a study's text is the same for all its seeds.
    """
    legislature, text, count = LEGISLATURES[0], replicate.text_seed, config.halves.train.speeches
    size = config.text.sittings
    purpose = (config.text.seed, *replicate.number[:2], "halving")
    order = sorted(range(2 * size), key=lambda day: stable_hash(*purpose, day))
    halves = [order[:size], order[size:]]
    both = halves[0][: size // 2] + halves[1][: size // 2]
    trainings = [[_speak(config, legislature, text, sorted(days), count)] for days in (*halves, both)]
    return trainings, [_test(config, legislature, text, start) for start in (TEST_DAYS, 2 * TEST_DAYS)]


def _dose_texts(replicate: Replicate, config: CalibrationConfig) -> Texts:
    """Mixtures of both legislatures of the same size, each keeping the days of the next smaller dose; tests of both."""
    text, daily, size = replicate.text_seed, config.dose.train.speeches, config.text.sittings
    trainings = []
    for dose in DOSES:
        second = round(dose * size)
        counts = zip(LEGISLATURES, (size - second, second), strict=True)
        trainings.append([_speak(config, name, text, range(count), daily) for name, count in counts if count])
    return trainings, [_test(config, name, text, TEST_DAYS) for name in LEGISLATURES]


def _test(config: CalibrationConfig, legislature: str, text: int, start: int) -> EncodedCorpus:
    days = range(start, start + config.text.test_sittings)
    return _speak(config, legislature, text, days, config.text.test_speeches)


def _speak(
    config: CalibrationConfig, legislature: str, text: int, days: Sequence[int], speeches_a_day: int
) -> EncodedCorpus:
    """What a legislature says on these days in the text with this number."""
    seed = stable_hash(config.text.seed, text)
    return encode(legislature, [speech for day in days for speech in speeches(seed, legislature, day, speeches_a_day)])
