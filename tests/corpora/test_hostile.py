"""Files that are damaged, or made to do harm: one line that says where, and memory that stays small."""

from __future__ import annotations

import io
import random
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hansard_bias.corpora import archives, packed
from hansard_bias.corpora.readers import lipad, nrc
from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.readers.lipad import read_lipad
from hansard_bias.corpora.readers.nrc import read_nrc
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.tei import read_tei
from hansard_bias.corpora.schema import Record

Reader = Callable[[Path], Iterator[Record]]

HEADER = b"speechdate,speechtext\n"
TEI = b"<TEI><text><body><u><seg>"
SP = b"<TEI><text><body><sp><p>"
AKOMA = b"<akomaNtoso><debate><debateBody><speech><p>"
FILES: Mapping[Reader, Mapping[str, bytes]] = {
    read_nrc: {
        "NunavutHansard.en": b"Mr. Moss: The road is long.\n" * 40,
        "NunavutHansard.id": b"".join(b"Hansard_20030506\t%d\n" % line for line in range(40)),
    },
    read_lipad: {f"2004-2-{day}.csv": HEADER + b"2004-02-09,A road is long.\n" * 20 for day in (9, 10)},
    read_parlamint: {f"x_2004-02-{day}.xml": TEI + b"A road.</seg></u></body></text></TEI>" for day in (10, 11)},
    read_tei: {f"x_2004-02-{day}.xml": SP + b"A road.</p></sp></body></text></TEI>" for day in (10, 11)},
    read_akoma: {
        f"x_2004-02-{day}.xml": AKOMA + b"A road.</p></speech></debateBody></debate></akomaNtoso>" for day in (10, 11)
    },
}
READERS = list(FILES)
MODES = {".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz", ".tar": "w:"}
LARGE = 200_000_000


class Endless(io.RawIOBase):
    """`first`, and then `filler` over and over."""

    def __init__(self, first: bytes, filler: bytes) -> None:
        self.first, self.filler = first, filler

    def read(self, size: int = -1) -> bytes:
        piece = (self.first + self.filler * (size // len(self.filler) + 1))[:size]
        self.first = self.first[size:]
        return piece


def pack(archive: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(archive, MODES[archive.suffix]) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(f"corpus/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive


def claim(archive: Path, *headers: bytes, tail: bytes = bytes(1024)) -> Path:
    """An archive of hand-made headers, in which nothing need be true."""
    archive.write_bytes(b"".join(headers) + tail)
    return archive


def header(name: str = "a.csv", size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(**fields: str) -> bytes:
    """An extended header, for the member that comes next."""
    info = tarfile.TarInfo("b.csv")
    info.pax_headers = {name.replace("__", "."): value for name, value in fields.items()}
    return info.tobuf(tarfile.PAX_FORMAT)


def complaint(read: Reader, path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        list(read(path))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("suffix", ["tar.gz", "tar.bz2", "tar.xz", "tar"])
def test_cut_anywhere_an_archive_is_incomplete(tmp_path: Path, read: Reader, suffix: str) -> None:
    archive = pack(tmp_path / f"a.{suffix}", FILES[read])
    assert list(read(archive))
    whole = archive.read_bytes()
    # A plain tar ends in padding; everything up to its first block of zeros is needed.
    needed = len(whole.rstrip(b"\0")) if suffix == "tar" else len(whole)
    for kept in (0, 1, needed // 4, needed // 2, needed * 3 // 4, needed - 1):
        archive.write_bytes(whole[:kept])
        assert f"a.{suffix}: " in complaint(read, archive)


def test_cut_between_two_members_of_a_plain_tar(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar", FILES[read_lipad])
    with tarfile.open(archive) as tar:
        second = tar.getmembers()[1].offset
    whole = archive.read_bytes()
    archive.write_bytes(whole[:second])
    assert complaint(read_lipad, archive).endswith(
        f"no end mark after {second} bytes of the tar archive; download it again"
    )
    archive.write_bytes(whole[:second] + b"damaged!" + whole[second + 8 :])
    assert "no end mark" in complaint(read_lipad, archive)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("suffix", ["tar.gz", "tar"])
def test_any_damaged_byte_is_read_or_told_in_one_line(tmp_path: Path, read: Reader, suffix: str) -> None:
    archive = pack(tmp_path / f"a.{suffix}", FILES[read])
    whole = archive.read_bytes()
    draw = random.Random(3)
    told = 0
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
        archive.write_bytes(damaged)
        try:
            list(read(archive))
        except ValueError as error:
            told += "\n" not in str(error)
    assert told >= (50 if suffix == "tar.gz" else 3)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([header(size=17 << 30)], "has 18253611008 bytes, expected 0 to"),
        ([header(size=1 << 29)], "a compression bomb; expected at most 200 times as many"),
        ([header(kind=tarfile.SYMTYPE)], "is not a regular file"),
        ([header(kind=tarfile.LNKTYPE)], "is not a regular file"),
        ([header(kind=tarfile.FIFOTYPE)], "is not a regular file"),
        ([header(kind=tarfile.CHRTYPE)], "is not a regular file"),
        ([header(kind=tarfile.GNUTYPE_SPARSE, size=1)], "is a sparse file"),
        ([header("../a.csv")], "points outside the archive"),
        ([header("/a.csv")], "points outside the archive"),
        ([header("a\\..\\..\\b.csv")], "points outside the archive"),
        ([header(kind=tarfile.GNUTYPE_LONGNAME, size=1 << 30)], "an extended header of 1073741824 bytes"),
        ([header(kind=tarfile.XHDTYPE, size=1 << 30)], "an extended header of 1073741824 bytes"),
        ([pax(size="-1024")], "bytes, expected 0 to|broken header"),
        ([pax(GNU__sparse__major="1", GNU__sparse__minor="0")], "is a sparse file"),
        ([pax(GNU__sparse__size="x", GNU__sparse__map="x")], "broken header"),
        ([pax(x="y")[:1024]] * 2000, "broken header"),
        ([header("2004-2-9.csv")] * 2, "holds a file twice"),
        ([header("2004-2-9.csv", size=archives.MAX_FILE + 1)], "bomb|expected at most 400000000"),
    ],
)
def test_headers_that_claim_too_much(tmp_path: Path, headers: list[bytes], message: str) -> None:
    archive = claim(tmp_path / "a.tar", *headers)
    with pytest.raises(ValueError, match=rf"a\.tar: .*(?:{message})"):
        list(read_lipad(archive))


def test_limits_on_a_whole_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(tmp_path / "a.tar.gz", FILES[read_lipad])
    assert len(list(read_lipad(archive))) == 40
    monkeypatch.setattr(packed, "MAX_TOTAL", 1000)
    assert "2004-2-10.csv' brings the decompressed size to 1124 bytes" in complaint(read_lipad, archive)
    monkeypatch.setattr(packed, "MAX_MEMBERS", 1)
    assert "2004-2-10.csv' is number 2, expected at most 1 members" in complaint(read_lipad, archive)


def test_early_members_wait_on_disk_where_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"2004-2-{day}.csv": HEADER + b"2004-02-%02d,A road.\n" % day for day in (5, 4, 1, 3, 2)}
    archive = pack(tmp_path / "a.tar.gz", files)
    expected = list(read_lipad(archive))
    assert [record.sitting.day for record in expected if record.sitting] == [1, 2, 3, 4, 5]
    monkeypatch.setattr(packed, "MAX_IN_MEMORY", 1)
    assert list(read_lipad(archive)) == expected


@pytest.mark.parametrize(
    ("read", "name", "first", "filler", "message"),
    [
        (read_nrc, "NunavutHansard.en", b"Mr. Moss: Yes.\n", b"long ", r"NunavutHansard\.en:2: a line of more than"),
        (read_lipad, "2004-2-9.csv", HEADER, b"long ", r"2004-2-9\.csv:2: a line of more than 10000000 bytes"),
        (read_lipad, "2004-2-9.csv", HEADER + b'"', b"long " * 99 + b"\n", r"9\.csv:\d+: field larger than.* 5000000"),
        (read_lipad, "2004-2-9.csv", HEADER + b'"', b'","' + b"x" * 999 + b"\n", r"9\.csv:2: a row of more than"),
        (read_parlamint, "x_2004-02-09.xml", b"\n" + TEI, b"long ", r"09\.xml:2: <u> of more than 5000000"),
        (read_tei, "x_2004-02-09.xml", b"\n" + SP, b"long ", r"09\.xml:2: <sp> of more than 5000000"),
        (read_akoma, "x_2004-02-09.xml", b"\n" + AKOMA, b"long ", r"09\.xml:2: <speech> of more than 5000000"),
        (read_parlamint, "x_2004-02-09.xml", TEI + b"<!--", b"long ", r"09\.xml:1: a tag or comment of more than"),
        (read_parlamint, "x_2004-02-09.xml", TEI + b"<w lemma='", b"long ", r"09\.xml:1: a tag or comment of more"),
    ],
    ids=[
        "nrc-line",
        "csv-line",
        "csv-cell",
        "csv-row",
        "u-text",
        "sp-text",
        "speech-text",
        "xml-comment",
        "xml-attribute",
    ],
)
def test_two_hundred_megabytes_in_one_piece(
    tmp_path: Path, read: Reader, name: str, first: bytes, filler: bytes, message: str
) -> None:
    """The archive is small; what comes out of it is read only as far as needed to refuse it."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    with (folder / name).open("wb") as file:
        file.write(Endless(first, filler).read(1 << 24))
        file.truncate(LARGE)
    (folder / "NunavutHansard.id").write_bytes(b"Hansard_20030506\t1\n" * 3)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            list(read(folder))
        assert tracemalloc.get_traced_memory()[1] < 70_000_000
    finally:
        tracemalloc.stop()


def test_a_large_cell_inside_a_small_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("2004-2-9.csv")
        info.size = LARGE
        tar.addfile(info, Endless(HEADER + b'2004-02-09,"', b"long " * 99 + b"\n"))
    assert archive.stat().st_size < 2_000_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"2004-2-9\.csv:\d+: field larger than"):
            list(read_lipad(archive))
        assert tracemalloc.get_traced_memory()[1] < 70_000_000
    finally:
        tracemalloc.stop()


def test_a_sitting_that_is_no_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nrc, "MAX_SITTING", 500)
    archive = pack(tmp_path / "a.tgz", FILES[read_nrc])
    assert "NunavutHansard.en:18: the sitting of 2003-05-06 has more than 500 characters" in complaint(
        read_nrc, archive
    )


@pytest.mark.parametrize(
    ("text", "ids", "message"),
    [
        (b"a\n" * 3, b"Hansard_20030506\t1\n" * 2, r"\.en has 3 lines, NunavutHansard\.id has 2"),
        (b"a\n" * 2, b"Hansard_20030506\t1\n" * 3, r"\.en has 2 lines, NunavutHansard\.id has 3"),
        (b"a\n" * 2, b"Hansard_20030506\t1\nHansard_20030231\t2\n", r"NunavutHansard\.id:2: 'Hansard_20030231"),
        (b"a\nb\xff\n", b"Hansard_20030506\t1\n" * 2, r"NunavutHansard\.en: byte 3 is not UTF-8, and its letters"),
        (b"a\n", b"\xff\xfeH\x00", r"NunavutHansard\.id:1: 'H' is not a sitting"),
        (b"", b"", r"NunavutHansard\.en is empty"),
    ],
)
def test_the_two_files_inside_an_archive(tmp_path: Path, text: bytes, ids: bytes, message: str) -> None:
    archive = pack(tmp_path / "a.tgz", {"NunavutHansard.en": text, "NunavutHansard.id": ids})
    with pytest.raises(ValueError, match=message):
        list(read_nrc(archive))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"9\.csv: no column speechdate, speechtext; there are none"),
        (b"speechdate,text\n", r"9\.csv: no column speechtext; there are speechdate, text"),
        (HEADER + b"2004-02-09,a\n2004-02-09,b\xff\n", r"9\.csv: byte 47 is not UTF-8"),
        (HEADER + b'2004-02-09,a\n2004-02-09,"It was\ncut', r"9\.csv:3: a quoted cell never ends"),
        (HEADER + b'2004-02-09,"', r"9\.csv:2: a quoted cell never ends"),
    ],
)
def test_a_day_inside_an_archive(tmp_path: Path, content: bytes, message: str) -> None:
    archive = pack(tmp_path / "a.tgz", {"2004-2-9.csv": content})
    with pytest.raises(ValueError, match=message):
        list(read_lipad(archive))


def test_one_bad_record_costs_no_other(tmp_path: Path) -> None:
    rows = b'2004-02-09,"A ""quoted"" road"\n2004-02-31,B\n,C\nD\n2004-02-09,E\n2004-02-09,"F"'
    archive = pack(tmp_path / "a.tgz", {"2004-2-9.csv": HEADER + rows})
    assert [(record.reason, record.text) for record in read_lipad(archive)] == [
        *(("", 'A "quoted" road'), ("bad_date", "B"), ("bad_date", "C"), ("broken_row", "D"), ("", "E"), ("", "F")),
    ]


def test_a_stray_carriage_return_breaks_its_own_row_only(tmp_path: Path) -> None:
    rows = b'2004-02-09,A\r\n2004-02-09,B\rC\r\n2004-02-09,"D\rE"\r\n2004-02-09,F\r'
    archive = pack(tmp_path / "a.tgz", {"2004-2-9.csv": HEADER + rows})
    records = [(record.reason, record.text, record.source[-1]) for record in read_lipad(archive)]
    expected = [("", "A", "2"), ("", "B", "3"), ("broken_row", "C", "4"), ("", "D\rE", "5"), ("", "F", "7")]
    assert records == expected


def test_the_csv_limit_is_put_back_when_a_reader_stops_early(tmp_path: Path) -> None:
    before = lipad.csv.field_size_limit()
    records = read_lipad(pack(tmp_path / "a.tgz", FILES[read_lipad]))
    next(records)
    records.close()  # type: ignore[attr-defined]
    assert lipad.csv.field_size_limit() == before
