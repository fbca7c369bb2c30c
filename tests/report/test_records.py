from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.params import Config
from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.tables import records


def test_every_run_has_a_row(load: Callable[..., Results]) -> None:
    table = records.training_table(load())
    assert [row[0] for row in table.rows][:2] == ["A (Nunavut), seed 1", "A (Nunavut), seed 2"]
    assert len(table.rows) == 9
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["Tokens"] == "1,523,400" and row["Best of updates"] == "900 of 900"
    assert row["Device"] == "cpu (2 threads), bf16" and row["Share of peak speed"] == f"31{NO_BREAK}%"


def test_records_are_accounted_for_in_both_stages(load: Callable[..., Results]) -> None:
    table = records.account_table(load())
    assert table.rows[0] == ("Nunavut", "3,400", "3,041", "359", "short 200; procedural 159", "complete")
    assert table.rows[1] == (
        "Nunavut, aligned",
        "3,041",
        "3,001",
        "40",
        "near duplicate 31; outside window 9",
        "complete",
    )


def test_a_gap_in_the_account_is_shown(load: Callable[..., Results]) -> None:
    results = load()
    gap = replace(results.corpora["canada"], read=3407)
    table = records.account_table(replace(results, corpora={**results.corpora, "canada": gap}))
    assert [row[-1] for row in table.rows] == ["complete", "complete", "7 not accounted for", "complete"]


def test_the_text_by_split_and_the_archives(load: Callable[..., Results]) -> None:
    results = load()
    assert len(records.corpus_table(results).rows) == 9
    assert records.corpus_table(results).caption.endswith("Whole sitting days go to one split.")
    assert records.corpus_table(results).rows[0][:4] == ("A (Nunavut)", "train", "2,100", "128,100")
    assert records.archive_table(results).rows[1] == ("Canada", "72", "40", "190,000", "1999-04-01", "2017-11-30")


def test_months_dealt_as_one_are_named(load: Callable[..., Results], config: Config) -> None:
    by_month = replace(config.align, split=replace(config.align.split, by="month"))
    table = records.corpus_table(load(of=replace(config, align=by_month)))
    assert table.caption.endswith("Whole months go to one split.")


def test_audits_in_words(load: Callable[..., Results]) -> None:
    rows = dict(records.audit_rows(load()))
    assert rows["test speeches that also occur in training or validation text"] == "0"
    assert rows["share of the 13-word runs of the test text that occur in training text, overall"] == "0.004"
    assert rows["format audit, score after cleaning"] == "0.54"
    assert rows["format audit, most telling marks"] == "dash"
    assert "telling" not in " ".join(name for name in rows if name.startswith("content"))


def test_telling_words_by_legislature(load: Callable[..., Results]) -> None:
    assert records.telling_words(load()) == [("Nunavut", "tundra and highway"), ("Canada", "tundra and highway")]


def test_whose_variance_it_is(load: Callable[..., Results]) -> None:
    table = records.uncertainty_table(load())
    shares = [f"{share}{NO_BREAK}%" for share in (30, 60, 10)]
    assert table.rows[0] == ("A (Nunavut)", "Nunavut", *shares, "\u2014"), "an own model has no excess"
    # The excess of A on Canada is 0.72, its interval 0.1 to either side.
    assert table.rows[1] == ("A (Nunavut)", "Canada", *shares, "0.820")


def test_what_a_reader_asks_first(load: Callable[..., Results]) -> None:
    rows = dict(records.origin_rows(load()))
    assert rows["commit"] == "abc1234"
    assert rows["trained on"] == "cpu (2 threads), bf16"
    assert rows["digest of the archive, Canada"].startswith("5f1d")
    assert rows["training runs"] == "9: canada, mixed and nunavut, seeds 1, 2 and 3"
    assert rows["wall time of all trainings"].replace("\u00a0", " ") == "47 min (the longest 5 min)"
    assert rows["energy of all trainings"].startswith("about 19 Wh: estimated, not measured")


def test_outside_git_no_commit_is_named(load: Callable[..., Results]) -> None:
    names = dict(records.origin_rows(replace(load(), provenance={})))
    assert not {"commit", "page built on"} & set(names)


def test_versions_are_what_is_left(load: Callable[..., Results]) -> None:
    assert records.version_rows(load()) == [("date", "2025-01-31")]


def test_every_parameter_by_the_name_that_experiments_take(load: Callable[..., Results]) -> None:
    rows = dict(records.parameter_table(load()).rows)
    assert rows["train.seeds"] == "1, 2, 3" and rows["models.mixed.mixture.canada"] == "0.5"
    assert rows["corpora.canada.path"] == "data/raw/sample/canada"


def test_fingerprints_of_all_runs(load: Callable[..., Results]) -> None:
    rows = records.fingerprint_table(load()).rows
    assert len(rows) == 9 and rows[-1] == ("C (Mixed), seed 3", f"{3:064x}")
