"""The page: what was measured, as figures, tables and sentences. It only reads metrics/, and asks no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, TypeVar

Make = TypeVar("Make", bound=Callable[..., Any])


@dataclass(frozen=True)
class Registered:
    """What the page may show: `@table("name", section=...)` stands above what makes it of a study's `Results`."""

    name: str
    # The section of the page that shows it; empty where the template has words of its own around it.
    section: str = ""
    # Of making, and within a section.
    order: int = 0

    kind: ClassVar[str]
    makers: ClassVar[dict[str, tuple[Any, Callable[..., Any]]]]

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind, cls.makers = kind, {}

    def __call__(self, make: Make) -> Make:
        """Register the function."""
        assert self.name not in self.makers, f"two {self.kind} {self.name}"
        self.makers[self.name] = self, make
        return make

    @classmethod
    def made(cls, results: Any) -> list[tuple[Any, Any]]:
        """Every registration with what its function makes of the results, in order."""
        return [(each, make(results)) for each, make in cls.every()]

    @classmethod
    def every(cls) -> list[tuple[Any, Callable[..., Any]]]:
        """Every registration with its function, in order."""
        # Whoever adds a module with one edits no list.
        for package in (f"{__name__}.figures", f"{__name__}.tables"):
            for module in iter_modules(import_module(package).__path__):
                import_module(f"{package}.{module.name}")
        return sorted(cls.makers.values(), key=lambda entry: entry[0].order)
