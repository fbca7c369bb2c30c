"""The page: one self-contained file, its figures, styles and script inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hansard_bias.reporting import (
    calibration,
    chance,
    figures_matrix,
    formats,
    gaps,
    headlines,
    likelihoods,
    origins,
    planted,
    probe_tables,
    probes,
    records,
    tables,
    words,
)
from hansard_bias.reporting.drawings import Drawn, page_figures
from hansard_bias.reporting.results import Results
from hansard_bias.reporting.tables import Table

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
    return files("hansard_bias.reporting").joinpath(name).read_text(encoding="utf-8")


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
        "headlines": headlines.headlines(results),
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
