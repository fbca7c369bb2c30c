from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.tables import records


def test_every_run_has_a_row_and_empty_columns_are_left_out(load: Callable[..., Results]) -> None:
    table = records.training_table(load())
    assert [row[0] for row in table.rows][:2] == ["A (Nunavut), seed 1", "A (Nunavut), seed 2"]
    assert len(table.rows) == 9
    assert "Share of peak speed" not in table.columns and table.columns[-1] == "Stopped by"
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["Tokens"] == "1,523,400" and row["Best of updates"] == "900 of 900"
    assert row["Device"] == "cpu (2 threads), bf16"


def test_a_known_share_of_peak_speed_is_shown(load: Callable[..., Results]) -> None:
    results = load()
    first = replace(results.runs[0], summary={**results.runs[0].summary, "model_flop_utilisation": 0.31})
    table = records.training_table(replace(results, runs=(first, *results.runs[1:])))
    column = table.columns.index("Share of peak speed")
    assert [row[column] for row in table.rows][:2] == [f"31{NO_BREAK}%", "—"]


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
    gap = {**results.corpora["canada"], "read": 3407}
    table = records.account_table(replace(results, corpora={**results.corpora, "canada": gap}))
    assert [row[-1] for row in table.rows] == ["complete", "complete", "7 not accounted for", "complete"]


def test_the_text_by_split_and_the_archives(load: Callable[..., Results]) -> None:
    results = load()
    assert len(records.corpus_table(results).rows) == 9
    assert records.corpus_table(results).rows[0][:4] == ("A (Nunavut)", "train", "2,100", "128,100")
    assert records.archive_table(results).rows[1] == ("Canada", "72", "40", "190,000", "1999-04-01", "2017-11-30")


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
    assert table.rows[0] == ("A (Nunavut)", "Nunavut", f"30{NO_BREAK}%", f"70{NO_BREAK}%", "0.050")
