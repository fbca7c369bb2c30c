"""Files that DVC trusts, damaged in place: its cache, its folders' lists, its memory of runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from faults.damage import flip, truncate
from faults.outcomes import Outcome, is_clear, results, said
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

Damage = Callable[[bytes], bytes]

READ_BY = {
    "data/speeches/nunavut.parquet": "align",
    "data/aligned/canada.parquet": "encode",
    "data/encoded/canada/pieces.npy": "score",
    "models/tokenizer/tokenizer.json": "encode",
    "models/tokenizer/tokenizer_config.json": "encode",
    "models/canada-1/model.safetensors": "score",
    "models/canada-1/tokenizer.json": "probe",
    "data/scores/canada-1.parquet": "bias",
    "data/likelihoods/canada-1.parquet": "bias",
    "data/probed/nunavut-1.parquet": "bias",
}
"""Results, and a stage that reads each."""


def damaged_store(campaign: Campaign) -> Outcome:
    """Every kind of file in DVC's cache is damaged in place, checked out, and read by a stage that has to run again."""
    outcome = Outcome()
    for name, stage in READ_BY.items():
        clone, damage = campaign.copy(campaign.built, "damaged"), campaign.random.choice((truncate, flip))
        damage_in_place(stored(clone, name), damage)
        touch(clone, stage)
        _as_told(clone, campaign, outcome, f"{damage.__name__} {name} in DVC's cache, read by {stage}")
    for what, files in (("a folder's list", lists), ("what DVC knows of runs", run_cache)):
        clone, damage = campaign.copy(campaign.built, "damaged"), campaign.random.choice((truncate, flip))
        for file in files(clone):
            damage_in_place(file, damage)
        shutil.rmtree(clone.root / "models")
        touch(clone, "score")
        _as_told(clone, campaign, outcome, f"{damage.__name__} {what} in DVC's cache")
    return outcome


def stored(clone: Clone, name: str) -> Path:
    """The file of DVC's cache that holds this result, and nothing of it in the workspace."""
    content = clone.root / name
    cached = in_cache(clone, _md5(clone, name))
    top = Path(*Path(name).parts[:2])
    target = clone.root / (top if content.is_file() and (clone.root / top).is_dir() else name)
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    return cached


def in_cache(clone: Clone, md5: str) -> Path:
    return clone.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def lists(clone: Clone) -> Iterator[Path]:
    """The lists of the models' folders."""
    return (in_cache(clone, md5) for path, md5 in _outs(clone) if path.startswith("models/"))


def run_cache(clone: Clone) -> Iterator[Path]:
    return (path for path in (clone.root / ".dvc" / "cache" / "runs").rglob("*") if path.is_file())


def damage_in_place(path: Path, damage: Damage) -> None:
    """Damage what every link to the file shows, and leave it read-only, as DVC expects it."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    with path.open("r+b") as handle:
        content = damage(handle.read())
        handle.seek(0)
        handle.write(content)
        handle.truncate()
    path.chmod(mode)


def touch(clone: Clone, stage: str) -> None:
    """Let a stage run again, with the same results."""
    module = clone.root / "src" / "hansard_bias" / "pipeline" / f"{stage}.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# Touched.\n", encoding="utf-8")


def _as_told(clone: Clone, campaign: Campaign, outcome: Outcome, what: str) -> None:
    """The next run ends well, or refuses; then what it says is done, and the one after that ends well."""
    outcome.tries += 1
    done = clone.attempt("dvc", "repro")
    printed = said(done)
    if done.returncode:
        told = (is_clear(printed) and "`hansard-bias verify --all --remove`" in printed) or _mended(clone)
        if not told:
            outcome.notes.append(f"{what}: not told what to do: {printed[-600:]}")
        outcome.refused += told
        outcome.wrong += not told
    # What `make repro` does after `dvc repro`.
    elif clone.attempt("hansard-bias", "verify").returncode:
        outcome.refused += 1
    else:
        outcome.judge(results(clone.root), campaign.expected, what)
        return
    clone.attempt("hansard-bias", "verify", "--all", "--remove")
    again = clone.attempt("dvc", "repro")
    if again.returncode or results(clone.root) != campaign.expected:
        outcome.wrong += 1
        outcome.notes.append(f"{what}: not mended by what was told: {said(again)[-600:]}")


def _mended(clone: Clone) -> bool:
    """Whether `hansard-bias check`, with which `make repro` begins, finds the damage that DVC has no clear word for."""
    return "which was damaged; dvc repro makes it anew" in clone.attempt("hansard-bias", "check").stdout


def _outs(clone: Clone) -> Iterator[tuple[str, str]]:
    lock = YAML(typ="safe", pure=True).load(clone.root / "dvc.lock")
    return ((out["path"], out["md5"]) for stage in lock["pipeline"].values() for out in stage["outs"])


def _md5(clone: Clone, name: str) -> str:
    """The MD5 of a result, or of a file in a folder that is one."""
    for path, md5 in _outs(clone):
        if path == name:
            return md5
        if name.startswith(f"{path}/"):
            entries = json.loads(in_cache(clone, md5).read_bytes())
            return next(str(entry["md5"]) for entry in entries if f"{path}/{entry['relpath']}" == name)
    raise AssertionError(f"{name} is no result")
