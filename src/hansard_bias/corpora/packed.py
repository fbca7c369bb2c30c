"""Other people's tar and zip archives, opened without trust: no link is followed, no size believed.

Nothing is unpacked. What an archive claims is checked member by member, before a byte of that member is decompressed.
"""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from hansard_bias.base.messages import one_line, shown

SUFFIXES = (".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".tar", ".zip")
MAX_MEMBERS = 100_000  # each costs about a kilobyte of memory; a century of daily files has 25,000
MAX_MEMBER = 16 << 30
# Bytes, decompressed: sixteen times the largest annotated ParlaMint, and minutes rather than days of reading.
MAX_TOTAL = 64 << 30
# Decompressed over compressed: debates reach 4 (gzip) to 10 (bzip2), annotated XML 40 (xz); bombs start at 1,000.
MAX_RATIO = 200
# Bytes from which the ratio counts: a smaller archive is harmless, however well it is compressed.
RATIO_FROM = 256 << 20
MAX_HEADER = 1 << 20  # bytes of a long name or an extended header, which tarfile reads in one piece
MAX_IN_MEMORY = 128 << 20
_MAX_DIRECTORY = 300 * MAX_MEMBERS  # bytes of a zip archive's directory, which zipfile reads in one piece
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
# What tarfile lets through where a header holds nonsense.
_BROKEN_HEADER = (ValueError, IndexError, KeyError, OverflowError, RecursionError, struct.error)
_BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, *_DAMAGE, *_BROKEN_HEADER)
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
    sizes = _Sizes(path)
    while member := _next(archive, path):
        name = sizes.check(member.name, member.size)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise ValueError(f"{name} is not a regular file; expected an archive without links")
        if _is_wanted(member.name, name):
            yield member
    _check_end(archive, path)


def _is_wanted(member: str, name: str) -> bool:
    parts = PurePosixPath(member.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{name} points outside the archive; expected relative paths")
    # Editors and file systems leave hidden files (.DS_Store, ._1999-04-01.csv).
    return not parts.name.startswith(".")


def _zip_members(path: Path) -> Iterator[zipfile.ZipInfo]:
    """The same of a zip archive, each of them read once, so that damage is told at once."""
    with _zip_opened(path) as archive:
        sizes = _Sizes(path)
        for member in archive.infolist():
            name = sizes.check(member.filename, member.file_size)
            if member.is_dir():
                continue
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise ValueError(f"{name} is not a regular file; expected an archive without links")
            with _zip_told(path), archive.open(member) as content:
                # No more than the size that it claims comes out of it.
                while content.read(1 << 20):
                    pass
            if _is_wanted(member.filename, name):
                yield member


def _zip_told(path: Path) -> AbstractContextManager[None]:
    return told(_BROKEN_ZIP, f"{path}: not a complete zip archive without a password", "download it again")


def _zip_opened(path: Path) -> zipfile.ZipFile:
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 1 << 16), io.SEEK_END)
        end = file.read().rpartition(b"PK\5\6")[2][8:12]
    if int.from_bytes(end, "little") > _MAX_DIRECTORY:
        raise ValueError(f"{path}: a directory of over {_MAX_DIRECTORY} bytes, expected at most {MAX_MEMBERS} members")
    with _zip_told(path):
        return zipfile.ZipFile(path)


def _next(archive: tarfile.TarFile, path: Path) -> tarfile.TarInfo | None:
    with _header_told(path):
        return archive.next()


class _Sizes:
    """What an archive claims so far; refuses what no archive of debates does."""

    def __init__(self, path: Path) -> None:
        self.path, self.packed, self.count, self.total = path, path.stat().st_size, 0, 0

    def check(self, member: str, size: int) -> str:
        """Count a member's bytes; returns what messages call it."""
        name = f"{self.path}: member {shown(member)}"
        self.total, self.count = self.total + size, self.count + 1
        if self.count > MAX_MEMBERS:
            raise ValueError(f"{name} is number {self.count}, expected at most {MAX_MEMBERS} members")
        if not 0 <= size <= MAX_MEMBER:
            raise ValueError(f"{name} has {size} bytes, expected 0 to {MAX_MEMBER}")
        if self.total > MAX_TOTAL:
            raise ValueError(f"{name} brings the decompressed size to {self.total} bytes, expected at most {MAX_TOTAL}")
        # Small archives are let be: their ratio says nothing, and they cannot fill a disk or a day.
        if self.total > max(RATIO_FROM, MAX_RATIO * self.packed):
            bomb = f"a compression bomb; expected at most {MAX_RATIO} times as many"
            raise ValueError(f"{name} brings the size to {self.total} bytes from {self.packed} compressed, {bomb}")
        return name


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


def listed(path: Path) -> list[tuple[str, int]]:
    """The names and sizes of an archive's regular files, in its order."""
    if path.suffix.lower() == ".zip":
        return [(member.filename, member.file_size) for member in _zip_members(path)]
    with open_archive(path) as archive:
        return [(member.name, member.size) for member in members(archive, path)]


def unpacked(path: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Readable]]:
    """The base name and the content of the members `wanted`, in their order; read one before asking for the next."""
    yield from (_zipped if path.suffix.lower() == ".zip" else _from_tar)(path, wanted)


def _from_tar(path: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Readable]]:
    """In one pass: members that come too early wait, compressed."""
    ahead, known, waiting = iter(wanted), {*wanted}, dict[str, tuple[int, int]]()
    upcoming = next(ahead, "")
    with tempfile.SpooledTemporaryFile(MAX_IN_MEMORY) as spool, open_archive(path) as archive:
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


def _zipped(path: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Readable]]:
    with _zip_opened(path) as archive:
        for name in wanted:
            with archive.open(name) as content:
                yield PurePosixPath(name).name, content
