"""What was measured of tiny models, as arrays and as files; knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
FIELDS = ("nats", "tokens", "bytes_", "preferences")


@dataclass(frozen=True)
class Measured:
    """What one or more models were asked, as arrays."""

    nats: FloatArray
    """Σ surprisal, shape [models, test texts, sittings]."""
    tokens: FloatArray
    """Scored tokens, shape [test texts, sittings]."""
    bytes_: FloatArray
    """UTF-8 bytes, shape [test texts, sittings]."""
    preferences: FloatArray
    """L* in nats, shape [models, prompts, paraphrases]; prompts in the order of `grammar.associations`."""


def write_arrays(folder: Path, measured: Measured) -> None:
    """One .npy file a field."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FIELDS:
        np.save(folder / f"{name}.npy", getattr(measured, name), allow_pickle=False)


def read_arrays(folder: Path, stage: str) -> Measured:
    """What `write_arrays` wrote; ValueError, naming the stage to run, where it is missing."""
    paths = [folder / f"{name}.npy" for name in FIELDS]
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{path}: no such file; run `dvc repro calibration/dvc.yaml:{stage}` first")
    return Measured(*(np.load(path, allow_pickle=False) for path in paths))
