"""The replicates of halves and doses: what their tiny models learn from, and what these answer, as any study asks."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from hansard_bias.base import work
from hansard_bias.base.code import code_digest
from hansard_bias.base.files import atomic_write, sha256
from hansard_bias.base.parallel import cores, in_order
from hansard_bias.calibration.config import (
    DOSES,
    FIELDS,
    CalibrationConfig,
    FloatArray,
    Measured,
    Replicate,
    TinyTraining,
)
from hansard_bias.calibration.grammar import ELSEWHERE, LEGISLATURES, TERMS, associations, speeches, vocabulary
from hansard_bias.models.attention import choose_backend, padding_policy, to_device
from hansard_bias.models.batches import MaskedText, update_rows
from hansard_bias.models.network import GRADIENT_NORM, MaskedLoss, build_model, build_optimizer, load_initial
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.params import ScoreConfig
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.probes import probe_model
from hansard_bias.probing.prompts import Group, Prompt
from hansard_bias.randomness import stable_hash
from hansard_bias.scoring.scoring import score_speeches
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import CLS_ID, NAMES, OWN_IDS, SEP_ID, SPECIAL_TOKENS
from hansard_bias.training.data import learning_rate, updates_per_epoch

FIRST_DAY = datetime.date(2000, 1, 3)
FAVOURITES = 1  # fillings asked for beside the groups: the probes want at least one, the calibration none
DEVICE = torch.device("cpu")
TEST_DAYS = 10_000  # the number of the first test day: no training reaches it

# What each model learns from, and the two texts that all of them are tested on.
Texts = tuple[list[list[EncodedCorpus]], list[EncodedCorpus]]


def train_base(config: CalibrationConfig, folder: Path) -> None:
    """Train the model that all others go on from, on the text of a third legislature, and save it."""
    text = _speak(config, ELSEWHERE, 0, range(config.text.sittings), config.base.speeches)
    model = build_model(config.model, len(word_ids()), config.text.seed)
    train_tiny(model, [text], config.base, config.text.seed).save_pretrained(str(folder))


def measure(replicate: Replicate, config: CalibrationConfig, base: Path) -> Measured:
    """Train and query the models of one replicate; a pure function of its arguments."""
    trainings, tests = (_half_texts if replicate.part == "halves" else _dose_texts)(replicate, config)
    # Models of one replicate share their seed, as the models of a study do.
    seed = stable_hash(config.text.seed, *replicate.number) % 2**31
    training = getattr(config, replicate.part).train
    trained = [
        train_tiny(load_initial(base, config.model, len(word_ids())), corpora, training, seed) for corpora in trainings
    ]
    return query(trained, tests, config.score)


def _half_texts(replicate: Replicate, config: CalibrationConfig) -> Texts:
    """Two random halves of one legislature, half of each, and two test texts of the same legislature."""
    speak = partial(_speak, config, LEGISLATURES[0], replicate.number[0])
    size, daily = config.text.sittings, config.halves.train.speeches
    # By text and halving alone: all seeds learn from the same halves, as a study's text is the same for all its seeds.
    purpose = (config.text.seed, *replicate.number[:2], "halving")
    order = sorted(range(2 * size), key=lambda day: stable_hash(*purpose, day))
    halves = [order[:size], order[size:]]
    both = halves[0][: size // 2] + halves[1][: size // 2]
    trainings = [[speak(sorted(days), daily)] for days in (*halves, both)]
    return trainings, [speak(_test_days(config, start), config.text.test_speeches) for start in (1, 2)]


def _dose_texts(replicate: Replicate, config: CalibrationConfig) -> Texts:
    """Mixtures of both legislatures of the same size, each keeping the days of the next smaller dose; tests of both."""
    size, daily = config.text.sittings, config.dose.train.speeches
    first, second = (partial(_speak, config, name, replicate.number[0]) for name in LEGISLATURES)
    trainings = []
    for dose in DOSES:
        days = round(dose * size)
        parts = ((first, size - days), (second, days))
        trainings.append([speak(range(count), daily) for speak, count in parts if count])
    return trainings, [speak(_test_days(config, 1), config.text.test_speeches) for speak in (first, second)]


def _test_days(config: CalibrationConfig, number: int) -> range:
    return range(number * TEST_DAYS, number * TEST_DAYS + config.text.test_sittings)


def _speak(config: CalibrationConfig, legislature: str, text: int, days: Sequence[int], daily: int) -> EncodedCorpus:
    """What a legislature says on these days in the text with this number."""
    seed = stable_hash(config.text.seed, text)
    return encode(legislature, {day: speeches(seed, legislature, day, daily) for day in days})


def run_part(part: str, config: CalibrationConfig, base: Path, output: Path) -> None:
    """Measure every replicate of a part and write its arrays into a folder, one .npy file a field.

    What a killed run had measured is taken over, if it came from the same parameters, code and base model.
    """
    # A small file for each replicate, so that a calibration that was killed goes on.
    folder = work.checkpoint_root() / f"calibration-{part}-{run_key(part, config, base)}"
    with work.locked(folder, "calibrating"):
        _measure_all(part, config, base, folder).write(output)
        work.remove(folder)


def _measure_all(part: str, config: CalibrationConfig, base: Path, folder: Path) -> Measured:
    """Measure what is missing in the folder; returns all of it."""
    wanted = config.replicates(part)
    missing = [replicate for replicate in wanted if not (folder / f"{replicate.name}.npz").is_file()]
    before = len(wanted) - len(missing)
    if before:
        print(f"{part}: {before} of {len(wanted)} replicates were measured before")
    measure_one = partial(_measure_one, config=config, base=base, folder=folder)
    for done, name in enumerate(in_order(measure_one, missing, cores()), start=1):
        if done % max(1, len(missing) // 10) == 0:
            print(f"{part}: {before + done} of {len(wanted)} replicates ({name})")
    kept = []
    for replicate in wanted:
        with np.load(folder / f"{replicate.name}.npz", allow_pickle=False) as file:
            kept.append([file[name] for name in FIELDS])
    stacked = (np.stack(arrays) for arrays in zip(*kept, strict=True))
    return Measured(*(array.reshape(*config.shape(part), *array.shape[1:]) for array in stacked))


def run_key(part: str, config: CalibrationConfig, base: Path) -> str:
    """A name for everything that a part's replicates depend on: parameters, code, base model."""
    settings = asdict(config)
    # Not the verdict: its settings change no measurement.
    relevant = {name: settings[name] for name in ("text", "model", "score", part)}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    digest.update(code_digest("hansard_bias.pipeline.calibrate").encode())
    for path in sorted(base.iterdir()):
        digest.update(bytes.fromhex(sha256(path)))
    return digest.hexdigest()[:16]


def _measure_one(replicate: Replicate, config: CalibrationConfig, base: Path, folder: Path) -> str:
    # Two processes of several threads would fight for the cores, and sums would depend on their number.
    torch.set_num_threads(1)
    measured = measure(replicate, config, base)
    # Whole or not at all: what is there counts as measured.
    with atomic_write(folder / f"{replicate.name}.npz") as partial_file, partial_file.open("wb") as handle:
        np.savez(handle, **{name: getattr(measured, name) for name in FIELDS})
    return replicate.name


# One tiny model, trained and queried by the project's own means: surprisal by sitting, preferences.


@lru_cache(maxsize=1)
def word_ids() -> Mapping[str, int]:
    """The id of every word, after those of the special tokens."""
    return {word: number for number, word in enumerate((*SPECIAL_TOKENS, *vocabulary()))}


def encode(legislature: str, spoken: Mapping[int, Sequence[str]]) -> EncodedCorpus:
    """The speeches of some days as an encoded corpus, one token a word, with the ids of `word_ids`."""
    tokens = [[word_ids()[word] for word in text.split()] for texts in spoken.values() for text in texts]
    lengths = np.array([len(speech) for speech in tokens], dtype=np.int64)
    days = {day: FIRST_DAY + datetime.timedelta(days=day) for day in spoken}
    numbered = [(days[day], number, text) for day, texts in spoken.items() for number, text in enumerate(texts)]
    # All of them "train": what a model is tested on lies on days of its own.
    index = pa.table(
        {
            "speech_id": [f"{legislature}/{day}/{number:05d}" for day, number, _ in numbered],
            "sitting": pa.array([day for day, _, _ in numbered], pa.date32()),
            "split": ["train"] * len(numbered),
            "bytes": pa.array([len(text.encode()) for _, _, text in numbered], pa.int32()),
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
        # A sum becomes a mean; a batch may have no masked token at all.
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
    # By the scorer of the study's own stage: what is judged here is what the study does.
    scorer = ReadingScorer(model.config.to_dict(), dict(model.named_parameters()), "cpu")
    surprisals = score_speeches(scorer, text, np.arange(len(text.lengths)), score, OWN_IDS)
    return _by_sitting(text, np.add.reduceat(surprisals.astype(np.float64), text.starts))


def _by_sitting(text: EncodedCorpus, values: npt.NDArray[Any]) -> FloatArray:
    """Sums of a number of every speech by sitting, in the order of the days."""
    _, sitting = np.unique(pc.cast(text.index["sitting"], "int32").to_numpy(), return_inverse=True)
    return np.bincount(sitting, weights=values).astype(np.float64)


def _preferences(model: Any) -> FloatArray:
    """L of every association's prompt and paraphrases, shape [prompts, paraphrases]."""
    # Its frames are each other's paraphrases.
    asked = [(each.noun, each.prompts()) for each in associations()]
    prompts = [Prompt(noun, "planted", texts[0], texts[1:]) for noun, texts in asked]
    first, second = (Group(name, name, "of the calibration", terms) for name, terms in TERMS.items())
    answers = probe_model(
        TransformersScorer(model), ClozeEncoder(_tokenizer(), str), prompts, (first, second), FAVOURITES
    )
    table = answers.pivot(index="prompt", columns="paraphrase", values="log_odds")
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
