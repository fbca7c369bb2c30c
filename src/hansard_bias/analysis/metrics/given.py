"""Models that are there already, each by itself: its tokens are its own, so that it has no excess and no rivals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.metrics.associations import association_findings
from hansard_bias.analysis.metrics.benchmarks import benchmark_findings
from hansard_bias.analysis.metrics.pairs import Pairs, pair_findings
from hansard_bias.analysis.metrics.probes import preference_findings
from hansard_bias.analysis.metrics.runs import likelihood_findings
from hansard_bias.analysis.probe_records import Associations, Probes
from hansard_bias.analysis.records import BenchmarkRecord, ByColumn, LikelihoodRecord, TestRecord
from hansard_bias.base.files import MODELS, run_name
from hansard_bias.statistics.matrix import measure
from hansard_bias.tokens.tokenizer import special_ids


@dataclass(frozen=True)
class GivenModel:
    """What was measured of one such model; it was read and asked once, so that nothing is known of other trainings."""

    folder: str
    """Name of the folder that it was taken from."""
    bits_per_byte: ByColumn
    """By column: surprisal by UTF-8 byte of the text. Of masked models comparable for one tokenizer only: smaller
    tokens give each other away."""
    perplexity: ByColumn
    """By column: exp of the mean surprisal of its own tokens; comparable with no other model's."""
    tokens_per_byte: dict[str, float]
    """By corpus: its tokens of the test text by UTF-8 byte."""
    unknown: dict[str, float]
    """By corpus: share of the test text's tokens that its tokenizer cannot write, and that are easy to predict."""
    likelihoods: dict[str, LikelihoodRecord]
    """By `on_<corpus>`: exact pseudo-log-likelihoods in nats by its own tokens; empty without
    `score.likelihood_speeches`."""
    probes: Probes
    """Preferences between the two groups of terms."""
    benchmarks: tuple[BenchmarkRecord, ...]
    """Binary benchmarks, in the order of params.yaml."""
    pairs: Pairs
    """Benchmarks of sentences, and items of any benchmark that this model was not asked."""
    associations: Associations
    """Word embedding association tests and cosines."""
    tests: tuple[TestRecord, ...]
    """The tests of this model, corrected within their families."""


@dataclass(frozen=True)
class Given:
    """Masked language models of a folder, beside those of the study."""

    models: dict[str, GivenModel]
    """By row; empty where params.yaml names none."""


@metric("given", Given)
def given_findings(data: StudyData) -> Given:
    """Every such model by itself, through the same statistics as those of the study."""
    # A study of its own each, with one model and one seed.
    return Given({data.config.row_key(name): _measured(replace(data, given=name)) for name in data.config.given})


def _measured(data: StudyData) -> GivenModel:
    row, config = data.config.row_key(data.given), data.config
    matrix = measure(data.sums, data.design)
    probes, associations = preference_findings(data), association_findings(data)
    unknown = special_ids(data.root / MODELS / run_name(data.given, config.read_once)).unk
    tokens = {corpus: data.test_tokens(corpus)[1] for corpus in config.corpora}
    return GivenModel(
        folder=Path(config.given[data.given].folder).name,
        bits_per_byte=matrix.models[row].bits_per_byte,
        perplexity=matrix.models[row].perplexity,
        tokens_per_byte={name: len(tokens[name]) / float(each.bytes_.sum()) for name, each in data.losses.items()},
        unknown={corpus: float((ids == unknown).mean()) for corpus, ids in tokens.items()},
        likelihoods=likelihood_findings(data).get(row, {}),
        probes=probes.section,
        benchmarks=tuple(benchmark_findings(data)),
        pairs=pair_findings(data),
        associations=associations.section,
        tests=(*matrix.tests, *probes.tests, *associations.tests),
    )
