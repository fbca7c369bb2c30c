from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.report import provenance as origins
from hansard_bias.report.results import Results


def test_what_a_reader_asks_first(load: Callable[..., Results]) -> None:
    rows = dict(origins.origin_rows(load()))
    assert rows["commit"] == "abc1234"
    assert rows["trained on"] == "cpu (2 threads), bf16"
    assert rows["digest of the archive, Canada"].startswith("5f1d")
    assert rows["training runs"] == "9: canada, mixed and nunavut, seeds 1, 2 and 3"
    assert rows["wall time of all trainings"].replace("\u00a0", " ") == "47 min (the longest 5 min)"
    assert rows["energy of all trainings"].startswith("about 19 Wh: estimated, not measured")


def test_what_is_not_known_is_not_shown(load: Callable[..., Results]) -> None:
    results = load()
    bare = tuple(replace(run, summary={}) for run in results.runs)
    names = dict(origins.origin_rows(replace(results, runs=bare, provenance={})))
    assert not {"commit", "trained on", "wall time of all trainings", "energy of all trainings"} & set(names)


def test_versions_are_what_is_left(load: Callable[..., Results]) -> None:
    assert origins.version_rows(load()) == [("date", "2025-01-31")]


def test_every_parameter_by_the_name_that_experiments_take(load: Callable[..., Results]) -> None:
    rows = dict(origins.parameter_table(load()).rows)
    assert rows["train.seeds"] == "1, 2, 3" and rows["models.mixed.mixture.canada"] == "0.5"
    assert rows["corpora.canada.path"] == "data/raw/sample/canada"


def test_fingerprints_of_all_runs(load: Callable[..., Results]) -> None:
    rows = origins.fingerprint_table(load()).rows
    assert len(rows) == 9 and rows[-1] == ("C (Mixed), seed 3", f"{3:064x}")
