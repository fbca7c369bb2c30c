"""Ready-made settings, written into params.yaml by key so that its comments stay."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hansard_bias.base.files import atomic_write
from hansard_bias.base.messages import joined, one_line, require_known, shown
from hansard_bias.base.yaml import BROKEN, not_yaml, read_plain_yaml
from hansard_bias.operations.lock import look_up
from hansard_bias.params import PARAMS_FILE, Config, parse_config


def apply_preset(name: str, paths: list[str], file: Path = PARAMS_FILE, force: bool = False) -> list[str]:
    """Write a preset and the archives' paths; returns the changes, one line each.

    Raises ValueError, and leaves the file as it was, for an unknown preset, corpus or path, and, without `force`, where
    settings of the user's own would be lost.
    """
    presets = load_presets()
    require_known("preset", name, presets)
    plain = read_plain_yaml(file, remedy="run this in the project's root")
    if not isinstance(plain, dict) or not isinstance(plain.get("corpora"), dict):
        raise ValueError(f"{file}: is {shown(plain)}, expected sections, corpora among them; restore it first")
    # The library's own kind of dictionaries, which keep comments and quotes.
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 200
    try:
        document = yaml.load(file.read_text(encoding="utf-8"))
    except BROKEN as error:
        raise not_yaml(str(file), error) from None
    named = _archive_paths(paths, document)
    # Places of corpora are the preset's and not the user's: sizes fit any corpora.
    places = {f"corpora.{corpus}.path" for corpus in document["corpora"] or {}}
    fitting = {key: value for key, value in presets[name].items() if key in places or not key.startswith("corpora.")}
    settings = fitting | named
    edits = [key for key in _edits(document, presets) if key not in named]
    # Nothing is on the disk yet: a refusal leaves the file as it was.
    changes = {key: line for key, value in settings.items() if (line := _set(document, key, value, file))}
    if not force and (lost := [changes[key] for key in edits if key in changes]):
        raise ValueError(
            f"{file}: preset {name} would overwrite settings of your own: {'; '.join(lost)}; "
            "nothing was changed; add --force to overwrite them (a copy of the file keeps them)"
        )
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    with atomic_write(file) as partial:
        partial.write_text(buffer.getvalue(), encoding="utf-8")
        # A file that would be refused later does not replace the one that was there.
        parse_config(read_plain_yaml(partial, str(file)))
    return list(changes.values()) or [f"{file} already holds the settings of {name}"]


def load_presets() -> dict[str, dict[str, Any]]:
    """Every preset by name: its settings by dotted key."""
    presets: dict[str, dict[str, Any]] = read_plain_yaml(Path(__file__).with_name("presets.yaml"))
    return presets


def preset_config(name: str, file: Path = PARAMS_FILE) -> Config:
    """The configuration that params.yaml would hold with this preset."""
    document = read_plain_yaml(file)
    for key, value in load_presets()[name].items():
        _set(document, key, value, file)
    return parse_config(document)


def _edits(document: Any, presets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    # The user's own are what differs from the preset that the file resembles most.
    keys = dict.fromkeys(key for preset in presets.values() for key in preset)
    held = {key: look_up(document, key) for key in keys}
    # As a share: presets do not set equally many keys.
    base = max(presets.values(), key=lambda preset: sum(held[key] == preset[key] for key in preset) / len(preset))
    return [key for key in keys if held[key] is not None and (key not in base or held[key] != base[key])]


def _archive_paths(paths: list[str], document: Any) -> dict[str, str]:
    settings = {}
    for argument in paths:
        corpus, separator, text = argument.partition("=")
        if not separator or not text:
            raise ValueError(f"--path is {argument!r}, expected CORPUS=PATH, for example nunavut=/data/Hansard.tgz")
        if corpus not in document["corpora"]:
            raise ValueError(f"--path names {corpus!r}, expected a corpus: {joined(document['corpora'])}")
        if not Path(text).expanduser().exists():
            raise ValueError(f"--path {corpus}: {text} does not exist, expected an archive or a folder")
        path = Path(text).expanduser().resolve()
        # Experiment workspaces lie elsewhere: only a path inside the project may stay relative.
        inside = path.is_relative_to(Path.cwd())
        settings[f"corpora.{corpus}.path"] = str(path.relative_to(Path.cwd()) if inside else path)
    return settings


def _set(document: Any, key: str, value: object, file: Path) -> str:
    """What changed by setting one dotted key, or nothing."""
    *sections, last = key.split(".")
    place = document
    for section in sections:
        if not isinstance(place.get(section), dict):
            raise ValueError(f"{file}: {key} cannot be set, {section} is no section; restore it or set it by hand")
        place = place[section]
    before = place.get(last)
    if before == value:
        return ""
    if isinstance(value, list) and isinstance(before, list):
        line = f"{key}: {list(before)} -> {value}"
        # In place, so that comments beside the list stay.
        before.clear()
        before.extend(value)
        return line
    place[last] = value
    return f"{key}: {one_line(str(before))} -> {value}"
