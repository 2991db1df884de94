"""GitHub's other end, on this machine: a server that holds to the published API of statuses."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import PATIENCE

TOKEN = "ghp_very+secret/1"
Reply = tuple[int, dict[str, str], bytes]
Judge = Callable[[str, str, Mapping[str, str], bytes], str]  # method, path, headers, body: a fault


class GitHub(ThreadingHTTPServer):
    """Holds to the published API of commit statuses; `replies` are given before it does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply | Callable[[socket.socket], None]] = []
        self.seen: list[dict[str, str]] = []  # bodies that were taken
        self.told: list[tuple[str, str]] = []  # commits and their states, as they were taken
        self.requests: list[str] = []  # paths
        self.gate: threading.Event | None = None  # answers wait for it
        self.judge: Judge = lambda *_: ""  # a further one, which no request may displease
        self.faults: list[str] = []  # that it found
        self.connected: set[socket.socket] = set()  # clients that are not done with

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer a request, in a thread of its own."""
        self.connected.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection of a request."""
        super().shutdown_request(request)
        self.connected.discard(request)


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self.server.requests.append(f"GET {self.path}")
        self.reply(404, {}, b'{"message": "Not Found"}')

    def do_POST(self) -> None:
        self.server.requests.append(self.path)
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # its sender was killed
            return
        if fault := self.server.judge("POST", self.path, dict(self.headers), body):
            self.server.faults.append(fault)
        if self.server.gate:
            self.server.gate.wait(PATIENCE)
        if self.server.replies:
            reply = self.server.replies.pop(0)
            if callable(reply):
                reply(self.connection)
                self.close_connection = True
            else:
                self.reply(*reply)
            return
        code, message = self.judge(json.loads(body))
        self.reply(code, {}, json.dumps({"message": message}).encode())

    def judge(self, body: dict[str, str]) -> tuple[int, str]:
        """Answer as the API does."""
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, "Bad credentials"
        if not self.headers["User-Agent"] or "urllib" in self.headers["User-Agent"]:
            return 403, "Request forbidden by administrative rules"
        if self.headers["X-GitHub-Api-Version"] != "2022-11-28":
            return 400, "version"
        if self.headers["Accept"] != "application/vnd.github+json":
            return 415, "Unsupported 'Accept' header"
        path = re.fullmatch(r"(/repos/o/n|/repositories/7)/statuses/(\w{40})", self.path)
        if not path:
            return 404, "Not Found"
        fits = (
            body.get("state") in {"pending", "success", "failure", "error"}
            and set(body) <= {"state", "context", "description", "target_url"}
            and len(body["description"]) <= 140
            and 0 < len(body["context"]) <= 255
            and body.get("target_url", "https://").startswith(("http://", "https://"))
        )
        if not fits:
            return 422, "Validation Failed"
        self.server.seen.append(body)
        self.server.told.append((path[2], body["state"]))
        return 201, ""

    def reply(self, code: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have given up
            self.end_headers()
            self.wfile.write(body)


@contextlib.contextmanager
def serve() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            if server.gate:
                server.gate.set()
            server.shutdown()
            thread.join()
