"""Reading binary benchmarks: both formats give the same, every mistake is told by file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hansard_bias.probing.benchmarks import Item, load_benchmark, load_benchmarks

PROBES = Path(__file__).parents[2] / "data" / "probes"
HEADER = ["prompt", "favorable_answer", "unfavorable_answer", "theme"]
ROWS = [
    ["The road is <mask>.", "open", "closed", "roads"],
    ['Our [MASK] roads, are "they" safe?', "good", "bad", "roads"],
]
ITEMS = (
    Item(2, "The road is [MASK].", "open", "closed", "roads"),
    Item(3, 'Our [MASK] roads, are "they" safe?', "good", "bad", "roads"),
)


def as_csv(folder: Path, rows: list[list[str]], separator: str = ",") -> Path:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    path = folder / "roads.csv"
    path.write_text("\n".join(separator.join(map(quoted, row)) for row in rows) + "\n", encoding="utf-8")
    return path


def as_xlsx(folder: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("notes").append(["not read"])
    path = folder / "roads.xlsx"
    book.save(path)
    return path


WRITERS = pytest.mark.parametrize("write", [as_csv, as_xlsx])


@WRITERS
def test_both_formats_and_both_spellings_of_the_mask(write: Any, tmp_path: Path) -> None:
    benchmark = load_benchmark(write(tmp_path, [HEADER, *ROWS]))
    assert (benchmark.name, benchmark.items) == ("roads", ITEMS)


@WRITERS
def test_columns_in_any_order_beside_others(write: Any, tmp_path: Path) -> None:
    rows = [["Note", *HEADER[::-1]], *(["x", *row[::-1]] for row in ROWS)]
    assert load_benchmark(write(tmp_path, rows)).items == ITEMS


def test_semicolons_a_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = as_csv(tmp_path, [HEADER, *ROWS], ";")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "", *lines[1:], ";;;"]), encoding="utf-8-sig")
    assert [item.line for item in load_benchmark(path).items] == [3, 4]


def test_cells_of_a_workbook_that_are_numbers_are_read_as_text(tmp_path: Path) -> None:
    path = as_xlsx(tmp_path, [HEADER, ["We met on [MASK] days.", 12, 7, "roads"], [None] * 4])
    assert load_benchmark(path).items == (Item(2, "We met on [MASK] days.", "12", "7", "roads"),)


@WRITERS
@pytest.mark.parametrize("column", HEADER)
def test_a_missing_column_is_named(write: Any, column: str, tmp_path: Path) -> None:
    place = HEADER.index(column)
    path = write(tmp_path, [[cell for n, cell in enumerate(row) if n != place] for row in (HEADER, *ROWS)])
    with pytest.raises(ValueError, match=f"roads.*:1: the column '{column}' is missing") as caught:
        load_benchmark(path)
    assert "\n" not in str(caught.value)


@WRITERS
@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["The road is open.", "open", "closed", "roads"], r":3: 'The road is open.' holds 0 \[MASK\]"),
        (["A [MASK] road is <mask>.", "open", "closed", "roads"], r":3: .* holds 2 \[MASK\]"),
        (["The road is un[MASK].", "open", "closed", "roads"], ":3: .* expected a space between"),
        (["The road is [MASK].", "", "closed", "roads"], ":3: favorable_answer is empty"),
        (["The road is [MASK].", "open", "closed", ""], ":3: theme is empty"),
        (["The road is [MASK].", "open", "Open", "roads"], ":3: both answers are 'open'"),
        (ROWS[0], ":3: repeats line 2"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(write: Any, row: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_benchmark(write(tmp_path, [HEADER, ROWS[0], row]))
    assert str(caught.value).startswith(str(tmp_path / "roads."))
    assert "\n" not in str(caught.value)


@WRITERS
def test_no_lines_at_all(write: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no prompts under its header"):
        load_benchmark(write(tmp_path, [HEADER]))


def test_files_that_are_no_benchmark(tmp_path: Path) -> None:
    for name, content, message in (
        ("a.xlsx", b"no workbook", "not a readable XLSX workbook"),
        ("a.csv", "prompt,\u00e9".encode("latin-1"), "not UTF-8"),
        ("b.csv", b'prompt,"favor\n', "not valid CSV"),
        ("c.csv", b"", "the column 'prompt' is missing"),
        ("a.txt", b"prompt", "ends in '.txt', expected one of .csv, .xlsx"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            load_benchmark(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no such file; check probe"):
        load_benchmark(tmp_path / "none.csv")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [as_csv(tmp_path, [HEADER, *ROWS]), as_xlsx(tmp_path, [HEADER, *ROWS])]
    with pytest.raises(ValueError, match="two files are named 'roads'"):
        load_benchmarks(paths)
    assert load_benchmarks([]) == []


def test_the_projects_example_has_both_regions_in_every_theme() -> None:
    items = load_benchmark(PROBES / "north_and_south.csv").items
    themes = [item.theme for item in items]
    assert len(set(themes)) == 6 and {themes.count(theme) for theme in themes} == {4}
