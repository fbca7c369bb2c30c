"""Other people's archives and text files, opened without trust: no link is followed, no size believed.

Nothing is unpacked. What an archive claims is checked member by member, before a byte of that member is decompressed.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import shutil
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol

from hansard_bias.base.messages import one_line, shown

SUFFIXES = (".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".tar")
MAX_MEMBERS = 100_000  # each costs about a kilobyte of memory; a century of daily files has 25,000
MAX_MEMBER = 16 << 30
# Bytes, decompressed: sixteen times the largest annotated ParlaMint, and minutes rather than days of reading.
MAX_TOTAL = 64 << 30
# Decompressed over compressed: debates reach 4 (gzip) to 10 (bzip2), annotated XML 40 (xz); bombs start at 1,000.
MAX_RATIO = 200
# Bytes from which the ratio counts: a smaller archive is harmless, however well it is compressed.
RATIO_FROM = 256 << 20
MAX_HEADER = 1 << 20  # bytes of a long name or an extended header, which tarfile reads in one piece
# Bytes in one day's file; real ones have 1 to 3 million, with linguistic annotation up to 100 million.
MAX_FILE = 400_000_000

_MAX_IN_MEMORY = 128 << 20
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
# What tarfile lets through where a header holds nonsense.
_BROKEN_HEADER = (ValueError, IndexError, KeyError, OverflowError, RecursionError, struct.error)
_Errors = type[Exception] | tuple[type[Exception], ...]
_Mode = Literal["r:", "r:gz", "r:bz2", "r:xz"]
_MAGIC: Sequence[tuple[bytes, _Mode]] = ((b"\x1f\x8b", "r:gz"), (b"BZh", "r:bz2"), (b"\xfd7zXZ\0", "r:xz"))
_LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *_LONG_NAMES)


class Readable(Protocol):
    """An open binary file, as far as the readers need one."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes; none at the end."""

    def readline(self, size: int = ..., /) -> bytes:
        """A line, or its first `size` bytes."""


class _Header(tarfile.TarInfo):
    """A member's header; one that would make tarfile itself read without bound is refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        header = super().frombuf(buf, encoding, errors)
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError(f"{shown(header.name)} is a sparse file")
        if header.type in _EXTENDED and header.size > MAX_HEADER:
            raise tarfile.ReadError(f"an extended header of {header.size} bytes")
        return header

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise tarfile.ReadError(f"{shown(self.name)} is a sparse file")


def is_archive(path: Path) -> bool:
    """Whether this is a file with an archive's name."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


@contextmanager
def told(errors: _Errors, problem: str, remedy: str) -> Iterator[None]:
    """Such an error inside the block becomes a ValueError of one line, with what to do."""
    try:
        yield
    except errors as error:
        raise ValueError(f"{problem} ({one_line(str(error))}); {remedy}") from None


@contextmanager
def damage_told(name: object, incomplete: str, damaged: str, remedy: str) -> Iterator[None]:
    """Damage found at any point inside the block becomes a ValueError of one line, with what to do."""
    try:
        with told(_DAMAGE, f"{name}: {incomplete}", remedy):
            yield
    except OSError as error:
        # The decompressors' own complaints have no number; a full disk or a missing file has one.
        if error.errno is not None:
            raise
        raise ValueError(f"{name}: {damaged} ({one_line(str(error))}); {remedy}") from None


def _header_told(path: Path) -> AbstractContextManager[None]:
    return told(_BROKEN_HEADER, f"{path}: broken header in the archive", "download it again")


@contextmanager
def open_archive(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar archive for reading, in the compression that its first bytes show; damage becomes a ValueError."""
    with damage_told(path, "not a complete tar archive", "damaged compressed data", "download it again"):
        with path.open("rb") as file:
            start = file.read(6)
        # Not tarfile's "r:*", which tries every compression and tells only that none fits.
        mode: _Mode = next((mode for magic, mode in _MAGIC if start.startswith(magic)), "r:")
        with _opened(path, mode) as archive:
            yield archive


def _opened(path: Path, mode: _Mode) -> tarfile.TarFile:
    with _header_told(path):
        return tarfile.open(path, mode, tarinfo=_Header)


def members(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """The regular files of an archive, in its order; a link, a device, an outside path or a bomb is an error."""
    total = count = 0
    while member := _next(archive, path):
        name = f"{path}: member {shown(member.name)}"
        total, count = total + member.size, count + 1
        _check_sizes(name, member.size, count, total, path.stat().st_size)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise ValueError(f"{name} is not a regular file; expected an archive without links")
        parts = PurePosixPath(member.name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{name} points outside the archive; expected relative paths")
        # Editors and file systems leave hidden files (.DS_Store, ._1999-04-01.csv).
        if not parts.name.startswith("."):
            yield member
    _check_end(archive, path)


def _next(archive: tarfile.TarFile, path: Path) -> tarfile.TarInfo | None:
    with _header_told(path):
        return archive.next()


def _check_sizes(name: str, size: int, count: int, total: int, packed: int) -> None:
    """Refuse what no archive of debates claims: `total` and `packed` are bytes of it so far, and on disk."""
    if count > MAX_MEMBERS:
        raise ValueError(f"{name} is number {count}, expected at most {MAX_MEMBERS} members")
    if not 0 <= size <= MAX_MEMBER:
        raise ValueError(f"{name} has {size} bytes, expected 0 to {MAX_MEMBER}")
    if total > MAX_TOTAL:
        raise ValueError(f"{name} brings the decompressed size to {total} bytes, expected at most {MAX_TOTAL}")
    # Small archives are let be: their ratio says nothing, and they cannot fill a disk or a day.
    if total > max(RATIO_FROM, MAX_RATIO * packed):
        bomb = f"a compression bomb; expected at most {MAX_RATIO} times as many"
        raise ValueError(f"{name} brings the size to {total} bytes from {packed} compressed, {bomb}")


def _check_end(archive: tarfile.TarFile, path: Path) -> None:
    """tarfile takes a damaged header, and a cut between two members, for the end: only a block of zeros is one.

    Reading on to the end of the file makes the decompressor compare its checksum.
    """
    assert archive.fileobj is not None
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise ValueError(f"{path}: no end mark after {archive.offset} bytes of the tar archive; download it again")
    end = archive.offset + RATIO_FROM
    while archive.fileobj.read(1 << 20):
        if archive.fileobj.tell() > end:
            raise ValueError(f"{path}: more than {RATIO_FROM} bytes after the end mark; expected one tar archive")


def find_files(path: Path, suffix: str) -> list[Path]:
    """The files of a folder tree that end so, or else the one archive in the folder; an archive is itself."""
    if is_archive(path):
        return [path]
    # Unpacked files go before an archive beside them: somebody unpacked it there.
    files = sorted(file for file in path.rglob(f"*{suffix}") if file.is_file() and not file.name.startswith("."))
    for file in files:
        check_file_name(file.name, str(path))
    archives = sorted(file for file in path.glob("*") if is_archive(file))
    if not files and len(archives) > 1:
        raise ValueError(f"{path}: holds {len(archives)} archives, expected one; give the path of the one to read")
    return files or archives


def name_below(root: Path, file: Path) -> str:
    """The name by which a file of an archive is called, wherever the archive lies."""
    return file.name if file == root else file.relative_to(root).as_posix()


def check_file_name(name: str, place: str) -> None:
    """Raise ValueError for a file's name that cannot stand in a table or a message."""
    if not name.isprintable():
        raise ValueError(f"{place}: a file is named {shown(name)}, expected a name that can be printed; rename it")


def names(sources: Sequence[Path], suffix: str) -> list[str]:
    """The files that `find_files` found, as `contents` takes them: paths, or an archive's members that end so."""
    if not (sources and is_archive(sources[0])):
        return [str(file) for file in sources]
    path = sources[0]
    with open_archive(path) as archive:
        listed = [member for member in members(archive, path) if member.name.endswith(suffix)]
    for member in listed:
        if member.size > MAX_FILE:
            name = f"{path}: member {shown(member.name)}"
            raise ValueError(f"{name} has {member.size} bytes, expected at most {MAX_FILE}")
        check_file_name(PurePosixPath(member.name).name, str(path))
    found = sorted({member.name for member in listed})
    if len(found) != len(listed):
        raise ValueError(f"{path}: holds a file twice; expected each day once")
    return found


def contents(sources: Sequence[Path], wanted: Sequence[str]) -> Generator[tuple[str, Readable], None, None]:
    """The base name and the open file of each of `wanted`, in that order; read a file before asking for the next."""
    if sources and is_archive(sources[0]):
        yield from _archived(sources[0], wanted)
        return
    for name in wanted:
        with Path(name).open("rb") as content:
            yield Path(name).name, content


def _archived(path: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Readable]]:
    """Members in the order of `wanted` in one pass: those that come too early wait, compressed."""
    ahead, known, waiting = iter(wanted), {*wanted}, dict[str, tuple[int, int]]()
    upcoming = next(ahead, "")
    with tempfile.SpooledTemporaryFile(_MAX_IN_MEMORY) as spool, open_archive(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name in known else None
            if content is None:
                continue
            if member.name != upcoming:
                # A second pass would decompress the whole archive again for each such member.
                start = spool.seek(0, io.SEEK_END)
                with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=1) as packed:
                    shutil.copyfileobj(content, packed)
                waiting[member.name] = start, spool.tell() - start
                continue
            yield PurePosixPath(upcoming).name, content
            while (upcoming := next(ahead, "")) in waiting:
                start, length = waiting.pop(upcoming)
                spool.seek(start)
                yield PurePosixPath(upcoming).name, gzip.GzipFile(fileobj=io.BytesIO(spool.read(length)))


# UTF-8, a line at a time: what is no text is an error that names its place.

_CONVERT = "for example by `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`, or save it as `CSV UTF-8` in a spreadsheet"


def text_lines(content: Readable, name: str, limit: int) -> Iterator[str]:
    """UTF-8 lines with their ends; one of more than `limit` bytes is an error, so that memory stays bounded."""
    offset = 0
    for number, raw in enumerate(iter(lambda: content.readline(limit + 1), b""), start=1):
        if len(raw) > limit:
            raise ValueError(f"{name}:{number}: a line of more than {limit} bytes; expected a text file of debates")
        yield decode(raw, name, offset)
        offset += len(raw)


@contextmanager
def cells_told(name: str, rows: Any, most: int, advice: str) -> Iterator[None]:
    """Let the csv module read cells of so many characters; where it gives up, the error names file and line."""
    # Its limit is one for the whole process, so put it back.
    before = csv.field_size_limit(most)
    try:
        yield
    except csv.Error as error:
        raise ValueError(f"{name}:{rows.line_num}: {one_line(str(error))}; {advice}") from None
    finally:
        csv.field_size_limit(before)


def decode(raw: bytes, name: str, offset: int = 0) -> str:
    """UTF-8 text; what is not UTF-8 is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        # Only a file's first bytes can be a byte order mark.
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file, {_CONVERT}") from None
