"""params.yaml as typed, frozen, validated objects: an unknown key or a wrong value dies here, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params.runs import (
    BertSettings,
    BiasConfig,
    ProbeConfig,
    ReportConfig,
    ScoreConfig,
    TokenizerConfig,
    TrackingConfig,
    TrainConfig,
)
from hansard_bias.params.text import (
    SPLITS,
    AlignConfig,
    CleanConfig,
    ColumnsConfig,
    CorpusConfig,
    MixtureConfig,
    SampleConfig,
    SplitShares,
)
from hansard_bias.params.validation import ConfigError, check_labels, check_name, parse, require

__all__ = [
    "SPLITS",
    "AlignConfig",
    "BertSettings",
    "BiasConfig",
    "CleanConfig",
    "ColumnsConfig",
    "Config",
    "ConfigError",
    "CorpusConfig",
    "MixtureConfig",
    "ProbeConfig",
    "ReportConfig",
    "SampleConfig",
    "ScoreConfig",
    "SplitShares",
    "TokenizerConfig",
    "TrackingConfig",
    "TrainConfig",
    "load_config",
    "parse_config",
    "require",
]

PARAMS_FILE = Path("params.yaml")


@dataclass(frozen=True)
class Config:
    """The whole of params.yaml."""

    sample: SampleConfig
    corpora: dict[str, CorpusConfig]
    models: dict[str, MixtureConfig]
    clean: CleanConfig
    align: AlignConfig
    tokenizer: TokenizerConfig
    model: BertSettings
    train: TrainConfig
    score: ScoreConfig
    probe: ProbeConfig
    bias: BiasConfig
    report: ReportConfig
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        require(bool(self.corpora), "corpora", {}, "at least one archive")
        require(bool(self.models), "models", {}, "at least one model")
        for name, corpus in self.corpora.items():
            check_name("corpora", name)
            corpus.check(name)
        for name, model in self.models.items():
            check_name("models", name)
            model.check(name, self.corpora)
        check_labels("corpora", self.corpora)
        check_labels("models", self.models)

    def row_key(self, model: str) -> str:
        """The name of a model in metrics files: `A_nunavut`."""
        return f"{self.models[model].label}_{model}"

    def columns(self) -> dict[str, dict[str, float]]:
        """What every model is measured on: the corpora, then the mixtures, each as weights over corpora."""
        singles = {name: {name: 1.0} for name in self.corpora}
        mixtures = {
            name: dict(model.mixture)
            for name, model in self.models.items()
            if not model.is_single and name not in singles
        }
        return singles | mixtures

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
        models = sorted(self.models.items(), key=lambda item: self.row_key(item[0]))
        return replace(self, corpora=dict(corpora), models=dict(models))


def load_config(path: Path = PARAMS_FILE) -> Config:
    """Read and validate params.yaml.

    Raises ConfigError (a ValueError) that names the key, the value and what was expected.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; run this in the project's root, or `git checkout params.yaml`")
    return parse_config(read_plain_yaml(path))


def parse_config(raw: object) -> Config:
    """Validate the content of params.yaml, as plain dicts and lists."""
    parsed: Config = parse(Config, raw, "")
    return parsed
