"""The browser that the other tests look through: it must see what they say is not there."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import pytest

from helpers.offline_browser import PHONE, Opener

BAD = """<!doctype html><html><head><title>bad</title></head><body>
<img src="http://example.org/a.png"><div style="width:900px;color:#bbb;background:#fff">pale</div>
<script>fetch("https://example.org/b"); throw new Error("on purpose")</script></body></html>"""
GOOD = """<!doctype html><html lang="en"><head><title>good</title></head><body><main><h1>Good</h1></main>
<script>document.body.dataset.drawn = matchMedia("(prefers-color-scheme: dark)").matches</script></body></html>"""


def write(folder: Path, text: str) -> Path:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    return file


def test_requests_errors_width_and_faults_are_seen(opener: Opener, tmp_path: Path) -> None:
    opened = opener.file(write(tmp_path, BAD), PHONE)
    opened.page.wait_for_load_state("load")
    assert set(opened.requests) == {"http://example.org/a.png", "https://example.org/b"}
    assert any("on purpose" in error for error in opened.errors)
    assert opened.scrolls_sideways()
    assert {"html-has-lang", "color-contrast", "image-alt"} <= {line.split(":")[0] for line in opened.violations()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_good_page_has_none(opener: Opener, tmp_path: Path, scheme: str) -> None:
    opened = opener.file(write(tmp_path, GOOD), PHONE, scheme)
    assert opened.page.locator("body").get_attribute("data-drawn") == str(scheme == "dark").lower()
    assert (opened.requests, opened.errors, opened.violations()) == ([], [], [])
    assert not opened.scrolls_sideways()


def test_only_the_server_that_is_meant_is_answered(opener: Opener, tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("Good", '<img alt="" src="http://127.0.0.1:9/x.png">'))

    def handler(*arguments: object) -> http.server.BaseHTTPRequestHandler:
        return Quiet(*arguments, directory=str(tmp_path))  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened = opener.served(f"http://127.0.0.1:{server.server_port}/page.html")
        server.shutdown()
    assert opened.page.title() == "good"
    assert opened.requests == ["http://127.0.0.1:9/x.png"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that prints nothing."""

    def log_message(self, *arguments: object) -> None:
        pass
