"""Integrity: whether files hold what dvc.lock says; and the repair of what a killed DVC broke off.

DVC takes a read-only file of its cache for whole and never reads it again: one that was damaged in place is checked out
without a word. Here it is found, before a number depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """Refuse to run on inputs that are not what dvc.lock promises; without DVC, where they may be meant, only warn."""
    # Of several processes of one training, the first one looks.
    if os.environ.get("RANK", "0") != "0" or not (root / pipeline / LOCK).is_file():
        return
    damage = next(damaged_outputs(stage_inputs(stage, values, root, pipeline), root, pipeline), None)
    if damage is not None:
        message = f"{damage.path}: {damage.what}; {REMEDY}"
        if "DVC_STAGE" in os.environ:
            raise ValueError(f"{message}, and `dvc commit` accepts what you changed yourself")
        warn(message)


def damaged_outputs(
    inputs: Iterable[Path] | None = None, root: Path = Path("."), pipeline: Path = STUDY
) -> Iterator[Damage]:
    """What is there and differs from dvc.lock, of these inputs or of all outputs."""
    outputs = {path: digest for path, digest in locked_outputs(root, pipeline).items() if (root / path).exists()}
    if inputs is not None:
        # A stage may read a folder that several outputs lie in, or a file within one output.
        wanted, every = list(inputs), outputs
        outputs = {
            path: digest
            for path, digest in every.items()
            if any(path.is_relative_to(each) or each.is_relative_to(path) for each in wanted)
        }
    for path, found in _mismatches(outputs, lambda path: dvc_digest(root / path)):
        yield Damage(path, f"does not hold what dvc.lock promises (MD5 {outputs[path]}, found {found})")


def damaged_cache(cache: Path, of: Iterable[str] | None = None) -> Iterator[Damage]:
    """Files of DVC's cache whose name is not their MD5: of these digests, with what their folders hold, or of all."""
    named = (file for file in cache.glob("??/*") if file.is_file()) if of is None else _named(cache, of)
    files = {file: _named_md5(file) for file in sorted(set(named))}
    for file, found in _mismatches(files, md5):
        yield Damage(file, f"damaged in DVC's cache (MD5 {files[file]}, found {found})")


def _mismatches(expected: Mapping[Path, str], digest: Callable[[Path], str]) -> Iterator[tuple[Path, str]]:
    # Hashing leaves Python to the other threads.
    with ThreadPoolExecutor() as pool:
        for path, found in zip(expected, pool.map(digest, expected), strict=True):
            if found != expected[path]:
                yield path, found


def verify(everything: bool, root: Path = Path(".")) -> list[Damage]:
    """All outputs and DVC's files behind them; everything: all of its cache, and what the calibration has made."""
    cache, found = _cache(root), list(damaged_outputs(root=root))
    if not everything:
        return [*found, *damaged_cache(cache, locked_outputs(root).values())]
    return [*found, *damaged_outputs(root=root, pipeline=CALIBRATION), *damaged_cache(cache)]


def verified(everything: bool, remove: bool) -> Iterator[str]:
    """What `verify` finds, a line each, and what was done with it; ValueError at the end where something stays."""
    damages = verify(everything)
    yield from (f"{damage.path}: {damage.what}" for damage in damages)
    if not damages:
        yield "verified: results and DVC's cache hold what dvc.lock promises"
        return
    if not remove:
        raise ValueError(
            f"{len(damages)} damaged, changed by hand, or of a run that did not end; `dvc repro` ends one, "
            "`hansard-bias verify --all --remove` deletes the rest so that `dvc repro` makes it anew"
        )
    for damage in damages:
        delete(damage.path)
    again = "`dvc repro` makes them anew, or `dvc pull` fetches them where there is a remote"
    yield f"removed {len(damages)}; {again}"


def delete(path: Path) -> None:
    """Delete a file, if it is there, or a folder with all in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def dvc_digest(path: Path) -> str:
    """DVC's digest of a file, or of a folder: the MD5 of the list of its files, with `.dir`."""
    if not path.is_dir():
        return md5(path)
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    # The list exactly as DVC writes it: order of files and keys, and spaces, are part of its MD5.
    entries = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest() + ".dir"


def restore(folder: Path, root: Path) -> None:
    """Link from DVC's cache what the dvc.lock in this folder names of metrics/ and git lacks: times, the page."""
    wanted = {path: digest for path, digest in locked_outputs(folder).items() if path.is_relative_to(METRICS)}
    # DVC takes half a second to tell where its cache is.
    cache = _cache(root) if wanted else Path()
    for path, digest in wanted.items():
        is_folder = digest.endswith(".dir")
        for entry in _entries(_cached(cache, digest)) if is_folder else [{"md5": digest, "relpath": ""}]:
            file, target = _cached(cache, entry["md5"]), folder / path / entry["relpath"]
            # What the cache lacks stays missing, as in a clone that was never pulled; and a lock or a listing from
            # elsewhere may name a place outside the folder.
            if file.is_file() and not target.exists() and ".." not in target.parts:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(file.resolve())


def _cache(root: Path) -> Path:
    # Only DVC knows what its configuration, of four files, says.
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"DVC does not tell where its cache is: {done.stderr.strip()}")
    return root / done.stdout.strip() / "files" / "md5"


def _cached(cache: Path, digest: str) -> Path:
    return cache / digest[:2] / digest[2:]


def _named_md5(file: Path) -> str:
    return (file.parent.name + file.name).removesuffix(".dir")


def _named(cache: Path, digests: Iterable[str]) -> Iterator[Path]:
    # With those that a folder's list names.
    for file in filter(Path.is_file, (_cached(cache, digest) for digest in digests)):
        yield file
        if file.suffix == ".dir":
            yield from _named(cache, (entry["md5"] for entry in _entries(file)))


def _entries(listing: Path) -> list[dict[str, str]]:
    # Nothing where the list is missing, or damaged itself, which is told elsewhere.
    try:
        entries: list[dict[str, str]] = json.loads(listing.read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [entry for entry in entries if isinstance(entry, dict) and "md5" in entry]


# Files of DVC that a killed `dvc` broke off, or a bad disk damaged: the next one stops on them with few words.

# Who reads and writes what at the moment. DVC writes them in place and refuses to start on half of one.
RWLOCKS = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))
# Where DVC keeps files unless it is told otherwise; `verify` asks it, which takes half a second.
CACHE = Path(".dvc/cache/files/md5")


def repair(root: Path = Path(".")) -> list[str]:
    """Remove what is broken off and says nothing; a line each. ValueError for a broken dvc.lock, with what to do."""
    # In a stage, DVC is at work: its files are being written.
    if "DVC_STAGE" in os.environ:
        return []
    lines = [f"removed {root / file}, which a killed dvc broke off" for file in RWLOCKS if _removed(root / file)]
    # After the locks: reading dvc.lock, which is next, refuses a broken one.
    for name in sorted({digest for digest in locked_outputs(root).values() if digest.endswith(".dir")}):
        listing = _cached(root / CACHE, name)
        # DVC stops on such a list with a word from within it.
        if listing.is_file() and md5(listing) != _named_md5(listing):
            listing.unlink()
            lines.append(f"removed {listing}, the list of a folder's files, which was damaged; dvc repro makes it anew")
    return lines


def _removed(file: Path) -> bool:
    """Whether the file was broken, and is gone."""
    if _is_whole(file):
        return False
    # While a dvc holds it, it is being written, and stays.
    with file.with_name(f"{file.name}.lock").open("a") as guard:
        # Looked at again: who held the lock may have ended well meanwhile.
        if not try_lock(guard) or _is_whole(file):
            return False
        file.unlink(missing_ok=True)
        return True


def _is_whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes() if file.is_file() else b"{}")
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True
