"""All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hansard_bias.analysis.comparison import cells, perplexity_matrix, slice_rows
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import measure_all
from hansard_bias.analysis.metrics.companion import Companion
from hansard_bias.analysis.record_files import bias_from_json, columns, to_json
from hansard_bias.analysis.records import SCHEMA, BiasResults, SliceRow, WordRow
from hansard_bias.analysis.untrained import untrained_results
from hansard_bias.base.files import METRICS, write_json, write_records
from hansard_bias.params import Config
from hansard_bias.statistics.matrix import measure


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json, cells.json, slices.csv and words.csv."""
    # Draws and sums in the order of names, so that no bit depends on that of params.yaml.
    data = StudyData(config.in_order_of_names(), root)
    content, words = measured(data) if config.models else (untrained_results(data), ())
    told = arranged(to_json(content), config)
    # What does not fit the records is a mistake of the code: it stops here, before anything is written.
    results = bias_from_json(told, METRICS / "bias.json")
    folder, slices = root / METRICS, list(slice_rows(data)) if config.models else []
    write_records(folder / "slices.csv", columns(SliceRow), map(vars, slices))
    write_records(folder / "words.csv", columns(WordRow), map(vars, words))
    write_json(folder / "bias_matrix.json", perplexity_matrix(results.models, results.metric(Companion).models))
    write_json(folder / "cells.json", to_json(cells(results.models)))
    write_json(folder / "bias.json", told)


def measured(data: StudyData) -> tuple[dict[str, Any], Sequence[WordRow]]:
    """The content of bias.json, and the lines of words.csv."""
    matrix, found = measure(data.sums, data.design), measure_all(data, columns(BiasResults))
    content = {"schema": SCHEMA, **vars(matrix), **{name: each.section for name, each in found.items()}}
    # A metric may test, and may say something of each model: that stands beside what the matrix says.
    for each in found.values():
        content["tests"] = [*content["tests"], *each.tests]
        content["models"] |= {row: replace(content["models"][row], **more) for row, more in each.models.items()}
    return content, found["words"].rows


def arranged(content: Any, config: Config) -> Any:
    """The same content, with mappings from corpora, columns or rows in the order of params.yaml."""
    rows = [config.row_key(model) for model in config.all_models]
    names = [*config.corpora, *rows, *(f"on_{column}" for column in config.columns())]
    return _sorted(content, {name: place for place, name in reversed(list(enumerate(names)))})


def _sorted(content: Any, places: Mapping[str, int]) -> Any:
    if isinstance(content, list):
        return [_sorted(part, places) for part in content]
    if not isinstance(content, dict):
        return content
    keys = sorted(content, key=places.__getitem__) if content.keys() <= places.keys() else content
    return {key: _sorted(content[key], places) for key in keys}
