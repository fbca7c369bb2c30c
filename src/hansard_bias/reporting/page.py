"""The page: one self-contained file, and beside it its figures and tables as files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hansard_bias.reporting import (
    calibration,
    exports,
    figures,
    figures_curves,
    figures_effects,
    formats,
    gaps,
    likelihoods,
    probe_tables,
    probes,
    records,
    tables,
    words,
)
from hansard_bias.reporting.results import Results

TEMPLATE = "page.html.jinja"


def build_page(results: Results) -> str:
    """The whole page as HTML: figures, styles and the little script are inside, nothing is loaded."""
    source = files("hansard_bias.reporting").joinpath(TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(**_sentences(results), **_tables(results), **_figures(results))


def write_report(results: Results, folder: Path) -> None:
    """Write index.html, the figures as SVG (the matrix as PNG too) and the tables as CSV into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = figures.matrix_figure(results)
    texts = {
        "index.html": build_page(results),
        "matrix.svg": figures.file_svg(matrix),
        "matrix.csv": exports.matrix_csv(results),
        "effects.csv": exports.effects_csv(results),
        "tests.csv": exports.tests_csv(results),
        "probes.csv": exports.probes_csv(results),
    }
    asked = {"benchmarks": exports.benchmarks_csv, "associations": exports.associations_csv}
    texts |= {f"{name}.csv": make(results) for name, make in asked.items() if results.bias.get(name)}
    drawn = {
        "curves.svg": figures_curves.combined_curves(results),
        "effects.svg": figures_effects.combined_effects(results),
    }
    texts |= {name: figures.file_svg(figure) for name, figure in drawn.items() if figure is not None}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "matrix.png").write_bytes(figures.file_png(matrix))


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
        "calibration_planted": calibration.planted_sentence(results),
        "calibration_reasons": calibration.reasons(results),
    }


def _tables(results: Results) -> dict[str, Any]:
    return {
        "matrix": tables.matrix_table(results),
        "likelihoods": likelihoods.likelihood_table(results),
        "ratios": tables.ratio_table(results),
        "excess": tables.excess_table(results),
        "tilts": tables.tilt_table(results),
        "tests": tables.significance_tables(results),
        "rates": tables.rate_table(results),
        "planted": tables.planted_table(results),
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
        "provenance": records.provenance_rows(results),
        "words": probes.word_table(results),
        "groups": probes.group_lists(results),
        "prompts": probes.prompt_rows(results),
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


def _figures(results: Results) -> dict[str, Any]:
    return {
        "matrix_figure": _inline(figures.matrix_figure(results)),
        "effect_figures": [_inline(figure) for figure in figures_effects.effect_figures(results)],
        "rate_figure": _inline(figures_effects.rate_figure(results)),
        "curve_figures": [_inline(figure) for figure in figures_curves.curve_figures(results)],
    }


def _inline(figure: figures.Figure | None) -> Markup:
    """The figure as markup: its texts were escaped when it was drawn."""
    return Markup("") if figure is None else Markup(figures.inline_svg(figure))
