"""Names in a command's arguments, checked against what there is."""

from __future__ import annotations

from collections.abc import Iterable

from hansard_bias.config import Config, ConfigError, load_config


def known_part(part: str, parts: tuple[str, ...]) -> None:
    """Raise ValueError where the calibration has no such part."""
    if part not in parts:
        raise ValueError(f"no part {part!r} of the calibration, expected one of {', '.join(parts)}")


def known(kind: str, name: str, entries: Iterable[str]) -> None:
    """Raise ValueError where params.yaml has no such corpus or model."""
    names = list(entries)
    if name not in names:
        raise ValueError(f"no {kind} {name!r} in params.yaml, expected one of {', '.join(names)}")


def run_config(model: str, seed: int) -> Config:
    """The configuration, once it is certain that it names this run."""
    config = load_config()
    known("model", model, config.models)
    if seed not in config.train.seeds:
        raise ConfigError("train.seeds", list(config.train.seeds), f"a list with seed {seed}", "or run another seed")
    return config
