"""Does a language model that learned from one legislature's debates predict another's worse?

import hansard_bias as hb

study = hb.load_study("path/of/the/project")
print(study.matrix)

docs/api.md says what there is.
"""

from importlib import import_module
from typing import Any

# Where each public name is. The command line imports this file, too: nothing heavy is loaded before it is asked for.
_PUBLIC = {"Study": "study", "load_study": "study", "Companion": "scoring", "Scored": "scoring", "score": "scoring"}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.api.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
