"""Running many replicates: two processes, a small file each, so that a calibration that was killed goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from hansard_bias.base import work as unfinished
from hansard_bias.base.code import code_digest
from hansard_bias.base.files import atomic_write, sha256
from hansard_bias.base.parallel import cores, in_order
from hansard_bias.calibration.arrays import FIELDS, Measured, write_arrays
from hansard_bias.calibration.config import CalibrationConfig, Replicate, replicates, shape_of
from hansard_bias.calibration.replicates import measure


def run_part(
    part: str, config: CalibrationConfig, base: Path, output: Path, say: Callable[[str], None] = print
) -> None:
    """Measure every replicate of a part and write its arrays into a folder, one .npy file a field.

    What a killed run had measured is taken over, if it came from the same parameters, code and base model.
    """
    folder = unfinished.checkpoint_root() / f"calibration-{part}-{run_key(part, config, base)}"
    with unfinished.locked(folder, "calibrating"):
        measured = _measure_all(part, config, base, folder, say)
        write_arrays(output, measured)
        unfinished.remove(folder)


def _measure_all(
    part: str, config: CalibrationConfig, base: Path, folder: Path, say: Callable[[str], None]
) -> Measured:
    """Measure what is missing in the folder; returns all of it."""
    wanted = replicates(part, config)
    missing = [replicate for replicate in wanted if not (folder / f"{replicate.name}.npz").is_file()]
    if len(missing) < len(wanted):
        say(f"{part}: {len(wanted) - len(missing)} of {len(wanted)} replicates were measured before")
    work = partial(_measure_one, config=config, base=base, folder=folder)
    for done, replicate in enumerate(in_order(work, missing, cores()), start=1):
        if done % max(1, len(missing) // 10) == 0:
            say(f"{part}: {len(wanted) - len(missing) + done} of {len(wanted)} replicates ({replicate})")
    return _gather(folder, wanted, shape_of(part, config))


def run_key(part: str, config: CalibrationConfig, base: Path) -> str:
    """A name for everything that a part's replicates depend on: parameters, code, base model."""
    settings = asdict(config)
    relevant = {name: settings[name] for name in ("text", "model", "score", part)}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    digest.update(code_digest("hansard_bias.pipeline.calibrate").encode())
    for path in sorted(base.iterdir()):
        digest.update(bytes.fromhex(sha256(path)))
    return digest.hexdigest()[:16]


def _measure_one(replicate: Replicate, config: CalibrationConfig, base: Path, folder: Path) -> str:
    """Measure a replicate on one core and keep it, whole or not at all."""
    import torch

    torch.set_num_threads(1)
    measured = measure(replicate, config, base)
    with atomic_write(folder / f"{replicate.name}.npz") as partial_file, partial_file.open("wb") as handle:
        np.savez(handle, **{name: getattr(measured, name) for name in FIELDS})
    return replicate.name


def _gather(folder: Path, wanted: Sequence[Replicate], shape: tuple[int, ...]) -> Measured:
    """All replicates as arrays whose first axes are those of the part."""
    kept = []
    for replicate in wanted:
        with np.load(folder / f"{replicate.name}.npz", allow_pickle=False) as file:
            kept.append([file[name] for name in FIELDS])
    stacked = [np.stack(arrays) for arrays in zip(*kept, strict=True)]
    return Measured(*(array.reshape(*shape, *array.shape[1:]) for array in stacked))
