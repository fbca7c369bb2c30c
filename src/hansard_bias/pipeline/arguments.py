"""Names in a command's arguments, checked against what there is."""

from __future__ import annotations

from collections.abc import Iterable

from hansard_bias.operations.integrity import require_integrity
from hansard_bias.params import Config, ConfigError, load_config


def known_part(part: str, parts: tuple[str, ...]) -> None:
    """Raise ValueError where the calibration has no such part."""
    if part not in parts:
        raise ValueError(f"no part {part!r} of the calibration, expected one of {', '.join(parts)}")


def known(kind: str, name: str, entries: Iterable[str]) -> None:
    """Raise ValueError where params.yaml has no such corpus or model."""
    names = list(entries)
    if name not in names:
        raise ValueError(f"no {kind} {name!r} in params.yaml, expected one of {', '.join(names)}")


def stage_config(stage: str) -> Config:
    """The configuration for a stage; ValueError where what it reads is not what dvc.lock promises."""
    config = load_config()
    _require_sound(config, stage, {})
    return config


def corpus_config(stage: str, name: str) -> Config:
    """The same for a stage that is run for this corpus."""
    config = load_config()
    known("corpus", name, config.corpora)
    _require_sound(config, stage, {"key": name, "item.path": config.corpora[name].path})
    return config


def run_config(stage: str, model: str, seed: int) -> Config:
    """The same for a stage that is run for this model and seed."""
    config = load_config()
    known("model", model, config.models)
    if seed not in config.train.seeds:
        raise ConfigError("train.seeds", list(config.train.seeds), f"a list with seed {seed}", "or run another seed")
    _require_sound(config, stage, {"item.model": model, "item.seed": str(seed)})
    return config


def _require_sound(config: Config, stage: str, names: dict[str, str]) -> None:
    require_integrity(stage, names | {"probe.prompts": config.probe.prompts, "probe.groups": config.probe.groups})
