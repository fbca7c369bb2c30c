"""The parameters of a stage, and the names in its command's arguments, checked against what there is."""

from __future__ import annotations

from collections.abc import Iterable

from hansard_bias.operations.integrity import require_integrity
from hansard_bias.params import Config, ConfigError, load_config, load_sections

_RUN = ("corpora", "models", "train")
SECTIONS = {
    "sample": ("sample",),
    "corpus": ("corpora", "clean"),
    "align": ("corpora", "models", "align"),
    "tokenizer": ("corpora", "tokenizer", "model"),
    "encode": ("corpora",),
    # The text and its tokens are there already, but MLflow's record of a training tells how they were made.
    "train": (*_RUN, "clean", "align", "tokenizer", "model", "score", "tracking"),
    "score": (*_RUN, "score"),
    "probe": (*_RUN, "clean", "probe"),
    "bias": (*_RUN, "score", "probe", "bias"),
}
"""The sections of params.yaml that a stage loads: a mistake in another does not stop it. `report` shows all."""


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
    config = _load(stage)
    _require_sound(config, stage, {})
    return config


def corpus_config(stage: str, name: str) -> Config:
    """The same for a stage that is run for this corpus."""
    config = _load(stage)
    known("corpus", name, config.corpora)
    _require_sound(config, stage, {"key": name, "item.path": config.corpora[name].path})
    return config


def run_config(stage: str, model: str, seed: int) -> Config:
    """The same for a stage that is run for this model and seed."""
    config = _load(stage)
    known("model", model, config.models)
    if seed not in config.train.seeds:
        raise ConfigError("train.seeds", list(config.train.seeds), f"a list with seed {seed}", "or run another seed")
    _require_sound(config, stage, {"item.model": model, "item.seed": str(seed)})
    return config


def _load(stage: str) -> Config:
    return load_sections(SECTIONS[stage]) if stage in SECTIONS else load_config()


def _require_sound(config: Config, stage: str, names: dict[str, str]) -> None:
    asked = {f"probe.{name}": getattr(config.probe, name) for name in ("prompts", "groups") if "probe" in vars(config)}
    require_integrity(stage, names | asked)
