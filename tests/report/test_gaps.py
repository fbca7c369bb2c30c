"""Words, slices and shared text on the page: shown where they are known, absent where they are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.report.results import Results
from hansard_bias.report.tables import gaps
from helpers.report_page import page_of

WORD = {
    "text": "all", "corpus": "canada", "model": "A_nunavut", "against": "B_canada", "word": "<seal>",
    "occurrences": "1234", "sittings": "12", "difference": "2.5", "low": "1.5", "high": "3.5",
    "contribution": "0.125", "p": "0.001", "p_holm": "0.02",
}  # fmt: skip
SLICE = {
    "text": "all", "corpus": "canada", "slice": "topic", "value": "Fisheries", "model": "A_nunavut", "speeches": "40",
    "sittings": "9", "tokens": "4000", "perplexity": "30", "perplexity_low": "", "perplexity_high": "",
    "excess_nats": "0.5", "excess_nats_low": "0.25", "excess_nats_high": "0.75",
}  # fmt: skip


def test_without_the_tables_nothing_is_shown(load: Callable[..., Results]) -> None:
    results = load()
    assert not gaps.word_gap_table(results).rows
    assert not gaps.slice_tables(results)
    assert (gaps.word_sentence(results), gaps.sharing_sentence(results)) == ("", "")
    html = page_of(results, figures=False)
    assert 'id="gaps"' not in html
    assert 'id="slices"' not in html


def test_words_come_with_interval_share_and_corrected_p(load: Callable[..., Results]) -> None:
    few = WORD | {"word": "rare", "low": "", "high": "", "p": "", "p_holm": ""}
    results = replace(load(), words=(WORD, few, WORD | {"text": "without_shared"}))
    first, second = gaps.word_gap_table(results).rows
    assert first[2:] == ("<seal>", "1,234", "+2.50 (+1.50 to +3.50)", "+0.12", "0.020")
    assert second[4:] == ("+2.50 (no interval)", "+0.12", "—")
    html = page_of(results, figures=False)
    assert "&lt;seal&gt;" in html
    assert "<seal>" not in html


def test_only_the_first_words_and_slices_are_shown(load: Callable[..., Results]) -> None:
    words = tuple(WORD | {"word": f"w{number}"} for number in range(30))
    slices = tuple(SLICE | {"value": f"topic {number}"} for number in range(30))
    results = replace(load(), words=words, slices=slices)
    assert len(gaps.word_gap_table(results).rows) == gaps.WORDS_SHOWN
    assert [len(table.rows) for table in gaps.slice_tables(results)] == [gaps.SLICES_SHOWN]


def test_slices_show_every_model_and_where_there_is_no_interval(load: Callable[..., Results]) -> None:
    own = SLICE | {"model": "B_canada", "excess_nats": "0", "excess_nats_low": "0", "excess_nats_high": "0"}
    lonely = SLICE | {"value": "Once", "sittings": "1", "excess_nats_low": "", "excess_nats_high": ""}
    (table,) = gaps.slice_tables(replace(load(), slices=(SLICE, own, lonely)))
    assert table.rows[0][:6] == ("Canada", "Fisheries", "40", "9", "+0.50 (+0.25 to +0.75)", "0")
    assert table.rows[1][3:6] == ("1", "+0.50 (no interval)", "—")


def test_numbers_without_shared_text_stand_beside_all(load: Callable[..., Results]) -> None:
    results = load()
    left_out = {"canada": {"speeches": 5, "of_speeches": 50, "share_of_tokens": 0.2}}
    apart = {"left_out": left_out, "models": results.bias["models"]}
    shown = replace(results, bias={**results.bias, "without_shared_13grams": apart})
    table = gaps.sharing_table(shown)
    assert table.rows
    assert all(row[2] == row[3] for row in table.rows)
    assert "5 of 50 of Canada (20" in gaps.sharing_sentence(shown)
    nothing = replace(
        results, bias={**results.bias, "without_shared_13grams": {"left_out": left_out, "reason": "all of it"}}
    )
    assert gaps.sharing_sentence(nothing).endswith("No numbers without them: all of it.")
    assert not gaps.sharing_table(nothing).rows


def test_p_says_what_it_covers(load: Callable[..., Results]) -> None:
    results = load()
    assert gaps.coverage_sentence(results) == ""
    for covers, words in (("sittings only", "trained once"), ("sittings and seeds", "other training runs")):
        tests = [record | {"p_covers": covers} for record in results.bias["tests"]]
        assert words in gaps.coverage_sentence(replace(results, bias={**results.bias, "tests": tests}))
