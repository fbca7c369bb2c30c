"""Every pinned dependency is on the list of licences, under one that this project may use."""

from __future__ import annotations

import pytest

import licences
from pins import pins


def test_the_page_is_that_of_the_pinned_versions() -> None:
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(), "python tools/licences.py --write"


def test_every_licence_is_accepted() -> None:
    assert {package: licences.licence(package) for package in pins() if not licences.is_accepted(package)} == {}


@pytest.mark.parametrize(
    "words", ["AGPL-3.0", "GPL-3.0-only", "unknown", "Proprietary", "MIT AND AGPL-3.0", "CC-BY-NC-4.0"]
)
def test_others_are_refused(words: str) -> None:
    assert not licences.is_compatible(words)
