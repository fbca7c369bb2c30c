"""Exact pseudo-log-likelihoods on the page: a second way of asking, beside the matrix."""

from __future__ import annotations

from hansard_bias.reporting.formats import count, decimal, estimate, model_name, title
from hansard_bias.reporting.results import Results, parse_interval
from hansard_bias.reporting.tables import Table, table


def likelihood_table(results: Results) -> Table:
    """Nats per token in both forms, one row a model and corpus; no rows where none were computed."""
    config = results.config
    rows = []
    for model in config.models:
        record = results.bias.get("likelihoods", {}).get(config.row_key(model), {})
        for corpus in config.corpora:
            cell = record.get(f"on_{corpus}")
            if cell:
                forms = [estimate(parse_interval(cell[form]), decimal) for form in ("pll", "pll_within_word")]
                rows.append([model_name(config, model), title(corpus), *forms, count(cell["speeches"])])
    columns = ["Model", "Reading", "Pieces one at a time", "Rest of the word hidden too", "Speeches"]
    caption = (
        "Exact pseudo-log-likelihood of a fixed sample of test speeches, in nats per token, mean over training runs. "
        "Closer to 0 is less surprised. Intervals: other sitting days."
    )
    return table("likelihoods", caption, columns, rows, text=2)
