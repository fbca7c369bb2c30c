"""The replicates of halves and doses: which texts their models learn from, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hansard_bias.calibration.arrays import Measured
from hansard_bias.calibration.config import CalibrationConfig, TinyTraining
from hansard_bias.calibration.design import DOSES, Replicate
from hansard_bias.calibration.grammar import ELSEWHERE, LEGISLATURES
from hansard_bias.calibration.measured import ask
from hansard_bias.calibration.text import encode, speeches
from hansard_bias.calibration.tiny import base_model, first_model, train_tiny
from hansard_bias.encoded import EncodedCorpus
from hansard_bias.randomness import stable_hash

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
