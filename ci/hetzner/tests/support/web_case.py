"""Serves an application with the embedded server, and asks it with raw bytes."""

from __future__ import annotations

import contextlib
import io
import socket
import unittest
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lib.web_server.limits import Limits
from lib.web_server.server import Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# for clients that are to be too slow; others may be, on a busy machine
SHORT = Limits(
    connections=8, head_seconds=0.5, body_seconds=0.5, write_seconds=0.5, close_seconds=1
)
USUAL = replace(Limits(), connections=8)


def echo(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer with the body of the request."""
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def everything(client: socket.socket) -> bytes:
    """Return all that the server sends; what came before a reset if there is one."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            data += piece
    return data


class WebCase(unittest.TestCase):
    """`serve` begins to serve; `log` has the lines of the server."""

    def setUp(self) -> None:
        self.log = io.StringIO()
        self.enterContext(contextlib.redirect_stderr(self.log))

    def serve(
        self, application: WSGIApplication = echo, limits: Limits = USUAL, host: str = "127.0.0.1"
    ) -> Server:
        self.server = Server(application, host, 0, limits)
        self.server.start()
        self.addCleanup(self.server.close)
        return self.server

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.server.address, timeout=30)
        self.addCleanup(client.close)
        return client

    def ask(self, request: bytes) -> bytes:
        """Return the whole answer to a request of these bytes."""
        with self.connect() as client:
            client.sendall(request)
            return everything(client)

    def status(self, request: bytes) -> int:
        return int(self.ask(request).split(b" ", 2)[1])

    def answer(
        self, give: Callable[[StartResponse], Iterable[bytes]], method: str = "GET"
    ) -> bytes:
        """Return the answer of an application that `give` is."""
        self.serve(lambda _, start: give(start))
        return self.ask(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
