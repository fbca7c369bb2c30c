"""What dvc.lock says of every output, and what dvc.yaml says that a stage reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

LOCK, PIPELINE = Path("dvc.lock"), Path("dvc.yaml")
HERE, CALIBRATION = Path("."), Path("calibration")
"""The folders of the study's pipeline and of the calibration's. Both run in the project's root."""

# Compiled where the package has it: dvc.lock has 5,000 lines, which take half a second to read without.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_FAST):  # type: ignore[misc]
    """Plain values as YAML 1.2 has them, which DVC writes: 1e-05 is a number, `no` and 12:30 are texts."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)


def locked_stages(root: Path = Path("."), pipeline: Path = HERE) -> dict[str, Any]:
    """The stages of a pipeline's dvc.lock, by name; none where there is no such file yet."""
    file = root / pipeline / LOCK
    return _locked_stages(file.resolve(), file.stat().st_mtime_ns) if file.is_file() else {}


def promised(root: Path = Path("."), pipeline: Path = HERE) -> dict[Path, str]:
    """The MD5 of every output that dvc.lock names; of a folder, DVC's MD5 of its list, which ends in `.dir`."""
    outs = [out for stage in locked_stages(root, pipeline).values() for out in stage.get("outs", ())]
    return {Path(out["path"]): str(out["md5"]) for out in outs if out.get("hash") == "md5"}


def stage_inputs(stage: str, values: Mapping[str, str], root: Path = Path("."), pipeline: Path = HERE) -> list[Path]:
    """What a stage of dvc.yaml reads beside its source code; values: what `${key}`, `${item.seed}` and so on mean."""
    section = _read(root / pipeline / PIPELINE)["stages"][stage]
    deps = [str(dep) for dep in section.get("do", section)["deps"] if not str(dep).startswith("src/")]
    return [Path(re.sub(r"\$\{(.+?)\}", lambda name: values[name[1]], dep)) for dep in deps]


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        remedy = f"take the last one from git (`git checkout -- {file.name}`)"
        if file.name == LOCK.name:
            remedy += ", or delete it: `dvc repro` then takes what was done from its cache"
        raise ValueError(f"{file}: not valid YAML ({' '.join(str(error).split())}); {remedy}") from None
    return content


@lru_cache(maxsize=1)
def _locked_stages(file: Path, _changed: int) -> dict[str, Any]:
    stages: dict[str, Any] = _read(file).get("stages") or {}
    return stages
