"""Words, slices and shared text on the page: shown where they are known, absent where they are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.analysis.records import LeftOut, WithoutShared, WordRow
from hansard_bias.report.figures import inline_svg
from hansard_bias.report.results import Results
from hansard_bias.report.tables import gaps
from helpers.probe_records import SLICE, WORD
from helpers.report_page import page_of, with_bias


def test_without_the_tables_nothing_is_shown(load: Callable[..., Results]) -> None:
    results = load()
    assert not gaps.word_gap_table(results).rows
    assert not gaps.slice_tables(results)
    assert (gaps.word_sentence(results), gaps.share_sentence(results), gaps.sharing_sentence(results)) == ("", "", "")
    html = page_of(results, figures=False)
    assert 'id="gaps"' not in html
    assert 'id="slices"' not in html


def test_words_come_with_interval_share_and_corrected_p(load: Callable[..., Results]) -> None:
    few = replace(WORD, word="rare", low=None, high=None, p=None, p_holm=None)
    results = replace(load(), words=(WORD, few, replace(WORD, text="without_shared")))
    first, second = gaps.word_gap_table(results).rows
    assert first[2:] == ("<seal>", "1,234", "+2.50 (+1.50 to +3.50)", "+0.12", "0.020")
    assert second[4:] == ("+2.50 (no interval)", "+0.12", "—")
    html = page_of(results, figures=False)
    assert "&lt;seal&gt;" in html
    assert "<seal>" not in html


def test_words_say_what_part_of_the_excess_they_carry(load: Callable[..., Results]) -> None:
    """The made-up excess of A on Canada is 0.72 nats; twelve words carry 0.36 of it, the eight first 0.32."""
    words = [replace(WORD, word=f"w{number}", contribution=0.04 if number < 8 else 0.01) for number in range(12)]
    others = (
        replace(WORD, text="without_shared", contribution=5.0),
        replace(WORD, model="C_mixed", contribution=-0.02),
    )
    results = replace(load(), words=(*words, *others))
    told = gaps.share_sentence(results)
    assert "A (Nunavut) on Canada: +0.32 by the 8 here, +0.36 by all 12, of +0.72 (50\u00a0%)" in told
    assert "C (Mixed) on Canada: \u22120.02 by the 1 here, \u22120.02 by all 1, of +0.18 (\u221211\u00a0%)" in told
    page = page_of(results, figures=False)
    assert told in page and "add up to the excess" not in page


def test_of_an_excess_that_may_be_none_no_share_is_told(load: Callable[..., Results]) -> None:
    for results in (load(excess=0.02), load(half=None)):
        told = gaps.share_sentence(replace(results, words=(WORD,)))
        assert "+0.12 by all 1, of" in told and "%" not in told


def test_only_the_first_words_and_slices_are_shown(load: Callable[..., Results]) -> None:
    words = tuple(replace(WORD, word=f"w{number}") for number in range(30))
    slices = tuple(replace(SLICE, value=f"topic {number}") for number in range(30))
    results = replace(load(), words=words, slices=slices)
    assert len(gaps.word_gap_table(results).rows) == gaps.WORDS_SHOWN
    assert [len(table.rows) for table in gaps.slice_tables(results)] == [gaps.SLICES_SHOWN]


def test_slices_show_every_model_and_where_there_is_no_interval(load: Callable[..., Results]) -> None:
    own = replace(SLICE, model="B_canada", excess_nats=0.0, excess_nats_low=0.0, excess_nats_high=0.0)
    lonely = replace(SLICE, value="Once", sittings=1, excess_nats_low=None, excess_nats_high=None)
    (table,) = gaps.slice_tables(replace(load(), slices=(SLICE, own, lonely)))
    assert table.rows[0][:6] == ("Canada", "Fisheries", "40", "9", "+0.50 (+0.25 to +0.75)", "0")
    assert table.rows[1][3:6] == ("1", "+0.50 (no interval)", "—")


def test_numbers_without_shared_text_stand_beside_all(load: Callable[..., Results]) -> None:
    results = load()
    left_out = {"canada": LeftOut(5, 50, 0.2)}
    shown = with_bias(results, without_shared_13grams=WithoutShared(left_out, models=results.bias.models))
    table = gaps.sharing_table(shown)
    assert table.rows
    assert all(row[2] == row[3] for row in table.rows)
    assert "5 of 50 of Canada (20" in gaps.sharing_sentence(shown)
    nothing = with_bias(results, without_shared_13grams=WithoutShared(left_out, "all of it"))
    assert gaps.sharing_sentence(nothing).endswith("No numbers without them: all of it.")
    assert not gaps.sharing_table(nothing).rows


def test_p_says_what_it_covers(load: Callable[..., Results]) -> None:
    results = load()
    assert gaps.coverage_sentence(results) == ""
    for covers, words in (("sittings only", "trained once"), ("sittings and seeds", "other training runs")):
        tests = tuple(replace(test, p_covers=covers) for test in results.bias.tests)
        assert words in gaps.coverage_sentence(with_bias(results, tests=tests))


def word(text: str, contribution: float, p: float = 0.5, model: str = "A_nunavut") -> WordRow:
    return replace(WORD, model=model, word=text, occurrences=60, contribution=contribution, p_holm=p)


def test_no_words_no_figure(load: Callable[..., Results]) -> None:
    assert gaps.word_figures(load()) == []


def test_the_words_that_matter_most_in_either_direction(load: Callable[..., Results]) -> None:
    words = [word(f"word{number}", 0.001 * number) for number in range(20)]
    results = replace(load(), words=(*words, word("rail", -0.5, 0.001), word("land", 0.2, model="C_mixed")))
    first, second = gaps.word_figures(results)
    assert "A (Nunavut) on Canada" in first.label and "C (Mixed) on Canada" in second.label
    bars = next(data for data in first.chart.to_dict()["datasets"].values() if len(data) > 1)
    assert [bar["word"] for bar in bars][:2] == ["rail", "word19"] and len(bars) == 10
    assert [bar["sure"] for bar in bars][:2] == [1.0, 0.4], "only what is beyond chance is in strong colour"


def test_markup_and_long_words_stay_text(load: Callable[..., Results]) -> None:
    results = replace(load(), words=(word("<script>", 0.1), word("x" * 60, 0.2)))
    svg = inline_svg(gaps.word_figures(results)[0])
    assert "<script" not in svg and "&lt;script&gt;" in svg and "x" * 17 + "…" in svg


def test_words_that_mean_something_to_the_drawing_program_are_drawn_in_their_order(
    load: Callable[..., Results],
) -> None:
    """Real text has "if" among its words, and a list of words as an order made an expression of it."""
    said = ["if", "datum", "true", "null", "signal('x')", "'", "\\", "in"]
    results = replace(load(), words=tuple(word(each, 0.5 - 0.01 * place) for place, each in enumerate(said)))
    svg = inline_svg(gaps.word_figures(results)[0])
    places = [svg.index(f">{each}<") for each in ("if", "datum", "true", "null", "in")]
    assert places == sorted(places)
