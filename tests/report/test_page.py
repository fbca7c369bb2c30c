from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from hansard_bias.analysis.record_files import from_json
from hansard_bias.analysis.stage_records import CalibrationRecord
from hansard_bias.params import Config
from hansard_bias.report import tables
from hansard_bias.report.formats import significant
from hansard_bias.report.page import write_report
from hansard_bias.report.results import Results
from helpers.project import ROOT
from helpers.report_page import page_of

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Outline(HTMLParser):
    """Reads a page strictly: tags must nest; notes what the tests ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_complete_and_well_formed(load: Callable[..., Results]) -> None:
    results = load()
    page = page_of(results)
    outline = Outline(page)
    for cell in results.cells.values():
        assert significant(cell.perplexity) in outline.text
    for words in (
        "Yes, by more than two parts",
        "Compared with what?",
        "Bias ratio",
        "abc1234",
        "5 min",
        "near duplicate 31",
    ):
        assert words in outline.text.replace("\u00a0", " ")
    assert "These debates are generated." in outline.text
    assert len(page.encode()) <= 1_000_000
    check_structure(outline)
    check_nothing_is_loaded(page, outline)


def check_structure(outline: Outline) -> None:
    """Landmarks, headings in order, captions, scopes, labelled figures, ids once."""
    names = [name for name, _ in outline.tags]
    assert all(names.count(landmark) == 1 for landmark in ("header", "nav", "main", "footer", "h1"))
    levels = [int(name[1]) for name in names if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert len(outline.all("caption")) == len(outline.all("table")) >= 12
    assert all(cell.get("scope") in ("row", "col") for cell in outline.all("th"))
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in outline.all("svg"))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(link.get("href"))[1:] for link in outline.all("a") if str(link.get("href")).startswith("#")}
    assert targets <= set(ids)


def check_nothing_is_loaded(page: str, outline: Outline) -> None:
    """Only plain links leave the page."""
    for name, attributes in outline.tags:
        for attribute in ("src", "href", "xlink:href", "srcset", "data", "action"):
            address = attributes.get(attribute) or ""
            assert name == "a" or re.match(r"(#|data:|$)", address), (name, address)
    assert "@import" not in page and "url(" not in page
    policy = [meta["content"] for meta in outline.all("meta") if "http-equiv" in meta]
    assert policy and str(policy[0]).startswith("default-src 'none'")


FIGURES = ("matrix", "bits_per_byte", "excess", "effects", "curves", "rates")
FIGURES += ("yardsticks", "decomposition", "same", "learning_curve")
HOSTILE = '<script>alert("1")</script> & [MASK] </td>'


def test_text_is_escaped_and_what_is_not_there_is_not_said(
    load: Callable[..., Results], configure: Callable[..., Config]
) -> None:
    corpora = {"nunavut": "A", "canada": "B"}
    models = {"nunavut": ("<b>A", {"nunavut": 1.0}), "canada": ("B" * 60, {"canada": 1.0})}
    page = page_of(load(of=configure(corpora, models, (1,)), prompt=HOSTILE, excess=0.02))
    outline = Outline(page)
    assert len(outline.all("script")) == 1 and not outline.all("b")
    assert '<script>alert("1")</script> &' in outline.text
    assert "No: by no more than two parts of one legislature's debates differ" in outline.text
    assert "Is the truth recovered?" not in outline.text and "These debates are generated." not in outline.text


@pytest.mark.parametrize(
    "corpora", [{"hansard_of_a_place_with_a_very_long_name": "H"}, {"nunavut": "A", "canada": "B"}]
)
def test_other_worlds_have_a_page(
    load: Callable[..., Results], configure: Callable[..., Config], corpora: dict[str, str]
) -> None:
    models = {name: (label, {name: 1.0}) for name, label in corpora.items()}
    if len(corpora) > 1:
        models |= {"even": ("C", dict.fromkeys(corpora, 0.5)), "tilted": ("D", {"nunavut": 0.8, "canada": 0.2})}
    results = load(of=configure(corpora, models, (7,)), half=None)
    outline = Outline(page_of(results))
    assert "no interval" in outline.text
    expected = "Not decided" if len(corpora) > 1 else "Nothing to compare"
    assert expected in outline.text


def test_without_any_curve_the_page_is_there_and_says_so(load: Callable[..., Results]) -> None:
    results = load()
    runs = tuple(replace(run, curve=()) for run in results.runs)
    page = Outline(page_of(replace(results, runs=runs, missing=("x.csv: no such `file`",)), figures=False))
    assert "A training curve is missing. x.csv: no such file" in page.text
    assert "There are no training curves to draw." in page.text


@pytest.mark.parametrize(("verdict", "warned"), [("untrusted", True), ("trusted", False)])
def test_an_untrusted_measure_is_told_beside_the_answer(
    load: Callable[..., Results], verdict: str, warned: bool
) -> None:
    record = json.loads((ROOT / "metrics" / "calibration.json").read_text(encoding="utf-8"))
    record["metrics"]["excess"]["verdict"] = verdict
    calibration = from_json(CalibrationRecord, record, "calibration.json", "verdict")
    text = Outline(page_of(replace(load(), calibration=calibration), figures=False)).text
    assert ("does not trust the excess" in text) == warned


def test_the_report_is_files(load: Callable[..., Results], tmp_path: Path) -> None:
    write_report(load(), tmp_path / "made")
    folder = tmp_path / "made" / "report"
    names = {path.name for path in folder.iterdir()}
    drawn = {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")}
    assert names == drawn | {"index.html", "tables", "matrix.csv", "effects.csv", "tests.csv", "probes.csv"}
    assert all(path.stat().st_size > 40 for path in folder.rglob("*.*"))
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    links = {str(link["href"]) for link in Outline(text).all("a")}
    beside = {link for link in links if not re.match(r"#|https:", link)}
    assert len(beside) > 40 and all((folder / link).is_file() for link in beside)
    assert {f"tables/{path.name}" for path in (folder / "tables").iterdir()} <= beside


def test_the_same_numbers_make_the_same_page(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    results = load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))
    assert page_of(results) == page_of(results)


def test_every_record_of_the_probes_has_its_place(load: Callable[..., Results], tmp_path: Path) -> None:
    bare = Outline(page_of(load(), figures=False))
    assert "associations" not in [section.get("id") for section in bare.all("section")]
    results = load(asked=True)
    page = Outline(page_of(results, figures=False))
    sections = [section.get("id") for section in page.all("section")]
    assert sections.index("associations") == sections.index("probes") + 1
    tables = {str(table.get("id")) for table in page.all("table")}
    names = ("correction", "themes", "benchmark-1-plain", "benchmark-1-corrected", "legacy", "associations", "cosines")
    assert {f"table-{name}" for name in names} <= tables
    assert "never uses these words, so its models know nothing of them: tundra." in page.text
    assert "#associations" in [link.get("href") for link in page.all("a")]
    write_report(results, tmp_path)
    assert all((tmp_path / "report" / f"{name}.csv").is_file() for name in ("benchmarks", "associations"))


def test_what_git_keeps_does_not_depend_on_the_machine(load: Callable[..., Results], tmp_path: Path) -> None:
    results = load()
    slower = [replace(run.record, wall_seconds=9e9, tokens_per_second=1.0, device="other") for run in results.runs]
    runs = tuple(replace(run, record=record) for run, record in zip(results.runs, slower, strict=True))
    elsewhere = replace(results, runs=runs, provenance={"machine": "another", "commit": "fedc"})
    kept = []
    for name, study in (("here", results), ("there", elsewhere)):
        write_report(study, tmp_path / name)
        beside = [*(tmp_path / name / "tables").iterdir(), tmp_path / name / "matrix.svg"]
        kept.append({path.name: path.read_bytes() for path in beside})
    assert kept[0] == kept[1] and {"matrix.svg", "matrix.csv", "matrix.tex", "training.csv"} <= set(kept[0])
    shown = {path.name for path in (tmp_path / "here" / "report" / "tables").iterdir()}
    assert shown - set(kept[0]) == {"fingerprints.csv", "fingerprints.tex"}
    header = kept[0]["training.csv"].decode().splitlines()[0]
    assert header == "Run,Validation loss,Training loss,Best of updates,Epochs,Tokens,Stopped by"


def test_what_an_earlier_page_held_is_gone(load: Callable[..., Results], tmp_path: Path) -> None:
    for folder in ("report/tables", "tables"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "of-a-model-that-is-gone.csv").touch()
    write_report(load(), tmp_path)
    assert not list(tmp_path.rglob("*gone*")) and not list(tmp_path.rglob("*.partial"))


def test_a_table_alone_brings_itself_to_its_section(
    load: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables.table, "makers", dict(tables.table.makers))

    @tables.table("new", section="effects", order=9, fold="A new metric")
    def new_table(results: Results) -> tables.Table:
        return tables.make_table("What a new metric says.", ["Model", "Number"], [["A", "1"]])

    page = page_of(load(), figures=False)
    effects = page[page.index('<section id="effects"') : page.index('<section id="chance"')]
    assert "<summary>A new metric</summary>" in effects and 'id="table-new"' in effects
