"""Ready-made settings, written into params.yaml by key so that its comments stay."""

from __future__ import annotations

import io
import os
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hansard_bias.config import PARAMS_FILE, parse_config


def apply_preset(name: str, paths: list[str], file: Path = PARAMS_FILE) -> list[str]:
    """Write a preset and the archives' paths; returns the changes, one line each.

    Raises ValueError for an unknown preset, corpus or path, and leaves the file as it was.
    """
    presets = YAML(typ="safe", pure=True).load(resources.files("hansard_bias").joinpath("presets.yaml").read_text())
    if name not in presets:
        raise ValueError(f"no preset {name!r}, expected one of {', '.join(presets)}")
    if not file.is_file():
        raise ValueError(f"{file}: no such file; run this in the project's root")
    yaml = _round_trip()
    document = yaml.load(file.read_text(encoding="utf-8"))
    settings = dict(presets[name]) | _archive_paths(paths, document)
    changes = [line for key, value in settings.items() if (line := _set(document, key, value, file))]
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    parse_config(YAML(typ="safe", pure=True).load(buffer.getvalue()))
    partial = file.with_name(file.name + ".partial")
    partial.write_text(buffer.getvalue(), encoding="utf-8")
    os.replace(partial, file)
    return changes or [f"{file} already holds the settings of {name}"]


def _archive_paths(paths: list[str], document: Any) -> dict[str, str]:
    """`corpus=path` arguments as settings; every path must exist."""
    settings = {}
    for argument in paths:
        corpus, separator, text = argument.partition("=")
        if not separator or not text:
            raise ValueError(f"--path is {argument!r}, expected CORPUS=PATH, for example nunavut=/data/Hansard.tgz")
        if corpus not in document["corpora"]:
            raise ValueError(f"--path names {corpus!r}, expected a corpus: {', '.join(document['corpora'])}")
        path = Path(text).expanduser()
        if not path.exists():
            raise ValueError(f"--path {corpus}: {text} does not exist, expected an archive or a folder")
        inside = path.resolve().is_relative_to(Path.cwd())
        # Experiment workspaces lie elsewhere: only a path inside the project may stay relative.
        settings[f"corpora.{corpus}.path"] = str(path.resolve().relative_to(Path.cwd()) if inside else path.resolve())
    return settings


def _set(document: Any, key: str, value: object, file: Path) -> str:
    """Set one dotted key; returns what changed, or nothing."""
    *sections, last = key.split(".")
    place = document
    for section in sections:
        if not isinstance(place.get(section), dict):
            raise ValueError(f"{file}: {key} cannot be set, {section} is no section; restore it or set it by hand")
        place = place[section]
    before = place.get(last)
    if before == value:
        return ""
    if isinstance(value, list):
        before.clear()
        before.extend(value)
        return f"{key}: {value}"
    place[last] = value
    return f"{key}: {before} -> {value}"


def _round_trip() -> Any:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    return yaml
