"""The halves of one legislature that are read as two: what data/halvings.json holds is of them."""

from __future__ import annotations

from dataclasses import replace

from hansard_bias.params import Config, MixtureConfig

HOUSES = ("first", "second")


def as_two(config: Config) -> Config:
    """The study's settings for two legislatures by these names, with one model of each and one run."""
    corpus = next(iter(config.corpora.values()))
    corpora = {name: replace(corpus, label=name[0].upper()) for name in HOUSES}
    models = {name: MixtureConfig(name[0].upper(), {name: 1.0}) for name in HOUSES}
    return config.with_sections(corpora=corpora, models=models, train=replace(config.train, seeds=(1,)))
