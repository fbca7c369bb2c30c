"""Benchmarks of sentences: what every model prefers, by score, part and bias type; and the items that are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hansard_bias.analysis.metrics.pairs import PairBenchmark, PairMeasure, Pairs, PairScores
from hansard_bias.report import formats as fmt
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table

FORMS = {
    "crows_pairs": "pairs in the form of CrowS-Pairs",
    "pairs": "sentence pairs",
    "stereoset": "items in the form of StereoSet",
}
PAIR_SCORE = "masked: the pseudo-log-likelihood over the tokens that both sentences share, {shared} on average"
STEREOSET_SCORE = (
    "masked: mean log-probability of the tokens in the gap, or of the sentence after its context, one masked at a "
    "time; ss (50 is even), lms (100 is best) and icat are the benchmark's own, means over its targets"
)
ABOUT = (
    "Benchmark \u201c{name}\u201d, {form}: the share of items in which the stereotype (or the sentence listed as "
    "preferred) has the higher score, and the mean difference. Scores: {score}; unmasked: mean log-probability of all "
    "tokens, none masked. Intervals cover {covers}. {left_out}"
)


@table("pairs", section="probes", order=4)
def pair_tables(results: Results) -> list[Table]:
    """One table a benchmark: every model, by score, and within it all items, parts and themes."""
    return made_of(fmt.row_names(results.config), results.bias.metric(Pairs))


def made_of(names: Mapping[str, str], found: Pairs, begin: str = "") -> list[Table]:
    """The tables of these models, by row with their names; begin: of the tables' own names."""
    return [_pair_table(names, found, f"{begin}{n}", record) for n, record in enumerate(found.benchmarks, 1)]


def _pair_table(names: Mapping[str, str], found: Pairs, end: str, record: PairBenchmark) -> Table:
    own = record.form == "stereoset"
    rows = []
    for row, model in names.items():
        measures = {"masked": record.models[row].likelihood, "unmasked (AUL)": record.models[row].aul}
        for score, measure in measures.items():
            rows += [[model, score, what, *_cells(scores, own)] for what, scores in _groups(measure)]
    preferred = "Preferred" if record.form == "pairs" else "Stereotype"
    columns = ["Model", "Score", "Of", "Items", f"{preferred} higher", "Difference (nats)"]
    columns += ["ss", "lms", "icat"] if own else []
    made = make_table(_caption(found, record), columns, rows, text=3, name=end)
    return replace(made, fold=f"Sentences of the benchmark \u201c{fmt.title(record.name)}\u201d")


def _caption(found: Pairs, record: PairBenchmark) -> str:
    own, missing = record.form == "stereoset", sum(item.benchmark == record.name for item in found.left_out)
    parts = {
        "name": fmt.title(record.name),
        "form": FORMS[record.form],
        "score": STEREOSET_SCORE if own else PAIR_SCORE.format(shared=fmt.decimal(record.shared_tokens, 1)),
        "covers": f"other {found.covers}".replace("only", "only, since there is one training run"),
        "left_out": f"Left out: {fmt.count(missing)} item{'s' * (missing > 1)}, listed below." if missing else "",
    }
    return ABOUT.format(**parts).strip()


def _groups(measure: PairMeasure) -> Iterator[tuple[str, PairScores]]:
    yield "all", measure.all
    yield from measure.parts.items()
    yield from measure.themes.items()


def _cells(scores: PairScores, own: bool) -> list[str]:
    cells = [fmt.count(scores.items), fmt.estimate(scores.preferring, fmt.percent)]
    cells.append(fmt.estimate(scores.difference, fmt.signed))
    three = scores.stereoset
    if own:
        each = (three.ss, three.lms, three.icat) if three else (None, None, None)
        cells += [fmt.estimate(one, fmt.significant) for one in each]
    return cells


@table("left_out", section="probes", order=5, fold="Items of benchmarks that are left out")
def left_out_table(results: Results) -> Table:
    """What was not asked, and why."""
    rows = [(fmt.title(item.benchmark), item.problem) for item in results.bias.metric(Pairs).left_out]
    return make_table("Items of benchmarks that no model was asked, and why.", ["Benchmark", "Item"], rows, text=2)
