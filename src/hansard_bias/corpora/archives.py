"""Opening archives without trusting them: nothing is unpacked to disk, no link or outside path is followed."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

SUFFIXES = (".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".tar")
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


def is_archive(path: Path) -> bool:
    """Whether this is a file with an archive's name."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


@contextmanager
def open_archive(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar archive for reading; damage found at any point inside the block becomes a ValueError."""
    try:
        with tarfile.open(path, "r:*") as archive:
            yield archive
    except _DAMAGE as error:
        raise ValueError(f"{path}: not a complete tar archive ({error}); download it again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{path}: damaged compressed data ({error}); download it again") from None


def members(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """The regular files of an archive, in its order; a link, a device or an outside path is an error."""
    for member in archive:
        if member.isdir():
            continue
        if not member.isreg():
            raise ValueError(f"{path}: member {member.name!r} is not a regular file; expected an archive without links")
        parts = PurePosixPath(member.name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{path}: member {member.name!r} points outside the archive; expected relative paths")
        if not parts.name.startswith("."):
            yield member


def decode(raw: bytes, name: str, offset: int = 0) -> str:
    """UTF-8 text; what is not UTF-8 is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file to UTF-8") from None
