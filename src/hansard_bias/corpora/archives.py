"""The files of an archive of debates: of a folder, or of a packed archive in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hansard_bias.base.files import sha256
from hansard_bias.base.messages import joined, shown
from hansard_bias.corpora.encodings import Encodings, as_utf8
from hansard_bias.corpora.packed import Readable, is_archive, listed, unpacked

# Bytes in one day's file; real ones have 1 to 3 million, with linguistic annotation up to 100 million.
MAX_FILE = 400_000_000


@dataclass
class Findings:
    """What reading an archive shows beside its records."""

    encodings: Encodings = field(default_factory=Encodings)
    left_out: dict[str, str] = field(default_factory=dict)  # files that are no debates, and why
    # By text table: the sign between its cells, what its quotes mean (QUOTINGS), and whether it shows that.
    dialects: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)  # what a person should know, a line each

    def others(self) -> str:
        """The files that were left out, and why, in one line."""
        bare = {name: why.removeprefix(f"{PurePosixPath(name).name}: ") for name, why in self.left_out.items()}
        return joined(f"{name} ({why})" for name, why in bare.items())

    def disagreeing(self) -> Iterator[str]:
        """A remark for each kind of files whose quotes mean different things, as far as the files show it."""
        kinds: dict[str, dict[str, list[str]]] = {}
        for name, (_, quoting, is_shown) in self.dialects.items():
            if is_shown:
                kinds.setdefault(PurePosixPath(name).suffix, {}).setdefault(quoting, []).append(name)
        for suffix, readings in kinds.items():
            if len(readings) > 1:
                said = (f"{quoting} in {joined(files, 100)}" for quoting, files in readings.items())
                yield f"the quotes of its {suffix} files are {'; '.join(said)}; `columns.quoting` says one way for all"

    def told(self) -> str:
        """The same behind what an error says."""
        return f"; left out: {self.others()}" if self.left_out else ""

    def require(self, read: int) -> None:
        """Raise ValueError where all files were left out and none was read: then they are what somebody means."""
        if self.left_out and not read:
            raise ValueError(next(iter(self.left_out.values())))


class ForeignFileError(ValueError):
    """A file is none of the archive's, such as a list of members beside debates; the others can be read without it."""


def find_files(path: Path, suffix: str) -> list[Path]:
    """The files of a folder tree that end so, or else the one archive in the folder; a file or archive is itself."""
    if path.is_file():
        check_file_name(path.name, str(path.parent))
        return [path]
    # Unpacked files go before an archive beside them: somebody unpacked it there.
    found = (file for file in path.rglob("*") if file.name.lower().endswith(suffix) and file.is_file())
    files = sorted(file for file in found if not file.name.startswith("."))
    for file in files:
        check_file_name(file.name, str(path))
    archive = None if files else archive_in(path)
    return [archive] if archive else files


def archive_in(folder: Path) -> Path | None:
    """The one packed archive directly in a folder, if there is one."""
    archives = sorted(file for file in folder.glob("*") if is_archive(file))
    if len(archives) > 1:
        raise ValueError(f"{folder}: holds {len(archives)} archives, expected one; give the path of the one to read")
    return archives[0] if archives else None


def name_below(root: Path, file: Path) -> str:
    """The name by which a file of an archive is called, wherever the archive lies."""
    return file.name if file == root else file.relative_to(root).as_posix()


def check_file_name(name: str, place: str) -> None:
    """Raise ValueError for a file's name that cannot stand in a table or a message."""
    if not name.isprintable():
        raise ValueError(f"{place}: a file is named {shown(name)}, expected a name that can be printed; rename it")


def names(sources: Sequence[Path], suffix: str | tuple[str, ...], most: int = MAX_FILE) -> list[str]:
    """The files that `find_files` found, as `contents` takes them: paths, or an archive's members that end so."""
    if not (sources and is_archive(sources[0])):
        return [str(file) for file in sources]
    path = sources[0]
    found = [(name, size) for name, size in listed(path) if name.lower().endswith(suffix)]
    for name, size in found:
        if size > most:
            raise ValueError(f"{path}: member {shown(name)} has {size} bytes, expected at most {most}")
        check_file_name(PurePosixPath(name).name, str(path))
    if len({name for name, _ in found}) != len(found):
        raise ValueError(f"{path}: holds a file twice; expected each day once")
    return sorted(name for name, _ in found)


def contents(
    sources: Sequence[Path], wanted: Sequence[str], found: Findings
) -> Generator[tuple[str, Readable], None, None]:
    """The base name and the open file, as UTF-8, of each of `wanted`, in that order; read one before the next."""
    if sources and is_archive(sources[0]):
        for name, (base, content) in zip(wanted, unpacked(sources[0], wanted), strict=True):
            yield base, as_utf8(content, base, found.encodings, name)
        return
    for name in wanted:
        with Path(name).open("rb") as content:
            yield Path(name).name, as_utf8(content, Path(name).name, found.encodings, name)


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 of the source files: their names relative to `root`, and their content."""
    # Names relative to the archive: the same files elsewhere are the same source.
    return digest_of(f"{name_below(root, file)}\0{sha256(file)}" for file in sorted(files))


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256 of some lines."""
    return hashlib.sha256("".join(f"{part}\n" for part in parts).encode()).hexdigest()
