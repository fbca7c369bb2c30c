"""The parameters that a workspace's results were made with, which need not be those that params.yaml has by now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hansard_bias.base.files import METRICS, run_name
from hansard_bias.base.messages import shown
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.operations.integrity import md5
from hansard_bias.operations.lock import locked_stages
from hansard_bias.params import Config, parse_config

LAST = "report"
"""The stage that runs last and depends on every parameter."""
PARAMS = "params.yaml"


def made_with(root: Path) -> Config:
    """What dvc.lock says of a finished pipeline; of another one params.yaml, unless dvc.lock says that it has changed.

    Raises ValueError, one line, for results that were made with other parameters, and for parameters that are wrong.
    """
    stages = locked_stages(root)
    raw = read_plain_yaml(root / PARAMS)
    if _is_finished(stages.get(LAST, {}), root):
        raw |= _params(stages[LAST])
    config = parse_config(raw)
    if differs := _differing(stages, raw, config):
        raise ValueError(f"{differs}; `dvc repro` first")
    return config


def require_parameters(config: Config, root: Path = Path(".")) -> None:
    """Refuse to describe results that were made with other parameters than these; without DVC, only warn."""
    differs = _differing(locked_stages(root), read_plain_yaml(root / PARAMS), config)
    if differs and "DVC_STAGE" in os.environ:
        raise ValueError(f"{differs}; `dvc repro` runs that first")
    if differs:
        print(f"hansard-bias: warning: {differs}", file=sys.stderr)


def _differing(stages: Mapping[str, Any], raw: Any, config: Config) -> str:
    """One line on the first parameter that a stage ran with and that is another one by now; else nothing."""
    for name in _concerned(stages, config):
        for key, made in _params(stages[name]).items():
            if (found := _look_up(raw, key)) != made:
                return (
                    f"dvc.lock: {name} ran with {_first_difference(key, made, found)} by now; results and parameters "
                    "do not belong together"
                )
    return ""


def _first_difference(key: str, made: Any, found: Any) -> str:
    """The value that differs, within two sections too: `train.lr 0.005, params.yaml has 0.003`."""
    if isinstance(made, dict) and isinstance(found, dict):
        missing = object()
        name = next(name for name in [*made, *found] if made.get(name, missing) != found.get(name, missing))
        return _first_difference(f"{key}.{name}", made.get(name), found.get(name))
    return f"{key} {shown(made)}, params.yaml has {shown(found)}"


def _is_finished(last: Mapping[str, Any], root: Path) -> bool:
    """Whether the last stage has read the results that are there."""
    file = root / METRICS / "bias.json"
    known = {dep["path"]: dep.get("md5") for dep in last.get("deps", ())}
    return file.is_file() and known.get((METRICS / "bias.json").as_posix()) == md5(file)


def _concerned(stages: Mapping[str, Any], config: Config) -> Iterator[str]:
    """The stages behind what is mirrored; dvc.lock keeps those of models and seeds that are no longer asked for."""
    names = ["align", "tokenizer", "bias", *(f"corpus@{corpus}" for corpus in config.corpora)]
    runs = [run_name(model, seed) for model in config.models for seed in config.train.seeds]
    names += [f"{stage}@{run}" for run in runs for stage in ("train", "score")]
    return (name for name in names if name in stages)


def _params(stage: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = stage.get("params", {}).get(PARAMS, {})
    return params


def _look_up(raw: Any, key: str) -> Any:
    """The value of a key with dots; None where it is missing, as DVC records it."""
    for part in key.split("."):
        raw = raw.get(part) if isinstance(raw, dict) else None
    return raw
