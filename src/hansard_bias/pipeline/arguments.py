"""The parameters of a stage, and the names in its command's arguments, checked against what there is."""

from __future__ import annotations

from hansard_bias.base.messages import require_known
from hansard_bias.operations.integrity import require_integrity
from hansard_bias.params import Config, ConfigError, load_config, load_sections

_RUN = ("corpora", "models", "train")
# What a stage loads of params.yaml: a mistake in another section does not stop it. `report` shows, so loads, all.
SECTIONS = {
    "sample": ("sample",),
    "corpus": ("corpora", "clean"),
    "align": ("corpora", "models", "align"),
    "tokenizer": ("corpora", "tokenizer", "model"),
    "encode": ("corpora",),
    # The text and its tokens are there already, but MLflow's record of a training tells how they were made.
    "train": (*_RUN, "clean", "align", "tokenizer", "model", "score", "tracking"),
    "score": (*_RUN, "score"),
    "companion": ("corpora", "models", "align", "model", "train", "bias"),
    "probe": (*_RUN, "clean", "probe", "bias"),
    "bias": (*_RUN, "score", "probe", "bias"),
}


def stage_config(stage: str) -> Config:
    """The configuration for a stage; ValueError where what it reads is not what dvc.lock promises."""
    config = _load(stage)
    _require_sound(config, stage, {})
    return config


def corpus_config(stage: str, name: str) -> Config:
    """The same for a stage that is run for this corpus."""
    config = _load(stage)
    require_known("corpus", name, config.corpora, " in params.yaml")
    _require_sound(config, stage, {"key": name, "item.path": config.corpora[name].path})
    return config


def run_config(stage: str, model: str, seed: int) -> Config:
    """The same for a stage that is run for this model and seed."""
    config = _load(stage)
    require_known("model", model, config.all_models, " in params.yaml")
    if seed not in config.train.seeds:
        raise ConfigError("train.seeds", list(config.train.seeds), f"a list with seed {seed}", "or run another seed")
    _require_sound(config, stage, {"item.model": model, "item.seed": str(seed)})
    return config


def _load(stage: str) -> Config:
    return load_sections(SECTIONS[stage]) if stage in SECTIONS else load_config()


def _require_sound(config: Config, stage: str, names: dict[str, str]) -> None:
    # Paths that dvc.yaml takes from params.yaml, as it writes them in the stages that read these files.
    paths = ("probe", "prompts"), ("probe", "groups"), ("bias", "word_classes")
    asked = {f"{key}.{name}": getattr(getattr(config, key), name) for key, name in paths if key in vars(config)}
    require_integrity(stage, names | asked)
