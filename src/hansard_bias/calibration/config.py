"""What is measured: calibration/params.yaml, validated; the replicates that it asks for; their arrays. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hansard_bias.base.files import require_path
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params import ConfigError, ModelConfig, ScoreConfig, TrainConfig
from hansard_bias.params.validation import parse, require

FOLDER = Path("calibration")
PARAMS = FOLDER / "params.yaml"
FloatArray = npt.NDArray[np.float64]


def _at_least(values: Any, section: str, **bounds: int) -> None:
    for name, bound in bounds.items():
        value = getattr(values, name)
        require(value >= bound, f"{section}{name}", value, f"{bound} or more")


@dataclass(frozen=True)
class TextConfig:
    """How much the generated legislatures say."""

    seed: int
    sittings: int  # sitting days that a model of one legislature learns from
    test_sittings: int  # sitting days of each of the two test texts
    test_speeches: int  # speeches, of one sentence each, on every test day

    def __post_init__(self) -> None:
        _at_least(self, "text.", sittings=4, test_sittings=2, test_speeches=1)
        require(self.sittings % 4 == 0, "text.sittings", self.sittings, "a multiple of 4: doses are quarters of it")


@dataclass(frozen=True)
class TinyTraining:
    """One training run of a tiny model."""

    speeches: int  # speeches on every day that the model learns from
    updates: int
    lr: float
    batch_size: int
    mask_rate: float
    warmup: float
    weight_decay: float

    def __post_init__(self) -> None:
        _at_least(self, "", speeches=1, updates=1)
        self.as_train_config()

    def as_train_config(self) -> TrainConfig:
        """The same in the terms of the pipeline's own trainings; their checks hold here too."""
        own = {name: value for name, value in asdict(self).items() if name not in ("speeches", "updates")}
        # Neither evaluated nor saved on the way: these have to be valid, no more.
        own |= {"patience": 1, "eval_every": 1, "save_every": 1, "keep": 1, "seeds": (1,)}
        return TrainConfig(epochs=1.0, max_steps=self.updates, gradient_accumulation=1, precision="fp32", **own)


@dataclass(frozen=True)
class HalvesConfig:
    """Comparisons of two halves of one legislature."""

    texts: int  # legislatures that are generated anew
    splits: int  # random halvings of each; every halving is one comparison
    seeds: int  # training seeds of each group of models
    train: TinyTraining

    def __post_init__(self) -> None:
        _at_least(self, "halves.", texts=1, splits=1, seeds=1)
        seeds = f"at least halves.seeds ({self.seeds}): replicates of a group come from different halvings"
        require(self.splits >= self.seeds, "halves.splits", self.splits, seeds)


@dataclass(frozen=True)
class DoseConfig:
    """Studies with models of both legislatures and of mixtures of them."""

    studies: int
    seeds: int
    train: TinyTraining

    def __post_init__(self) -> None:
        # One study has no spread over studies.
        _at_least(self, "dose.", studies=2, seeds=1)


@dataclass(frozen=True)
class VerdictConfig:
    """How the tests are run and judged."""

    draws: int
    confidence: float
    level: float  # a test rejects when its p is at most this
    band: float  # rejections of true null hypotheses must lie within the binomial band that holds this share of them
    seed: int

    def __post_init__(self) -> None:
        _at_least(self, "verdict.", draws=100)

        for name in ("confidence", "level", "band"):
            share = getattr(self, name)
            require(0 < share < 1, f"verdict.{name}", share, "above 0 and below 1")


@dataclass(frozen=True)
class CalibrationConfig:
    """The whole of calibration/params.yaml."""

    text: TextConfig
    model: ModelConfig
    base: TinyTraining
    score: ScoreConfig
    halves: HalvesConfig
    dose: DoseConfig
    verdict: VerdictConfig

    def shape(self, part: str) -> tuple[int, ...]:
        """How many of each: [texts, halvings, seeds] or [studies, seeds]."""
        halves, dose = self.halves, self.dose
        return (halves.texts, halves.splits, halves.seeds) if part == "halves" else (dose.studies, dose.seeds)

    def replicates(self, part: str) -> list[Replicate]:
        """All replicates of a part, in the order of its arrays."""
        # The last axis counts first, as the arrays are laid out.
        return [Replicate(part, tuple(map(int, number))) for number in np.ndindex(self.shape(part))]


def load_calibration(root: Path = Path(".")) -> CalibrationConfig:
    """Read and validate calibration/params.yaml.

    Raises ValueError, one line, that names the file, the key, the value and what was expected.
    """
    raw = read_plain_yaml(root / PARAMS, str(PARAMS), "run this in the project's root")
    try:
        config: CalibrationConfig = parse(CalibrationConfig, raw, "")
    except ConfigError as error:
        # Its message begins with the file's name.
        raise ValueError(f"{FOLDER}/{error}") from None
    return config


# What is trained: halves of one legislature, doses of another, each with several seeds.

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)  # share of the second legislature in what a model learns from
HALVES = ("first half", "second half", "both")


@dataclass(frozen=True)
class Replicate:
    """Some models trained with one seed, and the texts that they are tested on."""

    part: str  # "halves" or "dose"
    number: tuple[int, ...]  # of halves: text, halving, seed; of dose: study, seed

    @property
    def name(self) -> str:
        """Its name in files: `halves-3-0-2`."""
        return "-".join([self.part, *map(str, self.number)])


@dataclass(frozen=True)
class Measured:
    """What one or more models answered, as arrays."""

    nats: FloatArray  # Σ surprisal, shape [models, test texts, sittings]
    tokens: FloatArray  # scored tokens, shape [test texts, sittings]
    bytes_: FloatArray  # UTF-8 bytes, shape [test texts, sittings]
    preferences: FloatArray
    """L in nats, shape [models, prompts, paraphrases]; prompts in the order of `grammar.associations`."""

    def write(self, folder: Path) -> None:
        """One .npy file a field."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in FIELDS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def read(cls, folder: Path, stage: str) -> Measured:
        """What `write` wrote; ValueError, naming the stage to run, where it is missing."""
        paths = [require_path(folder / f"{name}.npy", f"calibration/dvc.yaml:{stage}") for name in FIELDS]
        # Never a pickle, which runs what it holds.
        return cls(*(np.load(path, allow_pickle=False) for path in paths))


FIELDS = tuple(field.name for field in fields(Measured))
