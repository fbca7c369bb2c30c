"""The folder metrics/report: the page, its figures as SVG and PNG, its tables as CSV and LaTeX."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.paths import appearing
from hansard_bias.reporting import exports
from hansard_bias.reporting.drawings import draw, figure_files
from hansard_bias.reporting.page import all_tables, build_page, tables_and_rows
from hansard_bias.reporting.results import Results
from hansard_bias.reporting.table_files import table_csv, table_latex


def write_report(results: Results, folder: Path) -> None:
    """Write index.html, the figures, the long tables of all numbers, and under tables/ those of the page."""
    drawn, found = draw(results), tables_and_rows(results)
    files: dict[str, str | bytes] = {"index.html": build_page(results, drawn, found)}
    files |= figure_files(drawn) | _long_tables(results)
    for table in all_tables(found):
        files |= {f"tables/{table.name}.csv": table_csv(table), f"tables/{table.name}.tex": table_latex(table)}
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with appearing(folder / name) as partial:
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
