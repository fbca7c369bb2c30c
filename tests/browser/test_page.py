"""The page in a browser, from disk and without a network, in light and dark, wide and on a phone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hansard_bias.base.files import write_json
from hansard_bias.params import load_config
from hansard_bias.report.page import write_report
from hansard_bias.report.results import load_results
from helpers.offline_browser import PHONE, WIDE, OpenedPage, Opener
from helpers.project import ROOT
from helpers.report_page import training_summary, with_bias

HOSTILE = '</td><script>document.title = "broken"</script><img src=x onerror="document.title = 1"> [MASK] &amp;'
FIGURES = 29
"""Three heatmaps, three effects, four of words, three of curves, one of rates, five of the calibration, two planted."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the shipped results, with texts that a hostile archive might hold."""
    folder = tmp_path_factory.mktemp("report")
    config = load_config(ROOT / "params.yaml")
    metrics = Path(shutil.copytree(ROOT / "metrics", folder / "metrics"))
    for model, seed in product(config.models, config.train.seeds):
        write_json(metrics / "training" / f"{model}-{seed}.json", training_summary(seed))
    results = load_results(metrics, config, {"commit": HOSTILE})
    probes, first = results.bias.probes, results.words[0]
    prompt, other, *rest = probes.prompts
    answers = {
        row: replace(answer, top=(replace(answer.top[0], token=HOSTILE), *answer.top[1:]))
        for row, answer in prompt.models.items()
    }
    prompts = (replace(prompt, text=HOSTILE, models=answers), replace(other, theme=HOSTILE), *rest)
    changed = with_bias(results, probes=replace(probes, prompts=prompts))
    write_report(replace(changed, words=(replace(first, word=HOSTILE), *results.words[1:])), folder)
    return folder / "report" / "index.html"


def unfold(opened: OpenedPage) -> None:
    opened.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_it_opens_without_a_network_and_passes_axe(
    opener: Opener, page: Path, size: tuple[int, int], scheme: str
) -> None:
    opened = opener.file(page, size, scheme)
    unfold(opened)
    assert (opened.requests, opened.errors) == ([], [])
    assert not opened.scrolls_sideways()
    if (size, scheme) in ((WIDE, "light"), (PHONE, "dark")):
        assert opened.violations() == []


def test_every_figure_is_drawn_and_has_a_name(opener: Opener, page: Path) -> None:
    opened = opener.file(page)
    drawn = opened.page.evaluate(
        """() => [...document.querySelectorAll("main svg")].map(svg => {
             const box = svg.closest(".measure:not(.current)") ? {width: 1, height: 1} : svg.getBoundingClientRect();
             return [svg.getAttribute("aria-label").length, svg.querySelectorAll("path, line, text").length,
                     box.width * box.height]; })"""
    )
    assert len(drawn) == FIGURES
    assert all(label > 20 and marks > 5 and area > 0 for label, marks, area in drawn)


def test_the_matrix_is_switched_by_keyboard_and_whole_without_script(opener: Opener, page: Path) -> None:
    opened = opener.file(page).page
    shown = [opened.locator(f"#measure-{key}") for key in ("perplexity", "bits_per_byte", "excess")]
    assert [part.is_visible() for part in shown] == [True, False, False]
    opened.locator("#measure-switch input").first.focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    assert [part.is_visible() for part in shown] == [False, False, True]
    opened.emulate_media(media="print")
    assert all(part.is_visible() for part in shown)


def test_without_script_everything_is_there(opener: Opener, page: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    text = page.read_text(encoding="utf-8")
    start, end = text.index("<script>"), text.index("</script>", text.index("<script>"))
    bare.write_text(text[:start] + text[end + len("</script>") :], encoding="utf-8")
    opened = opener.file(bare).page
    assert opened.locator(".measure:visible").count() == 4  # three of the matrix, one of the rates
    assert not opened.locator("#probe-tools").is_visible() and not opened.locator("#measure-switch").is_visible()


def column(opened: Page, table: str, index: int) -> list[float]:
    cells = opened.locator(f"#table-{table} tbody tr:not([hidden]) > :nth-child({index})")
    return [float(value) for value in cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")]


def test_prompts_are_sorted_both_ways(opener: Opener, page: Path) -> None:
    opened = opener.file(page).page
    head = opened.locator("#table-probes thead th").nth(2)
    before = column(opened, "probes", 3)
    head.locator("button").focus()
    opened.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(opened, "probes", 3) == sorted(before) != before
    opened.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(opened, "probes", 3) == sorted(before, reverse=True)


def test_other_tables_are_sorted_by_exact_numbers(opener: Opener, page: Path) -> None:
    opened = opener.file(page)
    unfold(opened)
    opened.page.locator("#table-gaps thead button", has_text="Occurrences").click()
    found = column(opened.page, "gaps", 4)
    assert found == sorted(found) and len(set(found)) > 3


def test_prompts_are_filtered(opener: Opener, page: Path) -> None:
    opened = opener.file(page).page
    rows = opened.locator("#table-probes tbody tr:not([hidden])")
    everything = rows.count()
    opened.locator("#probe-find").fill("HOUSING")
    found = rows.count()
    assert 0 < found < everything and all("housing" in text.lower() for text in rows.all_inner_texts())
    assert opened.locator("#probe-count").inner_text() == f"{found} of {everything} prompts"
    opened.locator("#probe-tools button").click()
    expect(opened.locator("#probe-count")).to_have_text(f"{everything} of {everything} prompts")
    opened.locator("#probe-side").select_option("undecided")
    any_model = rows.count()
    opened.locator("#probe-model").select_option("2")
    assert rows.count() < any_model
    sides = rows.evaluate_all("rows => rows.map(row => row.dataset.sides.split(' ')[2])")
    assert set(sides) <= {"undecided"}
    opened.locator("#probe-theme").select_option(HOSTILE)
    assert rows.count() <= 1


def test_hostile_texts_stay_texts(opener: Opener, page: Path) -> None:
    opened = opener.file(page)
    unfold(opened)
    assert opened.page.title() == "Does a model of one legislature predict another's debates worse?"
    assert opened.page.locator("script").count() == 1 and opened.page.locator("img").count() == 0
    text = opened.page.locator("#table-probes tbody tr").first.inner_text()
    assert text.count("<script>document.title") == 4, "the prompt and the first filling of three models"
    assert HOSTILE in opened.page.locator("#table-gaps").inner_text()
    assert HOSTILE in opened.page.locator("#provenance").inner_text()


def test_landmarks_and_boxes_by_keyboard(opener: Opener, page: Path) -> None:
    opened = opener.file(page, PHONE).page
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    boxes = opened.evaluate(
        """() => [...document.querySelectorAll(".scroll, .panel")].filter(box => box.getClientRects().length)
             .map(box => [box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1,
                          box.tabIndex === 0, Boolean(box.getAttribute("aria-label"))])"""
    )
    assert any(scrolls for scrolls, _, _ in boxes)
    assert all(named and (stop or not scrolls) for scrolls, stop, named in boxes)


def test_the_page_is_small(page: Path) -> None:
    assert page.stat().st_size <= 3_000_000
    assert json.dumps(sorted(path.suffix for path in page.parent.iterdir())).count(".png") == 13
