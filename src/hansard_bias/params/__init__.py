"""params.yaml as typed, frozen, validated objects: an unknown key or a wrong value dies here, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params.corpora import SPLITS as SPLITS
from hansard_bias.params.corpora import AlignConfig as AlignConfig
from hansard_bias.params.corpora import CleanConfig as CleanConfig
from hansard_bias.params.corpora import ColumnsConfig as ColumnsConfig
from hansard_bias.params.corpora import CorpusConfig as CorpusConfig
from hansard_bias.params.corpora import JoinConfig as JoinConfig
from hansard_bias.params.corpora import MixtureConfig as MixtureConfig
from hansard_bias.params.corpora import SampleConfig as SampleConfig
from hansard_bias.params.models import BiasConfig as BiasConfig
from hansard_bias.params.models import ModelConfig as ModelConfig
from hansard_bias.params.models import ProbeConfig as ProbeConfig
from hansard_bias.params.models import ReportConfig as ReportConfig
from hansard_bias.params.models import ScoreConfig as ScoreConfig
from hansard_bias.params.models import TokenizerConfig as TokenizerConfig
from hansard_bias.params.models import TrackingConfig as TrackingConfig
from hansard_bias.params.models import TrainConfig as TrainConfig
from hansard_bias.params.models import in_language
from hansard_bias.params.validation import ConfigError as ConfigError
from hansard_bias.params.validation import parse, parse_fields, require_entries

PARAMS_FILE = Path("params.yaml")


@dataclass(frozen=True)
class Config:
    """params.yaml: the whole of it, or the sections that a stage loaded (`load_sections`)."""

    sample: SampleConfig
    corpora: dict[str, CorpusConfig]
    models: dict[str, MixtureConfig]
    clean: CleanConfig
    align: AlignConfig
    tokenizer: TokenizerConfig
    model: ModelConfig
    train: TrainConfig
    score: ScoreConfig
    probe: ProbeConfig
    bias: BiasConfig
    report: ReportConfig
    tracking: TrackingConfig
    given: dict[str, MixtureConfig] = field(default_factory=dict, metadata={"derived": True})
    """Those of `models` in params.yaml that are there already; in `models` are those that are trained."""

    def __post_init__(self) -> None:
        loaded = vars(self)
        if "corpora" in loaded:
            require_entries("corpora", self.corpora, "archive")
            for name, corpus in self.corpora.items():
                corpus.check(name)
        if "models" in loaded:
            require_entries("models", self.all_models, "model")
            for name, model in self.all_models.items():
                # Whether the corpora of a mixture exist can be told only where both sections are loaded.
                model.check(name, loaded.get("corpora", model.mixture))
            # Two kinds that have nothing in common but their section: what trains and compares never meets the others.
            loaded["given"] = {name: model for name, model in self.all_models.items() if model.folder}
            loaded["models"] = {name: model for name, model in self.all_models.items() if not model.folder}

    # Not for the type checker, for which every attribute would then exist.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            reason = "this section was not loaded; name it in load_sections"
            raise AttributeError(f"{name}: {reason if name in self.__dataclass_fields__ else 'no section of Config'}")

    def of_training(self) -> dict[str, Any]:
        """What a training depends on of `model` and `corpora`: what its architecture looks at, and licences."""
        return {"model": self.model.own(), "licences": {name: each.licence for name, each in self.corpora.items()}}

    def of_model(self, name: str) -> dict[str, Any]:
        """What the training of one model depends on of `models`."""
        return {"mixture": self.models[name].mixture}

    def with_sections(self, **sections: Any) -> Config:
        """A copy with these sections instead, where `dataclasses.replace` would ask for those not loaded."""
        return _assembled(vars(self) | sections)

    @property
    def all_models(self) -> dict[str, MixtureConfig]:
        """Those that are trained, then those that are there already."""
        given: dict[str, MixtureConfig] = vars(self).get("given", {})
        return self.models | given

    @property
    def read_once(self) -> int:
        """The seed under whose name a model that is there already stands: it has none, and is read once."""
        return self.train.seeds[0]

    def word_classes(self) -> str:
        """The file with the lists of function words, procedure and names, in the language of the probes."""
        return in_language(self.bias.word_classes, self.probe.language)

    def row_key(self, model: str) -> str:
        """The name of a model in metrics files and MLflow: `A_nunavut`, or `model_nunavut` for the label `A & B`."""
        label = self.all_models[model].label
        # Labels are free text, and MLflow's metrics take no sign: only a bare word becomes part of a name.
        return f"{label if label.isascii() and label.isalnum() else 'model'}_{model}"

    def columns(self) -> dict[str, dict[str, float]]:
        """What every model is measured on: the corpora, then the mixtures, each as weights over corpora."""
        singles = {name: {name: 1.0} for name in self.corpora}
        mixtures = {name: dict(model.mixture) for name, model in self.models.items() if not model.is_single}
        # Corpora come first, and a name that a mixture shares with one means the corpus.
        return singles | mixtures | singles

    def column_label(self, column: str) -> str:
        """The short label of a column: of the corpus, or of the mixture."""
        return self.corpora[column].label if column in self.corpora else self.models[column].label

    def own_model(self, corpus: str) -> str | None:
        """The model trained on this corpus alone (method.md 2), if there is one; of several the first by name."""
        alone = (name for name, model in self.models.items() if set(model.mixture) == {corpus})
        return min(alone, key=self.row_key, default=None)

    def in_order_of_names(self) -> Config:
        """The same study, corpora and models by label and name: no number may depend on their order in params.yaml."""
        corpora = sorted(self.corpora.items(), key=lambda item: (item[1].label, item[0]))
        models = sorted(self.all_models.items(), key=lambda item: self.row_key(item[0]))
        return self.with_sections(corpora=dict(corpora), models=dict(models))


def load_config(path: Path = PARAMS_FILE) -> Config:
    """Read and validate the whole of params.yaml; ConfigError names the key, the value and what was expected."""
    return parse_config(_read(path))


def load_sections(names: Iterable[str], path: Path = PARAMS_FILE) -> Config:
    """Validate the named sections alone: the others may be wrong, missing or unknown, and nobody may touch them."""
    return parse_sections(_read(path), names)


def parse_config(raw: object) -> Config:
    """Validate the content of params.yaml, as plain dicts and lists."""
    parsed: Config = parse(Config, raw, "")
    return parsed


def parse_sections(raw: object, names: Iterable[str]) -> Config:
    """The same for the named sections alone."""
    return _assembled(parse_fields(Config, raw, "", names))


def _read(path: Path) -> Any:
    return read_plain_yaml(path, remedy="run this in the project's root, or `git checkout params.yaml`")


def _assembled(sections: dict[str, Any]) -> Config:
    # Past the constructor, which asks for every section; the checks between sections run all the same.
    config = object.__new__(Config)
    vars(config).update(sections)
    config.__post_init__()
    return config
