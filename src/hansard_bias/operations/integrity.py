"""Integrity: whether files hold what dvc.lock says; and the repair of what a killed DVC broke off.

DVC takes a read-only file of its cache for whole and never reads it again. One that was damaged in place is therefore
checked out without a word; here it is found, before a number depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hansard_bias.base.files import METRICS, md5
from hansard_bias.base.messages import warn
from hansard_bias.base.work import try_lock
from hansard_bias.operations.lock import CALIBRATION, LOCK, STUDY, locked_outputs, stage_inputs

REMEDY = (
    "it was damaged, or changed by hand: `hansard-bias verify --all --remove` removes what is damaged, "
    "`dvc repro` then makes it anew"
)


@dataclass(frozen=True)
class Damage:
    """A file, or a folder, that does not hold what is expected."""

    path: Path
    what: str


def require_integrity(stage: str, values: Mapping[str, str], root: Path = Path("."), pipeline: Path = STUDY) -> None:
    """Refuse to run on inputs that are not what dvc.lock promises; without DVC, where they may be meant, only warn.

    Of several processes of one training, the first one looks.
    """
    if os.environ.get("RANK", "0") != "0" or not (root / pipeline / LOCK).is_file():
        return
    for damage in damaged_outputs(stage_inputs(stage, values, root, pipeline), root, pipeline):
        message = f"{damage.path}: {damage.what}; {REMEDY}"
        if "DVC_STAGE" in os.environ:
            raise ValueError(f"{message}, and `dvc commit` accepts what you changed yourself")
        warn(message)
        return


def damaged_outputs(
    inputs: Iterable[Path] | None = None, root: Path = Path("."), pipeline: Path = STUDY
) -> Iterator[Damage]:
    """What is there and differs from dvc.lock, of these inputs or of all outputs."""
    wanted = None if inputs is None else list(inputs)
    expected = {
        path: digest
        for path, digest in locked_outputs(root, pipeline).items()
        if (root / path).exists() and (wanted is None or any(_overlap(path, each) for each in wanted))
    }
    # Hashing leaves Python to the other threads.
    with ThreadPoolExecutor() as pool:
        for path, found in zip(expected, pool.map(lambda each: dvc_digest(root / each), expected), strict=True):
            if found != expected[path]:
                yield Damage(path, f"does not hold what dvc.lock promises (MD5 {expected[path]}, found {found})")


def verify(everything: bool, root: Path = Path(".")) -> list[Damage]:
    """All outputs, and the files of DVC's cache behind them.

    everything: all of its cache, that of experiments too, and what the calibration has made.
    """
    cache, found = _cache(root), list(damaged_outputs(root=root))
    if not everything:
        return [*found, *damaged_cache(cache, locked_outputs(root).values())]
    return [*found, *damaged_outputs(root=root, pipeline=CALIBRATION), *damaged_cache(cache)]


def delete(path: Path) -> None:
    """Delete a file, if it is there, or a folder with all in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def damaged_cache(cache: Path, of: Iterable[str] | None = None) -> Iterator[Damage]:
    """Files of DVC's cache whose name is not their MD5: of these digests, with what their folders hold, or of all."""
    named = (file for file in cache.glob("??/*") if file.is_file()) if of is None else _named(cache, of)
    files = sorted(set(named))
    with ThreadPoolExecutor() as pool:
        for file, found in zip(files, pool.map(md5, files), strict=True):
            if found != (name := named_md5(file)):
                yield Damage(file, f"damaged in DVC's cache (MD5 {name}, found {found})")


def named_md5(file: Path) -> str:
    """The MD5 after which a file of DVC's cache is named."""
    return (file.parent.name + file.name).removesuffix(".dir")


def dvc_digest(path: Path) -> str:
    """DVC's digest of a file, or of a folder: the MD5 of the list of its files, with `.dir`."""
    if not path.is_dir():
        return md5(path)
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    # The list exactly as DVC writes it: order of files and keys, and spaces, are part of its MD5.
    entries = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest() + ".dir"


def restore(folder: Path, root: Path) -> None:
    """Link from DVC's cache what the dvc.lock in this folder names of metrics/ and git does not hold: times, the page.

    What the cache does not have stays missing, as in a clone that was never pulled.
    """
    wanted = {path: digest for path, digest in locked_outputs(folder).items() if path.is_relative_to(METRICS)}
    if not wanted:
        return
    cache = _cache(root)
    for path, digest in wanted.items():
        listing = cache / digest[:2] / digest[2:]
        listed = _entries(listing) if digest.endswith(".dir") and listing.is_file() else []
        for entry in listed if digest.endswith(".dir") else [{"md5": digest, "relpath": ""}]:
            file, target = cache / entry["md5"][:2] / entry["md5"][2:], folder / path / entry["relpath"]
            # A lock or a listing from elsewhere may name a place outside the folder.
            if file.is_file() and not target.exists() and ".." not in target.parts:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(file.resolve())


def _cache(root: Path) -> Path:
    """Where DVC keeps files by their MD5, as its configuration says."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"DVC does not tell where its cache is: {done.stderr.strip()}")
    return root / done.stdout.strip() / "files" / "md5"


def _overlap(first: Path, second: Path) -> bool:
    """Whether two paths are the same, or one lies in the other."""
    return first.is_relative_to(second) or second.is_relative_to(first)


def _named(cache: Path, digests: Iterable[str]) -> Iterator[Path]:
    """The cache's files behind digests, with those that a folder's list names."""
    for file in filter(Path.is_file, (cache / digest[:2] / digest[2:] for digest in digests)):
        yield file
        if file.suffix == ".dir":
            yield from _named(cache, (entry["md5"] for entry in _entries(file)))


def _entries(listing: Path) -> list[dict[str, str]]:
    """What a folder's list names; nothing where it is damaged itself, which is told elsewhere."""
    try:
        entries: list[dict[str, str]] = json.loads(listing.read_bytes())
    except ValueError:
        return []
    return [entry for entry in entries if isinstance(entry, dict) and "md5" in entry]


# Files of DVC that a killed `dvc` broke off, or a bad disk damaged: the next one stops on them with few words.

RWLOCKS = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))
"""Who reads and writes what at the moment. DVC writes them in place and refuses to start on half of one."""
CACHE = Path(".dvc/cache/files/md5")
"""Where DVC keeps files unless it is told otherwise; `hansard-bias verify` asks it, which takes half a second."""


def repair(root: Path = Path(".")) -> list[str]:
    """Remove what is broken off and says nothing; a line for each. ValueError for a broken dvc.lock, with what to do.

    Nothing is looked at in a stage: DVC is at work then.
    """
    if "DVC_STAGE" in os.environ:
        return []
    lines = [f"removed {root / file}, which a killed dvc broke off" for file in RWLOCKS if _removed(root / file)]
    # After the locks: reading dvc.lock, which is next, refuses a broken one.
    for listing in _damaged_lists(root):
        listing.unlink()
        lines.append(f"removed {listing}, the list of a folder's files, which was damaged; dvc repro makes it anew")
    return lines


def _damaged_lists(root: Path) -> list[Path]:
    """Lists of folders in DVC's cache whose name is not their MD5. DVC stops on one with a word from within it."""
    names = sorted({digest for digest in locked_outputs(root).values() if digest.endswith(".dir")})
    lists = [root / CACHE / name[:2] / name[2:] for name in names]
    return [file for file in lists if file.is_file() and md5(file) != named_md5(file)]


def _removed(file: Path) -> bool:
    """Whether the file was broken, and is gone; while a dvc holds it, it is being written and stays."""
    if not file.is_file() or _is_whole(file):
        return False
    with file.with_name(f"{file.name}.lock").open("a") as guard:
        # Looked at again: who held the lock may have ended well meanwhile.
        if not try_lock(guard) or _is_whole(file):
            return False
        file.unlink(missing_ok=True)
        return True


def _is_whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True
