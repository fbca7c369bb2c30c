"""The few numbers that stand beside the answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hansard_bias.base.files import atomic_write
from hansard_bias.report import exports, formats
from hansard_bias.report import provenance as origins
from hansard_bias.report import sentences as words
from hansard_bias.report.comparisons import comparisons, tilt_unlearned
from hansard_bias.report.figures import matrix as figures_matrix
from hansard_bias.report.figures.style import Drawn, draw, figure_files, page_figures
from hansard_bias.report.formats import TIMES, model_name, signed, significant, span, title
from hansard_bias.report.results import Results
from hansard_bias.report.sentences import tilt_sentence, unlearned_text
from hansard_bias.report.tables import calibration, chance, gaps, planted, probes, records
from hansard_bias.report.tables import chance as likelihoods
from hansard_bias.report.tables import comparison as tables
from hansard_bias.report.tables import probe_groups as probe_tables
from hansard_bias.report.tables.comparison import Table
from hansard_bias.report.tables.files import table_csv, table_latex

MOST = 4


@dataclass(frozen=True)
class Headline:
    """A number in large type, what it is, its interval and what it says."""

    what: str
    number: str
    bounds: str
    finding: str
    metric: str
    """The calibration's name of the metric; empty where the number says nothing, so that nothing vouches for it."""


def headlines(results: Results) -> list[Headline]:
    """The excess of the models from outside, largest first, then the tilts."""
    return [*_excesses(results)][: MOST - 1] + [*_tilts(results)][:1]


def _excesses(results: Results) -> Iterator[Headline]:
    findings = {1: "reads worse", -1: "reads better", 0: "no difference found", None: "not decided"}
    for each in sorted(comparisons(results), key=lambda comparison: -comparison.excess.size.value):
        what = f"{model_name(results.config, each.model)} reads {title(each.corpus)}"
        number = f"{TIMES}{significant(each.factor.value)}"
        idle = each.unlearned
        finding = unlearned_text(results.config, idle) if idle else findings[each.excess.side]
        yield Headline(what, number, span(each.factor, significant), finding, "" if idle else "excess")


def _tilts(results: Results) -> Iterator[Headline]:
    for model in results.config.models:
        tilt = results.measure(model, "tilt")
        if tilt is not None:
            what = f"tilt of {model_name(results.config, model)}, in nats"
            finding = tilt_sentence(results, model) or ""
            yield Headline(
                what, signed(tilt.value), span(tilt, signed), finding, "" if tilt_unlearned(results, model) else "tilt"
            )


# The page: one self-contained file, its figures, styles and script inside.

TEMPLATE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"

Content = Mapping[str, Any]


def build_page(results: Results, drawn: dict[str, Drawn], found: Content) -> str:
    """The whole page as HTML: figures, styles and the little script are inside, nothing is loaded."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["sort_value"] = formats.sort_value
    style, script = Markup(_source(STYLE)), _source(SCRIPT)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"style": style, "script": Markup(script), "script_digest": digest}
    template = environment.from_string(_source(TEMPLATE))
    return template.render(**parts, **_sentences(results), **found, **page_figures(drawn))


def _source(name: str) -> str:
    return files("hansard_bias.report").joinpath(name).read_text(encoding="utf-8")


def all_tables(found: Content) -> list[Table]:
    """Every table of the page that has rows, once, in the page's order."""
    listed = [value if isinstance(value, list) else [value] for value in found.values()]
    return [each for group in listed for each in group if isinstance(each, Table) and each.rows]


def _sentences(results: Results) -> dict[str, Any]:
    config = results.config
    verdict, size = words.answer(results)
    return {
        "title": config.report.title,
        "corpora": [formats.title(corpus) for corpus in config.corpora],
        "models": [
            (formats.model_name(config, model), formats.training_text(config, model)) for model in config.models
        ],
        "labels": [config.models[model].label for model in config.models],
        "measures": figures_matrix.MEASURES,
        "headlines": headlines(results),
        "trust": calibration.trust(results),
        "missing": results.missing,
        "against_chance": chance.chance_sentence(results),
        "verdict": verdict,
        "size": size,
        "confidence": words.confidence_text(results),
        "uncertainty": words.uncertainty_sentence(results),
        "caveats": words.caveats(results),
        "notes": results.bias["uncertainty"].get("notes") or [],
        "p_covers": gaps.coverage_sentence(results),
        "gap_words": gaps.word_sentence(results),
        "shared_text": gaps.sharing_sentence(results),
        "is_sample": words.is_sample(results),
        "planted_sentences": planted.planted_sentences(results),
        "calibration_planted": calibration.planted_sentence(results),
        "calibration_reasons": calibration.reasons(results),
    }


def tables_and_rows(results: Results) -> dict[str, Any]:
    """What the page shows in tables and lists, by the name that the template uses."""
    return {
        "matrix": tables.matrix_table(results),
        "likelihoods": likelihoods.likelihood_table(results),
        "ratios": tables.ratio_table(results),
        "excess": tables.excess_table(results),
        "tilts": tables.tilt_table(results),
        "tests": tables.significance_tables(results),
        "rates": tables.rate_table(results),
        "planted": planted.planted_table(results),
        "training": records.training_table(results),
        "statistics": records.corpus_table(results),
        "accounts": records.account_table(results),
        "archives": records.archive_table(results),
        "audits": records.audit_rows(results),
        "telling": records.telling_words(results),
        "shares": records.uncertainty_table(results),
        "gaps": gaps.word_gap_table(results),
        "slices": gaps.slice_tables(results),
        "sharing": gaps.sharing_table(results),
        "origins": origins.origin_rows(results),
        "versions": origins.version_rows(results),
        "parameters": origins.parameter_table(results),
        "fingerprints": origins.fingerprint_table(results),
        "chance": chance.chance_table(results),
        "words": probes.word_table(results),
        "groups": probes.group_lists(results),
        "prompts": probes.prompt_rows(results),
        "prompt_table": probes.prompt_table(results),
        "fillings": probes.FILLINGS_SHOWN,
        "correction": probe_tables.correction_table(results),
        "themes": probe_tables.theme_table(results),
        "benchmarks": probe_tables.benchmark_tables(results),
        "associations": probe_tables.association_table(results),
        "cosines": probe_tables.cosine_table(results),
        "unused_words": probe_tables.unused_words(results),
        "legacy": probe_tables.legacy_table(results),
        "calibration": calibration.verdict_table(results),
        "doses": calibration.dose_table(results),
    }


# The folder metrics/report: the page, its figures as SVG and PNG, its tables as CSV and LaTeX.


def write_report(results: Results, folder: Path) -> None:
    """Write index.html, the figures, the long tables of all numbers, and under tables/ those of the page."""
    drawn, found = draw(results), tables_and_rows(results)
    files: dict[str, str | bytes] = {"index.html": build_page(results, drawn, found)}
    files |= figure_files(drawn) | _long_tables(results)
    for table in all_tables(found):
        files |= {f"tables/{table.name}.csv": table_csv(table), f"tables/{table.name}.tex": table_latex(table)}
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with atomic_write(folder / name) as partial:
            partial.write_bytes(content if isinstance(content, bytes) else content.encode())


def _long_tables(results: Results) -> dict[str, str | bytes]:
    """One line a number, for further computing."""
    texts: dict[str, str | bytes] = {
        "matrix.csv": exports.matrix_csv(results),
        "effects.csv": exports.effects_csv(results),
        "tests.csv": exports.tests_csv(results),
        "probes.csv": exports.probes_csv(results),
    }
    asked = {"benchmarks": exports.benchmarks_csv, "associations": exports.associations_csv}
    return texts | {f"{name}.csv": make(results) for name, make in asked.items() if results.bias.get(name)}
