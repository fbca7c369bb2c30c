"""The companions beside the masked models."""

from __future__ import annotations

from itertools import product

from hansard_bias.analysis.metrics.companion import Companion
from hansard_bias.report import formats as fmt
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table


@table("companion", section="effects", order=6, fold="What n-gram models of the same texts say")
def companion_table(results: Results) -> Table:
    """One row a model and corpus: perplexity and excess of the masked models beside those of the companions."""
    config, found, rows = results.config, results.bias.metric(Companion), []
    for model, corpus in product(config.models, config.corpora):
        row, column = config.row_key(model), f"on_{corpus}"
        other, cells = found.models[row], [fmt.model_name(config, model), fmt.title(corpus)]
        cells += [
            fmt.estimate(each, fmt.significant)
            for each in (results.perplexity(model, corpus), other.perplexity[column])
        ]
        cells.append(fmt.estimate(other.bits_per_byte[column], fmt.fine))
        own = column not in found.agrees.get(row, {})
        excesses = (results.measures(model).excess_nats.get(column), other.excess_nats.get(column))
        cells += [fmt.NOTHING if own or each is None else fmt.estimate(each, fmt.signed) for each in excesses]
        cells.append(fmt.NOTHING if own else "yes" if found.agrees[row][column] else "no")
        rows.append(cells)
    columns = ["Model", "Reading", "Perplexity", "N-gram perplexity", "N-gram bits per byte"]
    columns += ["Excess", "N-gram excess", "Same direction"]
    caption = (
        "Masked models beside n-gram models of the same text (order 4, Kneser\u2013Ney), which read left to right. "
        "Perplexities of the two kinds are not alike; excesses, in nats per token, may be compared. The bits per byte "
        "of n-gram models are code lengths, comparable between tokenizers."
    )
    return make_table(caption, columns, rows, text=2, words=["Same direction"])
