"""Tables as people have them: days in names of files, names in two columns, nested JSON, joined and filtered rows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.readers import find_reader
from hansard_bias.corpora.readers.joining import day_in_name
from hansard_bias.corpora.schema import Record
from hansard_bias.params import ColumnsConfig, ConfigError, CorpusConfig, JoinConfig

COLUMNS = ColumnsConfig(text="body", date="day", speaker="who")


def read(path: Path, columns: ColumnsConfig = COLUMNS, **settings: Any) -> list[Record]:
    corpus = CorpusConfig("A", "table", str(path), columns, **settings)
    corpus.check("moor")
    return [*find_reader("moor", corpus).read(path, corpus, Findings())]


@pytest.mark.parametrize(
    ("name", "pattern", "day"),
    [
        ("proceedings-2003-04-05.csv", "%Y-%m-%d", date(2003, 4, 5)),
        ("2003/CR_050403.csv", "CR_%d%m%y", date(2003, 4, 5)),
        ("debate 5 April 2003 final.csv", "%d %B %Y", date(2003, 4, 5)),
        ("house_2003.csv", "%Y", date(2003, 1, 1)),
        ("house_120031.csv", "%Y", None),
    ],
)
def test_the_day_is_in_the_name_of_the_file(name: str, pattern: str, day: date | None) -> None:
    assert day_in_name(name, pattern) == day


def test_files_of_a_folder_have_the_days_of_their_names(tmp_path: Path) -> None:
    for number in (3, 4):
        (tmp_path / f"sitting_2003-04-0{number}.csv").write_text(f"who,body\nAnn,Speech {number} of the day.\n")
    columns = ColumnsConfig(text="body", speaker="who")
    found = read(tmp_path, columns, file_date="sitting_%Y-%m-%d")
    assert [record.sitting for record in found] == [date(2003, 4, 3), date(2003, 4, 4)]
    (tmp_path / "sitting_undated.csv").write_text("who,body\nAnn,A speech of no day.\n")
    with pytest.raises(ValueError, match=r"sitting_undated.csv: no day in its name as `file_date`"):
        read(tmp_path, columns, file_date="sitting_%Y-%m-%d")


def test_a_name_in_two_columns_and_none_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,first,last,body\n2001-02-03,Ann,Bell,The roads.\n2001-02-03,,Crane,Boats.\n")
    named = read(tmp_path / "a.csv", ColumnsConfig(text="body", date="day", speaker=("first", "last")))
    assert [record.speaker for record in named] == ["Ann Bell", "Crane"]
    nobody = read(tmp_path / "a.csv", ColumnsConfig(text="body", date="day"))
    assert [(record.speaker, record.role) for record in nobody] == [("", "member")] * 2


NESTED = {"meta": {"date": "2001-02-03"}, "speech": {"who": {"name": "Ann"}, "text": "The roads are long."}}
DOTTED = ColumnsConfig(text="speech.text", date="meta.date", speaker="speech.who.name")


@pytest.mark.parametrize("form", ["list", "lines", "under a key"])
def test_nested_objects_are_read_by_dotted_names(form: str, tmp_path: Path) -> None:
    rows = [NESTED, NESTED | {"meta": {"date": "2001-02-04"}}]
    content = {
        "list": json.dumps(rows),
        "lines": "\n".join(map(json.dumps, rows)),
        "under a key": json.dumps({"source": "x", "results": rows}),
    }[form]
    path = tmp_path / ("a.jsonl" if form == "lines" else "a.json")
    path.write_text(content)
    found = read(path, DOTTED)
    assert [(record.speaker, record.text) for record in found] == [("Ann", "The roads are long.")] * 2
    assert [record.sitting for record in found] == [date(2001, 2, 3), date(2001, 2, 4)]


def test_a_list_of_objects_gives_a_row_each(tmp_path: Path) -> None:
    day = {"date": "2001-02-03", "speeches": [{"who": "Ann", "text": "Roads."}, {"who": "Bo", "text": "Boats."}]}
    (tmp_path / "a.json").write_text(json.dumps([day, day | {"date": "2001-02-04"}]))
    found = read(tmp_path / "a.json", ColumnsConfig(text="speeches.text", date="date", speaker="speeches.who"))
    assert [record.speaker for record in found] == ["Ann", "Bo"] * 2
    assert Counter(record.sitting for record in found) == {date(2001, 2, 3): 2, date(2001, 2, 4): 2}


DEBATES = "day,who,body,house,language\n2001-02-03,7,Roads.,Commons,en\n2001-02-03,8,Boats.,Lords,en\n"
DEBATES += "2001-02-03,9,Routes.,Commons,fr\n"


def test_rows_are_filtered_and_those_left_out_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(DEBATES)
    found = read(tmp_path / "a.csv", where={"house": "commons", "language": ("en", "de")})
    assert [record.reason for record in found] == ["", "not_selected", "not_selected"]
    with pytest.raises(ValueError, match=r"`where` keeps none of 3 rows; house has 'Commons' \(2\), 'Lords' \(1\)"):
        read(tmp_path / "a.csv", where={"house": "Senate"})


def test_a_second_table_is_joined_by_its_key(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(DEBATES)
    (tmp_path / "members.tsv").write_text("mid\tname\toffice\n7\tAnn Bell\tChair\n8\tBo Crane\tmember\n")
    columns = ColumnsConfig(text="body", date="day", speaker="name", role="office")
    join = JoinConfig(str(tmp_path / "members.tsv"), "who", "mid")
    found = read(tmp_path / "a.csv", columns, join=join)
    assert [(record.speaker, record.role) for record in found] == [
        ("Ann Bell", "chair"),
        ("Bo Crane", "member"),
        ("", "member"),
    ]
    with pytest.raises(
        ValueError, match=r"join: no row has its day among the mid of .*ours such as a.csv:2: .2001-02-03."
    ):
        read(tmp_path / "a.csv", columns, join=JoinConfig(join.path, "day", "mid"))


def test_a_reader_that_does_not_take_a_setting_says_which_does(tmp_path: Path) -> None:
    corpus = CorpusConfig("A", "lipad", str(tmp_path), where={"house": "Commons"})
    with pytest.raises(ConfigError, match=r"corpora.moor.where is .*only the reader .*table.* takes one"):
        find_reader("moor", corpus)
