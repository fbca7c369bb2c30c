"""Pages in the system's Chromium as the tests see them: what was asked of a network, what the console complained of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE, PHONE = (1280, 900), (375, 812)
# In the page itself: neither is a request.
EMBEDDED = ("data", "blob", "about")


def chromium() -> str | None:
    """The path of the system's Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def headless_chromium() -> Iterator[Browser]:
    """The system's Chromium; Playwright brings none and fetches none. Skips the test where there is none."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium found: apt-get install chromium")
    with sync_playwright() as playwright:
        # The sandbox does not start for root, as which containers run; only our own pages are opened.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


class OpenedPage:
    """A page, what it asked of other hosts (refused) and what its console complained of."""

    def __init__(self, browser: Browser, size: tuple[int, int], scheme: str, host: str | None) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._host = host
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            offline=host is None,
            service_workers="block",
        )
        self._context.route("**/*", self._answer)
        self._context.set_default_timeout(20_000)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _answer(self, route: Route) -> None:
        """Let files and the one host that is meant pass; note and refuse the rest."""
        address = urlsplit(route.request.url)
        if address.scheme in ("file", *EMBEDDED) or (self._host and address.netloc == self._host):
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.1 A and AA, and against good practice (landmarks among it)."""
        found = Axe().run(self.page).response["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]

    def scrolls_sideways(self) -> bool:
        """Is the page wider than its window?"""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def screenshot(self, file: Path) -> Path:
        """The whole page as a picture, for somebody to look at."""
        self.page.screenshot(path=file, full_page=True)
        return file

    def close(self) -> None:
        """Close the page with everything that belongs to it."""
        self._context.close()


class Opener:
    """Opens pages in one browser, each in a fresh profile, and closes them all at the end."""

    def __init__(self, browser: Browser) -> None:
        self._browser, self._opened = browser, list[OpenedPage]()

    def file(self, path: Path, size: tuple[int, int] = WIDE, scheme: str = "light") -> OpenedPage:
        """A file from disk, with the network cut; scheme: `light` or `dark`."""
        return self._open(path.resolve().as_uri(), size, scheme, None)

    def served(self, url: str, size: tuple[int, int] = WIDE, scheme: str = "light") -> OpenedPage:
        """A page of a server on this machine; only that server is answered."""
        return self._open(url, size, scheme, urlsplit(url).netloc)

    def _open(self, url: str, size: tuple[int, int], scheme: str, host: str | None) -> OpenedPage:
        opened = OpenedPage(self._browser, size, scheme, host)
        self._opened.append(opened)
        opened.page.goto(url)
        return opened

    def close(self) -> None:
        """Close everything that was opened."""
        for opened in self._opened:
            opened.close()
