"""The replicates of halves and doses: which texts their models learn from, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hansard_bias.calibration.arrays import Measured
from hansard_bias.calibration.config import CalibrationConfig, TextConfig
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
    text = _speak(config.text, ELSEWHERE, 0, range(4 * config.text.sittings))
    model = train_tiny(first_model(config.model, config.text.seed), [text], config.base, config.text.seed)
    model.save_pretrained(str(folder))


def measure(replicate: Replicate, config: CalibrationConfig, base: Path) -> Measured:
    """Train and ask the models of one replicate; a pure function of its arguments."""
    text = config.text
    trainings, tests = _half_texts(replicate, text) if replicate.part == "halves" else _dose_texts(replicate, text)
    # Models of one replicate share their seed, as the models of a study do.
    seed = stable_hash(text.seed, *replicate.number) % 2**31
    trained = [train_tiny(base_model(base, config.model), corpora, config.train, seed) for corpora in trainings]
    return ask(trained, tests, config.score)


Texts = tuple[list[list[EncodedCorpus]], list[EncodedCorpus]]


def _half_texts(replicate: Replicate, text: TextConfig) -> Texts:
    """Two random halves of one legislature, half of each, and two test texts of the same legislature.

    Days are dealt by a hash of the halving: the same for all seeds, as a study's text is the same for all its seeds.
    """
    legislature, days = LEGISLATURES[0], range(2 * text.sittings)
    order = sorted(days, key=lambda day: stable_hash(text.seed, *replicate.number[:2], "halving", day))
    halves = [order[: text.sittings], order[text.sittings :]]
    both = halves[0][: text.sittings // 2] + halves[1][: text.sittings // 2]
    trainings = [[_speak(text, legislature, replicate.text_seed, sorted(part))] for part in (*halves, both)]
    starts = (TEST_DAYS, 2 * TEST_DAYS)
    tests = [_speak(text, legislature, replicate.text_seed, _test_days(text, start)) for start in starts]
    return trainings, tests


def _dose_texts(replicate: Replicate, text: TextConfig) -> Texts:
    """Mixtures of both legislatures of the same size, each keeping the days of the next smaller dose; tests of both."""
    trainings = []
    for dose in DOSES:
        second = round(dose * text.sittings)
        counts = zip(LEGISLATURES, (text.sittings - second, second), strict=True)
        trainings.append([_speak(text, name, replicate.text_seed, range(count)) for name, count in counts if count])
    tests = [_speak(text, name, replicate.text_seed, _test_days(text, TEST_DAYS)) for name in LEGISLATURES]
    return trainings, tests


def _test_days(text: TextConfig, start: int) -> range:
    return range(start, start + text.test_sittings)


def _speak(text: TextConfig, legislature: str, text_seed: int, days: Sequence[int]) -> EncodedCorpus:
    """What a legislature says on these days."""
    seed = stable_hash(text.seed, text_seed)
    return encode(legislature, [speech for day in days for speech in speeches(seed, legislature, day, text.speeches)])
