from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.report.figures import registry as figures
from hansard_bias.report.figures.words import combined_words, word_figures
from hansard_bias.report.results import Results


def word(text: str, contribution: float, p: str = "0.5", model: str = "A_nunavut") -> dict[str, str]:
    names = {"text": "all", "corpus": "canada", "model": model, "word": text, "occurrences": "60", "p_holm": p}
    return names | {"contribution": str(contribution)}


def test_no_words_no_figure(load: Callable[..., Results]) -> None:
    assert word_figures(load()) == [] and combined_words(load()) is None


def test_the_words_that_matter_most_in_either_direction(load: Callable[..., Results]) -> None:
    words = [word(f"word{number}", 0.001 * number) for number in range(20)]
    results = replace(load(), words=(*words, word("rail", -0.5, "0.001"), word("land", 0.2, model="C_mixed")))
    first, second = word_figures(results)
    assert "A (Nunavut) on Canada" in first.label and "C (Mixed) on Canada" in second.label
    bars = next(data for data in first.chart.to_dict()["datasets"].values() if len(data) > 1)
    assert [bar["word"] for bar in bars][:2] == ["rail", "word19"] and len(bars) == 10
    assert [bar["sure"] for bar in bars][:2] == [1.0, 0.4], "only what is beyond chance is in strong colour"


def test_markup_and_long_words_stay_text(load: Callable[..., Results]) -> None:
    results = replace(load(), words=(word("<script>", 0.1), word("x" * 60, 0.2)))
    svg = figures.inline_svg(word_figures(results)[0])
    assert "<script" not in svg and "&lt;script&gt;" in svg and "x" * 17 + "…" in svg
