"""The part of the Hub's API that a push uses, on 127.0.0.1: repositories in memory, every request written down."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

TOKEN = "hf_made_up"
LARGE = (".safetensors", ".parquet")


@dataclass
class Hub:
    """What it holds and what it was asked."""

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By repository (`model ORG/NAME`): path to content, as of the last commit."""
    private: dict[str, bool] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Status and content."""
        if method == "PUT" and (name := re.fullmatch(r"/lfs/(\w{64})", path)):
            assert hashlib.sha256(body).hexdigest() == name[1]
            self.objects[name[1]] = body
            return 200, {}
        content = json.loads(body) if body.startswith(b"{") and b"\n" not in body.strip() else {}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            name = f"{content.get('type', 'model')} {content['organization']}/{content['name']}"
            self.files.setdefault(name, {})
            self.private[name] = content["visibility"] == "private"
            return 200, {"url": f"{self.url}/{content['organization']}/{content['name']}", "id": name}
        if found := re.fullmatch(r"/api/(model|dataset)s/(.+)/preupload/main", path):
            mode = {True: "lfs", False: "regular"}
            files = [
                {"path": f["path"], "uploadMode": mode[f["path"].endswith(LARGE)], "shouldIgnore": False}
                for f in content["files"]
            ]
            return 200, {"files": files}
        if path.endswith(".git/info/lfs/objects/batch"):
            link = {"upload": {"href": f"{self.url}/lfs/OID"}, "verify": {"href": f"{self.url}/verify"}}
            told = [
                {**each, "actions": json.loads(json.dumps(link).replace("OID", each["oid"]))}
                for each in content["objects"]
            ]
            return 200, {"transfer": "basic", "objects": told}
        if path == "/verify":
            return 200, {}
        if found := re.fullmatch(r"/api/(model|dataset)s/(.+)/commit/main", path):
            return self._commit(f"{found[1]} {found[2]}", [json.loads(line) for line in body.splitlines()])
        return 404, {"error": "not found"}

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> tuple[int, Any]:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                assert value["encoding"] == "base64"
                self.files[name][value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                self.files[name][value["path"]] = self.objects[value["oid"]]
        return 200, {"commitUrl": f"{self.url}/{name.split()[1]}/commit/1", "commitOid": "1" * 40, "success": True}

    def write(self, name: str, folder: Path) -> Path:
        """A repository as files."""
        for path, content in self.files[name].items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Let it answer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.requests.append(f"{self.command} {self.path}")
            hub.bodies.append(body)
            path = self.path.partition("?")[0]
            known = path.startswith("/lfs/") or self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status, content = hub.answer(self.command, path, body) if known else (401, {"error": "Invalid token"})
            told = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_PUT = do_HEAD = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
