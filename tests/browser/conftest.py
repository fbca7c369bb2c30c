"""One headless Chromium for all tests of this folder, and pages in it that reach nothing but what is meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from offline_browser import Opener, chromium


# Not for the whole session: a running Playwright keeps an event loop in this thread, in the way of other tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless; Playwright brings none and fetches none."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium found: apt-get install chromium")
    with sync_playwright() as playwright:
        # The sandbox does not start for root, as which containers run; only our own pages are opened.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture
def opener(browser: Browser) -> Iterator[Opener]:
    """Opens files and pages of local servers; closes them after the test."""
    opens = Opener(browser)
    yield opens
    opens.close()
