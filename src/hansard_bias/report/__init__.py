"""The page: what was measured, as figures, tables and sentences. It only reads metrics/, and asks no model."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def discover() -> None:
    """Import every module that may register a figure, a table or a text: whoever adds one edits no list."""
    for package in (f"{__name__}.figures", f"{__name__}.tables"):
        for module in iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
