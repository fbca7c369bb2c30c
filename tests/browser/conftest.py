"""One headless Chromium for all tests of this folder, and pages in it that reach nothing but what is meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from helpers.offline_browser import Opener, headless_chromium


# Not for the whole session: a running Playwright keeps an event loop in this thread, in the way of other tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all of them."""
    with headless_chromium() as started:
        yield started


@pytest.fixture
def opener(browser: Browser) -> Iterator[Opener]:
    """Opens files and pages of local servers; closes them after the test."""
    opens = Opener(browser)
    yield opens
    opens.close()
