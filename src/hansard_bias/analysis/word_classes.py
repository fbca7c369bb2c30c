"""Classes of words, and the file that says which words are of which."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.base.yaml import read_plain_yaml

FUNCTION, NAMES, PROCEDURE, CONTENT, SIGNS = CLASSES = (
    "function words",
    "names and numbers",
    "procedure",
    "other content words",
    "punctuation and signs",
)
# Keys of the file with the lists.
LISTS = {"function_words": FUNCTION, "procedure": PROCEDURE, "names": NAMES}


def function_words(path: Path) -> frozenset[str]:
    """The listed words that carry grammar: they stay where a prompt's content words are hidden."""
    return frozenset(word for word, kind in read_lists(path).items() if kind == FUNCTION)


def read_lists(path: Path) -> dict[str, str]:
    """The class of every listed word, in lower case; a word in two lists is of the first.

    Raises ValueError, naming the file, for anything but lists of words under known keys.
    """
    raw = read_plain_yaml(path)
    if not isinstance(raw, dict) or not raw.keys() <= LISTS.keys():
        held = ", ".join(map(str, raw)) if isinstance(raw, dict) else repr(raw)
        raise ValueError(f"{path}: holds {held}, expected lists of words under {', '.join(LISTS)}")
    classes: dict[str, str] = {}
    for key, kind in LISTS.items():
        words = raw.get(key) or []
        wrong = words if not isinstance(words, list) else next((w for w in words if not isinstance(w, str)), None)
        if wrong is not None:
            raise ValueError(f"{path}: {key} holds {wrong!r}, expected a list of words; put quotes around {wrong!r}")
        for word in words:
            classes.setdefault(word.casefold(), kind)
    return classes
