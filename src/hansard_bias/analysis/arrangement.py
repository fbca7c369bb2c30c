"""The order in which results are told: that of params.yaml, whatever order they were computed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hansard_bias.params import Config


def arranged(content: Any, config: Config) -> Any:
    """The same content; mappings from corpora, columns or rows have them in the order of params.yaml."""
    rows = [config.row_key(model) for model in config.models]
    names = [*config.corpora, *rows, *(f"on_{column}" for column in config.columns())]
    return _sorted(content, {name: place for place, name in reversed(list(enumerate(names)))})


def _sorted(content: Any, places: Mapping[str, int]) -> Any:
    if isinstance(content, list):
        return [_sorted(part, places) for part in content]
    if not isinstance(content, dict):
        return content
    keys = sorted(content, key=places.__getitem__) if content.keys() <= places.keys() else content
    return {key: _sorted(content[key], places) for key in keys}
