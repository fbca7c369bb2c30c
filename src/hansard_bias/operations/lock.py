"""What dvc.lock says of every output and of the parameters behind it, and what dvc.yaml says that a stage reads."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from hansard_bias.base.files import METRICS, MODEL_SECTIONS, TRAINING_SECTION, json_text, md5, run_name
from hansard_bias.base.messages import shown, warn
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params import PARAMS_FILE, Config, parse_config

LOCK, PIPELINE = Path("dvc.lock"), Path("dvc.yaml")
# The folders of the study's pipeline and of the calibration's; both run in the project's root.
STUDY, CALIBRATION = Path("."), Path("calibration")

# Compiled where the package has it: dvc.lock has 5,000 lines, which take half a second to read without.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_FAST):  # type: ignore[misc]
    # Plain values as YAML 1.2 has them, which DVC writes: 1e-05 is a number, `no` and 12:30 are texts.
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)


def locked_stages(root: Path = Path("."), pipeline: Path = STUDY) -> dict[str, Any]:
    """The stages of a pipeline's dvc.lock, by name; none where there is no such file yet."""
    file = root / pipeline / LOCK
    # A command asks several times; a file that has changed since is another entry of the cache.
    return _locked_stages(file.resolve(), file.stat().st_mtime_ns) if file.is_file() else {}


@lru_cache(maxsize=1)
def _locked_stages(file: Path, _changed: int) -> dict[str, Any]:
    stages: dict[str, Any] = _read(file).get("stages") or {}
    return stages


def locked_outputs(root: Path = Path("."), pipeline: Path = STUDY) -> dict[Path, str]:
    """The MD5 of every output that dvc.lock names; of a folder, DVC's MD5 of its list, which ends in `.dir`."""
    outs = [out for stage in locked_stages(root, pipeline).values() for out in stage.get("outs", ())]
    return {Path(out["path"]): str(out["md5"]) for out in outs if out.get("hash") == "md5"}


def stage_inputs(stage: str, values: Mapping[str, str], root: Path = Path("."), pipeline: Path = STUDY) -> list[Path]:
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


# The parameters that results were made with, which need not be those that params.yaml has by now.

# The stage that runs last and depends on every parameter.
LAST = "report"


def locked_config(root: Path) -> Config:
    """What dvc.lock says of a finished pipeline, of others params.yaml; ValueError where that has changed since."""
    stages = locked_stages(root)
    raw = read_plain_yaml(root / PARAMS_FILE)
    last, results = stages.get(LAST, {}), METRICS / "bias.json"
    read = {dep["path"]: dep.get("md5") for dep in last.get("deps", ())}
    if (root / results).is_file() and read.get(results.as_posix()) == md5(root / results):
        # The page is that of these results, and depends on whole sections: they replace those of the file.
        raw |= _params(last)
    config = parse_config(raw)
    if differs := _differing(stages, raw, config):
        raise ValueError(f"{differs}; `dvc repro` first")
    return config


def require_parameters(config: Config, root: Path = Path(".")) -> None:
    """Refuse to describe results that were made with other parameters than these; without DVC, only warn."""
    differs = _differing(locked_stages(root), read_plain_yaml(root / PARAMS_FILE), config)
    if differs and "DVC_STAGE" in os.environ:
        raise ValueError(f"{differs}; `dvc repro` runs that first")
    if differs:
        warn(differs)


APART = "; results and parameters do not belong together"


def _differing(stages: Mapping[str, Any], raw: Any, config: Config) -> str:
    """One line on the first parameter that a stage ran with and that is another one by now; else nothing."""
    # The stages behind what is mirrored; dvc.lock keeps those of models and seeds that are no longer asked for.
    names = ["align", "tokenizer", "bias", *(f"corpus@{corpus}" for corpus in config.corpora)]
    runs = [run_name(model, seed) for model in config.models for seed in config.train.seeds]
    names += [f"{stage}@{run}" for run in runs for stage in ("train", "score")]
    # A training depends on files with what its architecture looks at and what it reads, and DVC on their digests.
    sections: dict[Path, tuple[str, Any]] = {TRAINING_SECTION: ("`model` section or licences", config.of_training())}
    sections |= {MODEL_SECTIONS / f"{model}.json": ("mixture", config.of_model(model)) for model in config.models}
    for name in names:
        read = {dep["path"]: dep.get("md5") for dep in stages.get(name, {}).get("deps", ())}
        for path, (words, content) in sections.items():
            own = hashlib.md5(json_text(content).encode(), usedforsecurity=False).hexdigest()
            if read.get(path.as_posix(), own) != own:
                return f"dvc.lock: {name} ran with another {words} than params.yaml has by now{APART}"
        for key, made in _params(stages.get(name, {})).items():
            if (found := look_up(raw, key)) != made:
                ran = f"dvc.lock: {name} ran with {_first_difference(key, made, found)} by now"
                return f"{ran}{APART}"
    return ""


def _first_difference(key: str, made: Any, found: Any) -> str:
    """The value that differs, within two sections too: `train.lr 0.005, params.yaml has 0.003`."""
    if isinstance(made, dict) and isinstance(found, dict):
        missing = object()
        name = next(name for name in [*made, *found] if made.get(name, missing) != found.get(name, missing))
        return _first_difference(f"{key}.{name}", made.get(name), found.get(name))
    return f"{key} {shown(made)}, params.yaml has {shown(found)}"


def _params(stage: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = stage.get("params", {}).get(PARAMS_FILE.name, {})
    return params


def look_up(raw: Any, key: str) -> Any:
    """The value of a key with dots; None where it is missing, as DVC records it."""
    for part in key.split("."):
        raw = raw.get(part) if isinstance(raw, dict) else None
    return raw
