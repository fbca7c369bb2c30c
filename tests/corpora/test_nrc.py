from __future__ import annotations

import io
import tarfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.readers.nrc import read_nrc
from hansard_bias.corpora.schema import Record

DAY = date(2003, 5, 6)
SHARED = Path(__file__).parents[3] / "shared/data/nunavut/Nunavut-Hansard-Inuktitut-English-Parallel-Corpus-3.0"

COVER = """\
tuesday , may 6 , 2003
pages 12 - 30
speaker :
the hon. ada pike , m.l.a.
legislative assembly of nunavut
speaker
hon. ada pike
( east cove )
tom moss
( west cove )
hon. ivy fern ( north cove )
minister of roads
joe o 'dell
( south cove )
nora bay - leaf ( mid cove )
kim larch ( far cove )
pat alder ( near cove )
lee thorn ( old cove )
officers
clerk
max stone
table of contents
oral questions
question 4 - 1 ( 2 ) : ice roads ( moss ) 14
iqaluit , nunavut
members present :"""

TOKENISED = """\
item 1 :
prayer
speaker ( ms. pike ) ( interpretation ) :
i ask mr. moss to pray .
> > prayer
speaker :
thank you . mr. moss .
item 6 :
oral questions
question 4 - 1 ( 2 ) :
ice roads
mr. moss ( interpretation ) :
my question is on roads .
( interpretation ends ) who pays for them ?
tuesday , may 6 , 2003 nunavut hansard
13
tuesday, may 6, 2003   nunavut hansard   14
> > applause
nobody has said so far . hon. ivy fern :
the territory pays . mr. moss : since when ? some members : agreed .
speaker : thank you . is it agreed ?
some hon. members :
hon. ivy fern : ( interpretation ) : yes , mr. speaker : since may .
mr. stone :
orders of the day for may 7 :
1 .
prayer2 .
oral questions3 .
petitions
thank you .
mr. guest :
i came from the south to help .
> > house adjourned at 5.10 pm .
nunavut canada
day 9"""

PRINTED = """\
Question 064 – 2(3): Ice Roads (Moss)

Mr. Moss (interpretation): Thank you, Mr. Speaker.
My question is on roads.

It is a long one.
>>Laughter
Hon. Ivy Bay-Leaf: The territory pays.
Chairman: Thank you.
Mr. Moss
I have the floor now.
Some Members: Agreed.
Commissioner Larch (interpretation): I assent."""


def write(folder: Path, text: str, key: str = "Hansard_20030506") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = text.split("\n")
    (folder / "NunavutHansard.en").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "NunavutHansard.id").write_text(
        "".join(f"{key}\t{n}\n" for n in range(1, len(lines) + 1)), encoding="utf-8"
    )
    return folder


def pack(folder: Path, archive: Path, mode: str = "w:gz") -> Path:
    with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]
        tar.add(folder, arcname="corpus-3.0")
    return archive


def speeches(folder: Path) -> list[tuple[str, str, str]]:
    return [(record.speaker, record.role, record.text) for record in read_nrc(folder) if not record.reason]


def test_tokenised_turns(tmp_path: Path) -> None:
    folder = write(tmp_path, COVER + "\n" + TOKENISED)
    assert speeches(folder) == [
        ("Speaker", "chair", "i ask mr. moss to pray ."),
        ("Speaker", "chair", "thank you . mr. moss ."),
        ("Moss", "member", "my question is on roads .\nwho pays for them ?\nnobody has said so far ."),
        ("Ivy Fern", "minister", "the territory pays ."),
        ("Moss", "member", "since when ?"),
        ("Some Members", "crowd", "agreed ."),
        ("Speaker", "chair", "thank you . is it agreed ?"),
        ("Ivy Fern", "minister", "yes , mr. speaker : since may ."),
        ("Stone", "chair", "orders of the day for may 7 :\nthank you ."),
        ("Guest", "witness", "i came from the south to help ."),
    ]


def test_what_is_set_aside_has_a_reason(tmp_path: Path) -> None:
    records = list(read_nrc(write(tmp_path, COVER + "\n" + TOKENISED)))
    aside = {record.text: record.reason for record in records if record.reason}
    assert (
        aside["tuesday , may 6 , 2003"]
        == aside["13"]
        == aside["tuesday , may 6 , 2003 nunavut hansard"]
        == aside["tuesday, may 6, 2003   nunavut hansard   14"]
        == "page_header"
    )
    assert aside["tom moss"] == aside["the hon. ada pike , m.l.a."] == aside["nunavut canada"] == "list"
    assert aside["oral questions3 ."] == aside["1 ."] == aside["petitions"] == "list"
    assert aside["question 4 - 1 ( 2 ) : ice roads ( moss ) 14"] == "contents"
    assert aside["item 6 :"] == aside["ice roads"] == aside["question 4 - 1 ( 2 ) :"] == "heading"
    assert aside["> > applause"] == aside["> > house adjourned at 5.10 pm ."] == "interruption"
    empty = [record.speaker for record in records if record.reason == "empty"]
    assert empty == ["Some Hon. Members"]


def test_no_line_is_lost(tmp_path: Path) -> None:
    text = COVER + "\n" + TOKENISED
    told = {word for record in read_nrc(write(tmp_path, text)) for word in record.text.split()}
    heads = {"hon.", "ivy", "fern", "guest", "interpretation", "ends", "some", "members", "ms.", "stone", "(", ")", ":"}
    assert set(text.split()) - heads <= told


def test_topics_come_from_headings(tmp_path: Path) -> None:
    records = [record for record in read_nrc(write(tmp_path, COVER + "\n" + TOKENISED)) if not record.reason]
    assert records[0].topic == "prayer"
    assert records[2].topic == "oral questions / ice roads"


def test_printed_turns(tmp_path: Path) -> None:
    folder = write(tmp_path, PRINTED)
    assert speeches(folder) == [
        ("Moss", "member", "Thank you, Mr. Speaker.\nMy question is on roads.\n\nIt is a long one."),
        ("Ivy Bay-Leaf", "minister", "The territory pays."),
        ("Chairman", "chair", "Thank you."),
        ("Moss", "member", "I have the floor now."),
        ("Some Members", "crowd", "Agreed."),
        ("Commissioner Larch", "witness", "I assent."),
    ]
    assert {record.topic for record in read_nrc(folder) if not record.reason} == {"Ice Roads"}


def test_truecased_text_without_a_turn_goes_to_the_member_of_the_heading(tmp_path: Path) -> None:
    text = "Speaker ( interpretation ): good day. ( interpretation ends ) Ms. Pike.\n"
    text += "member 's Statement 9 - 4 ( 3 ): fast Ice ( Pike )\nI rise today.\n"
    text += "Hon. Ivy Fern: thank you. ( interpretation ) Good."
    assert [spoken[:2] for spoken in speeches(write(tmp_path, text))] == [
        ("Speaker", "chair"),
        ("Pike", "member"),
        ("Ivy Fern", "minister"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "mr. chairman my question is as follows : who pays ?",
        "i asked the minister of roads : who pays ?",
        "committee report 1 - 1 ( 2 ) shall be dealt with today .",
        "thank you mr. moss .",
        "item 12 , petitions .",
    ],
)
def test_speech_that_looks_like_a_heading_or_turn(tmp_path: Path, line: str) -> None:
    assert speeches(write(tmp_path, f"mr. moss :\ngood day .\n{line}")) == [("Moss", "member", f"good day .\n{line}")]


def test_a_heading_and_a_turn_in_one_line(tmp_path: Path) -> None:
    text = "speaker : mr. moss .\nquestion 9 - 1 ( 3 ) :\nlate ferries mr. moss :\nwhere are they ?"
    assert speeches(write(tmp_path, text))[1] == ("Moss", "member", "where are they ?")


@pytest.mark.parametrize("first", ["prayer", "item 1 , prayer .", "1 .", "- tabled document 4 - 1 ( 2 )"])
@pytest.mark.parametrize(
    "announced",
    ["orders of the day for friday , may 7 .", "good day , orders for the day , may 7", "friday may 7 , 2003"],
)
def test_the_next_sittings_orders_are_a_list(tmp_path: Path, announced: str, first: str) -> None:
    orders = [
        first,
        "item 6 , oral questions .",
        "bill 2 - ferries act",
        "minister 's statement 5 - 1 ( 3 )",
        "petitions .",
    ]
    text = "clerk :\ngood day .\n" + "\n".join([announced, *orders]) + "\nthank you .\nwe rise ."
    records = list(read_nrc(write(tmp_path, text)))
    assert [record.text for record in records if record.reason == "list"] == orders
    assert [record.text.split("\n")[-2:] for record in records if not record.reason] == [["thank you .", "we rise ."]]


def test_orders_of_the_day_in_passing_open_no_list(tmp_path: Path) -> None:
    text = "speaker :\nback to the orders of the day , friday , may 7 .\nitem 7 , written questions .\npetitions ."
    assert speeches(write(tmp_path, text))[0][2].endswith("item 7 , written questions .\npetitions .")


def test_bills_read_out_in_a_row_are_no_headings(tmp_path: Path) -> None:
    read_out = "bill 1 - ice act\nbill 2 - ferries act\ncommittee reports 1 and 2 ."
    records = list(read_nrc(write(tmp_path, f"speaker :\n{read_out}\nbill 3 - seal act\nmr. moss :\nyes .")))
    assert records[0].text == read_out
    assert [record.text for record in records if record.reason == "heading"] == ["bill 3 - seal act"]


def test_a_title_page_ends_the_debate(tmp_path: Path) -> None:
    text = "speaker :\nwe rise .\nhansard\nnunavut canada\n3rd session\nofficial report"
    records = list(read_nrc(write(tmp_path, text)))
    assert [(record.text, record.reason) for record in records] == [
        ("we rise .", ""),
        *((line, "list") for line in ("hansard", "nunavut canada", "3rd session", "official report")),
    ]


def test_sittings_and_ordinals(tmp_path: Path) -> None:
    write(tmp_path, "Mr. Moss: One.\nMs. Pike: Two.")
    (tmp_path / "NunavutHansard.id").write_text("Hansard_20030506\t1\nHansard_20030507\t1\n")
    records = list(read_nrc(tmp_path))
    assert [(record.sitting, record.ordinal, record.source) for record in records] == [
        (DAY, 0, "NunavutHansard.en:1"),
        (date(2003, 5, 7), 0, "NunavutHansard.en:2"),
    ]


@pytest.mark.parametrize(("name", "mode"), [("c.tgz", "w:gz"), ("c.tar.bz2", "w:bz2")])
def test_folder_and_archive_read_alike(tmp_path: Path, name: str, mode: str) -> None:
    folder = write(tmp_path / "folder", COVER + "\n" + TOKENISED)
    (tmp_path / "packed").mkdir()
    archive = pack(folder, tmp_path / "packed" / name, mode)
    unpacked: list[Record] = list(read_nrc(folder))
    assert list(read_nrc(archive)) == list(read_nrc(archive.parent)) == list(read_nrc(tmp_path / "folder")) == unpacked
    assert [path.name for path in archive.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "kind"), [("a/link", tarfile.SYMTYPE), ("/etc/x", tarfile.REGTYPE), ("../x", tarfile.REGTYPE)]
)
def test_unsafe_members_are_named(tmp_path: Path, name: str, kind: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/hosts"
    with tarfile.open(tmp_path / "c.tgz", "w:gz") as tar:
        tar.addfile(member, io.BytesIO())
    with pytest.raises(ValueError, match=name):
        list(read_nrc(tmp_path / "c.tgz"))


def test_damaged_archive(tmp_path: Path) -> None:
    archive = pack(write(tmp_path / "folder", TOKENISED * 40), tmp_path / "c.tgz")
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"c\.tgz: .*download it again"):
        list(read_nrc(archive))


def test_lengths_must_agree(tmp_path: Path) -> None:
    write(tmp_path, "a\nb\nc")
    (tmp_path / "NunavutHansard.id").write_text("Hansard_20030506\t1\n")
    with pytest.raises(ValueError, match=r"NunavutHansard\.en has 3 lines, NunavutHansard\.id has 1"):
        list(read_nrc(tmp_path))


@pytest.mark.parametrize("key", ["Hansard_20031306\t2", "Hansard\t2", "Hansard_20030506", "Hansard_20030506\tx"])
def test_bad_id_line(tmp_path: Path, key: str) -> None:
    write(tmp_path, "Mr. Moss: One.\nTwo.")
    (tmp_path / "NunavutHansard.id").write_text(f"Hansard_20030506\t1\n{key}\n")
    with pytest.raises(ValueError, match=r"NunavutHansard\.id:2: "):
        list(read_nrc(tmp_path))


def test_damaged_text_names_the_byte(tmp_path: Path) -> None:
    write(tmp_path, "Mr. Moss: One.\nTwo.")
    (tmp_path / "NunavutHansard.en").write_bytes("Mr. Moss: été, été.\n".encode() + b"Tw\xe9.\n")
    with pytest.raises(ValueError, match=r"NunavutHansard\.en: byte 26 is not UTF-8, as the text before it"):
        list(read_nrc(tmp_path))


def test_empty_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected one folder with NunavutHansard\.en"):
        list(read_nrc(tmp_path))
    (tmp_path / "NunavutHansard.en").touch()
    with pytest.raises(ValueError, match=r"NunavutHansard\.id is missing"):
        list(read_nrc(tmp_path))
    (tmp_path / "NunavutHansard.id").touch()
    with pytest.raises(ValueError, match="is empty"):
        list(read_nrc(tmp_path))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Nunavut text is not on this machine")
def test_real_text() -> None:
    records = list(read_nrc(SHARED))
    assert len({record.sitting for record in records}) == 49
    roles = Counter(record.role for record in records if not record.reason)
    assert sum(roles.values()) > 14_000 and min(roles.values()) > 150
    assert all(record.text for record in records if not record.reason)
    named = sum(bool(record.speaker) for record in records if not record.reason)
    assert named / sum(roles.values()) > 0.998
