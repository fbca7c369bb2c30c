"""The replicates of halves and doses: what their models learn from, and measuring all of them in two processes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hansard_bias.base import work
from hansard_bias.base.code import code_digest
from hansard_bias.base.files import atomic_write, sha256
from hansard_bias.base.parallel import cores, in_order
from hansard_bias.calibration.config import (
    DOSES,
    FIELDS,
    CalibrationConfig,
    Measured,
    Replicate,
    replicates,
    write_arrays,
)
from hansard_bias.calibration.grammar import ELSEWHERE, LEGISLATURES, speeches
from hansard_bias.calibration.tiny import encode, query, train_tiny, word_ids
from hansard_bias.models.network import build_model, load_initial
from hansard_bias.randomness import stable_hash
from hansard_bias.tokens.encoded import EncodedCorpus

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
    return encode(legislature, [speech for day in days for speech in speeches(seed, legislature, day, daily)])


def run_part(part: str, config: CalibrationConfig, base: Path, output: Path) -> None:
    """Measure every replicate of a part and write its arrays into a folder, one .npy file a field.

    What a killed run had measured is taken over, if it came from the same parameters, code and base model.
    """
    # A small file for each replicate, so that a calibration that was killed goes on.
    folder = work.checkpoint_root() / f"calibration-{part}-{run_key(part, config, base)}"
    with work.locked(folder, "calibrating"):
        write_arrays(output, _measure_all(part, config, base, folder))
        work.remove(folder)


def _measure_all(part: str, config: CalibrationConfig, base: Path, folder: Path) -> Measured:
    """Measure what is missing in the folder; returns all of it."""
    wanted = replicates(part, config)
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
    return Measured(*(array.reshape(*getattr(config, part).shape, *array.shape[1:]) for array in stacked))


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
