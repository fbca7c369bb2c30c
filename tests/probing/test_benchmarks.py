"""Reading benchmarks of every form: known by their content, every bad item is left out and told by file and line."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hansard_bias.probing.benchmarks import Item, Pair, left_out_lines, load_benchmark, load_benchmarks
from hansard_bias.probing.prompts import LeftOut

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
def test_a_wrong_line_is_left_out_by_its_number(write: Any, row: list[str], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, [HEADER, ROWS[0], row, ROWS[1]])
    benchmark = load_benchmark(path)
    assert [item.line for item in benchmark.items] == [2, 4]
    (problem,) = benchmark.left_out
    assert re.search(message, problem) and problem.startswith(str(path)) and "\n" not in problem
    assert benchmark.told == [LeftOut("roads", problem)]
    if row is not ROWS[0]:
        with pytest.raises(ValueError, match=message.replace(":3:", ":2:")) as caught:
            load_benchmark(write(tmp_path, [HEADER, row]))
        assert str(caught.value).startswith(str(path))


@WRITERS
def test_no_lines_at_all(write: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no items; known are"):
        load_benchmark(write(tmp_path, [HEADER]))


def test_files_that_are_no_benchmark(tmp_path: Path) -> None:
    for name, content, message in (
        ("a.xlsx", b"PK no workbook", "not a readable XLSX workbook"),
        ("a.csv", b"prompt,\x81", "not UTF-8, UTF-16 or Windows-1252"),
        ("b.csv", b'prompt,"favor\n', r"b.csv:1: no known form of a benchmark \(columns found: nothing\)"),
        ("d.csv", b'preferred,other,theme\n"d,e,f\n', "d.csv:2: not valid CSV .* mend the quotes of this line"),
        ("g.csv", b"preferred,other,theme\n" + b'"d,e,f\n' * 300, "g.csv:101: the 100th line with broken quotes"),
        ("c.csv", b"", r"c.csv:1: no known form of a benchmark \(columns found: nothing\)"),
        ("a.txt", b"prompt", r"a.txt:1: no known form of a benchmark \(columns found: prompt\); known are tables with"),
        ("e.csv", b"sent;text\na;b\n", r"e.csv:1: .*columns found: sent, text.*sent_more.*preferred.*StereoSet.*WEAT"),
        ("f.csv", b"sent_more;sent_less;bias_type\na;b;c\n", "f.csv:1: the column 'stereo_antistereo' is missing"),
        ("a.json", b"{", "a.json:1: not valid JSON"),
        ("b.json", b'{"data": 3, "version": 1}', r"b.json: no known form.*found: data, version.*intrasentence.*targ1"),
        ("c.json", b"[1]", r"c.json: no known form.*found: a list"),
        ("d.json", b"[" * 100_000, "d.json: JSON that cannot be read"),
        ("e.json", b'{"data": {"intrasentence": []}}', "e.json: holds no items"),
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


# Forms as they are published, with what stands beside the columns that are read.

CROWS = [
    ["", "sent_more", "sent_less", "stereo_antistereo", "bias_type", "annotations", "anon_writer"],
    [
        "0",
        "Icy roads, they say, are bad.",
        "Sunny roads, they say, are bad.",
        "stereo",
        "place",
        "[['place'], []]",
        "a0",
    ],
    [
        "1",
        "The caf\u00e9 \u2013 or \u201cdiner\u201d \u2013 is old.",
        "The caf\u00e9 \u2013 or bar \u2013 is old.",
        "antistereo",
        "age",
        "[[]]",
        "a1",
    ],
]
OWN = [
    ["other", "note", "theme", "preferred"],
    ["A road is closed.", "x", "roads", "A road is open."],
    ["No caf\u00e9; no bar.", "y", "towns", "A caf\u00e9; no bar."],
]
CROWS_PAIRS = [
    Pair("2", "", "place", (CROWS[1][1], CROWS[1][2]), "stereo"),
    Pair("3", "", "age", (CROWS[2][1], CROWS[2][2]), "antistereo"),
]
OWN_PAIRS = [Pair("2", "", "roads", (OWN[1][3], OWN[1][0])), Pair("3", "", "towns", (OWN[2][3], OWN[2][0]))]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")


def in_text(rows: list[list[str]], sign: str) -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=sign).writerows(rows)
    return sink.getvalue()


def placeless(pairs: tuple[Pair, ...], path: Path) -> list[Pair]:
    assert all(pair.where == f"{path}:{pair.item}" for pair in pairs)
    return [replace(pair, where="") for pair in pairs]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["pairs.csv", "pairs.xlsx", "pairs.json", "pairs"])
def test_pairs_are_known_by_their_columns_however_they_are_written(
    sign: str, encoding: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    for rows, form, pairs in ((CROWS, "crows_pairs", CROWS_PAIRS), (OWN, "pairs", OWN_PAIRS)):
        path.write_bytes(in_text(rows, sign).encode(encoding))
        found = load_benchmark(path)
        assert (found.form, placeless(found.pairs, path), found.left_out) == (form, pairs, ())


def test_a_workbook_of_any_name_holds_any_table(tmp_path: Path) -> None:
    path = as_xlsx(tmp_path, CROWS).rename(tmp_path / "crows.data")
    assert placeless(load_benchmark(path).pairs, path) == CROWS_PAIRS


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["9", "One road.", "One road.", "stereo", "place"], "both sentences are 'One road.'"),
        (["9", "One  road.", "One road. ", "stereo", "place"], "both sentences are 'One road.'"),
        (["9", "", "One road.", "stereo", "place"], "sent_more is empty, expected text"),
        (["9", "A road.", "One road.", "both", "place"], "stereo_antistereo is 'both', expected stereo or antistereo"),
        (["9", "A road."], "sent_less is empty"),
        (["9", "A\x81 road.", "One road.", "stereo", "place"], "sent_more holds the invisible character U\\+0081"),
    ],
)
def test_a_bad_pair_is_named_and_hides_no_other(row: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "crows.csv"
    path.write_text(in_text([*CROWS[:2], row, CROWS[2]], ","), encoding="utf-8")
    found = load_benchmark(path)
    assert [pair.item for pair in found.pairs] == ["2", "4"]
    (problem,) = found.left_out
    assert re.match(rf"{re.escape(str(path))}:3: {message}", problem)
    (line,) = left_out_lines(found.told)
    assert line == f"benchmark crows: 1 item is left out: {problem}"


@pytest.mark.parametrize("quoted", ['"The road,is closed,x', 'A,"b" c,x', '"a"b,"c",x'])
def test_a_line_with_broken_quotes_hides_no_other(quoted: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    lines = ['"a, b",c,x', quoted, '"d\ne",f,x', "g,h,x"]
    path.write_text("\n".join(["preferred,other,theme", *lines]), encoding="utf-8")
    found = load_benchmark(path)
    assert [(pair.item, pair.options) for pair in found.pairs] == [
        ("2", ("a, b", "c")),
        ("4", ("d e", "f")),
        ("6", ("g", "h")),
    ]
    (problem,) = found.left_out
    assert re.match(rf"{re.escape(str(path))}:3: not valid CSV \(.*\); mend the quotes of this line", problem)


def test_many_bad_items_are_told_in_one_line() -> None:
    told = [LeftOut("a", f"a.csv:{line}: bad") for line in range(2, 8)] + [LeftOut("b", "b.csv:9: bad")]
    first, second = left_out_lines(told)
    assert first.startswith(
        "benchmark a: 6 items are left out: a.csv:2: bad | a.csv:3: bad | a.csv:4: bad \u2026 and 3"
    )
    assert second.startswith("benchmark b: 1 item is")


def option(label: str, sentence: str) -> dict[str, Any]:
    return {"id": label, "sentence": sentence, "gold_label": label, "labels": [{"label": label, "human_id": "x"}]}


def triple(name: str, context: str, stereotype: str, anti: str, unrelated: str) -> dict[str, Any]:
    options = [option("unrelated", unrelated), option("stereotype", stereotype), option("anti-stereotype", anti)]
    return {"id": name, "target": "north", "bias_type": "place", "context": context, "sentences": options}


STEREOSET = {
    "version": "1.1",
    "data": {
        "intersentence": [triple("c3", "We met a hunter.", "He was cold.", "He was warm.", "Cars are red.")],
        "intrasentence": [
            triple("a1", "The BLANK road is shut.", *(f"The {word} road is shut." for word in ("icy", "dry", "pea"))),
            triple("b2", "Roads are BLANK.", "Roads are very icy.", "roads are dry.", "Roads are pea"),
            triple("b3", "The (BLANK) road, it is said.", "The (icy) road, no!", "The (dry) road.", "The (pea) road"),
        ],
    },
}  # fmt: skip


def test_stereoset_s_words_and_sentences(tmp_path: Path) -> None:
    path = tmp_path / "dev.csv"
    path.write_text(json.dumps(STEREOSET, indent=2), encoding="utf-8")
    found = load_benchmark(path)
    assert (found.form, found.left_out) == ("stereoset", ())
    assert [(pair.item, pair.part, pair.context, pair.options) for pair in found.pairs] == [
        ("a1", "intrasentence", "The [MASK] road is shut.", ("icy", "dry", "pea")),
        ("b2", "intrasentence", "Roads are [MASK].", ("very icy", "dry", "pea")),
        ("b3", "intrasentence", "The ([MASK]) road, it is said.", ("icy", "dry", "pea")),
        ("c3", "intersentence", "We met a hunter.", ("He was cold.", "He was warm.", "Cars are red.")),
    ]
    assert {(pair.theme, pair.target) for pair in found.pairs} == {("place", "north")}


SHUT: Any = STEREOSET["data"]["intrasentence"][0]["sentences"]  # type: ignore[index]


def changed(**changes: Any) -> dict[str, Any]:
    return {**STEREOSET["data"]["intrasentence"][0], **changes}  # type: ignore[index]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (changed(sentences=SHUT[:2]), "item a1: its options are unrelated, stereotype; expected"),
        (changed(sentences=[*SHUT, option("related", "x")]), "item a1: its options are .*related; "),
        (changed(sentences=[SHUT[0]] * 3), "item a1: its options are unrelated, unrelated"),
        (changed(sentences=None), "item a1: its options are none; expected one each of stereotype"),
        (changed(sentences=[3, [], {}]), "item a1: its options are unnamed; expected one each of stereotype"),
        (changed(id=None, target=None), "item number 3: target is empty, expected text"),
        (changed(context="The road is closed."), "item a1: context holds 0 BLANK, expected exactly one"),
        (changed(context="A BLANK or BLANK road."), "item a1: context holds 2 BLANK, expected exactly one"),
        (changed(context="So it is said of the old road BLANK."), "item a1: what 'The icy road is shut.' has for"),
        (changed(bias_type=None), "item a1: bias_type is empty, expected text"),
        (changed(target=["x"]), "item a1: target is empty, expected text"),
        (changed(sentences=[{**each, "sentence": "The icy road is shut."} for each in SHUT]), "item a1: two of its"),
        ("text", "item number 3: its options are none"),
    ],
)  # fmt: skip
def test_an_item_of_stereoset_that_is_none_is_named(entry: Any, message: str, tmp_path: Path) -> None:
    content: Any = copy.deepcopy(STEREOSET)
    content["data"]["intrasentence"][2] = entry
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    found = load_benchmark(path)
    assert [pair.item for pair in found.pairs] == ["a1", "b2", "c3"]
    (problem,) = found.left_out
    assert re.match(rf"{re.escape(str(path))}: {message}", problem), problem


def test_a_part_of_stereoset_that_is_no_list_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    for other in (5, "text", {"a": 1}, None):
        path.write_text(json.dumps({"data": STEREOSET["data"] | {"intersentence": other}}), encoding="utf-8")
        assert [pair.item for pair in load_benchmark(path).pairs] == ["a1", "b2", "b3"]


WORDS = {
    "targ1": {"category": "ColdPlaces", "examples": ["tundra", "arctic", "ice"]},
    "targ2": {"category": "WarmPlaces", "examples": ["desert", "jungle"]},
    "attr1": {"category": "Pleasant", "examples": ["This is joy.", "That is love."]},
    "attr2": {"category": "Unpleasant", "examples": ["This is war.", "That is pain."]},
}


def test_word_lists_with_their_categories(tmp_path: Path) -> None:
    path = tmp_path / "weat1.jsonl"
    path.write_text(json.dumps(WORDS, indent=1), encoding="utf-8")
    found = load_benchmark(path)
    assert found.form == "words" and found.sets is not None and not found.left_out
    names = [(part.name, part.terms) for side in found.sets for part in side]
    assert names == [(each["category"], tuple(each["examples"])) for each in WORDS.values()]


def test_words_that_occur_twice_or_are_none_are_named(tmp_path: Path) -> None:
    content: Any = copy.deepcopy(WORDS)
    content["targ1"]["examples"] += ["Arctic", "", None, "jungle"]
    content["targ2"]["examples"] += ["savanna"]
    path = tmp_path / "weat1.jsonl"
    path.write_text(json.dumps(content), encoding="utf-8")
    found = load_benchmark(path)
    assert found.sets is not None and found.sets[0][0].terms == ("tundra", "arctic", "ice", "jungle")
    assert [problem.removeprefix(f"{path}: ") for problem in found.left_out] == [
        "targ1: example 4: 'Arctic' is in one of the sets already; keep one of them",
        "targ1: example 5 is empty, expected text; fill it in or remove the item",
        "targ1: example 6 is empty, expected text; fill it in or remove the item",
        "targ2: example 2: 'jungle' is in one of the sets already; keep one of them",
    ]
    content["targ2"]["examples"] = ["desert"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"weat1.jsonl: targ2: holds 1 usable examples, expected 2 or more"):
        load_benchmark(path)
