"""Serves a WSGI application on a port of this machine, each request in a thread of its own."""

from __future__ import annotations

import contextlib
import http.client
import threading
import unittest
from collections.abc import Iterator, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.validate import validator

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """Counts the threads that answer, and is silent about clients that go away."""

    daemon_threads = True

    def __init__(self, application: WSGIApplication) -> None:
        self.busy = 0
        super().__init__(("127.0.0.1", 0), Silent)
        self.set_app(application)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a request."""
        self.busy += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.busy -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client has gone."""


@contextlib.contextmanager
def served(application: WSGIApplication) -> Iterator[Server]:
    """Serve it for the length of the block."""
    with Server(application) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Asking(unittest.TestCase):
    """A test that asks a server."""

    server: Server
    port: int

    def serve(self, application: WSGIApplication) -> None:
        """Serve it until the end of the test; it has to keep to PEP 3333."""
        self.server = self.enterContext(served(validator(application)))
        self.port = self.server.server_port

    def get(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Ask for a path as it is, and return the answer, whose body may go on."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.addCleanup(asked.close)
        asked.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            asked.putheader(name, value)
        asked.endheaders()
        return asked.getresponse()

    def text(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        """Return the body of the answer to a path, which has to be there."""
        answer = self.get(path, headers=headers)
        body = answer.read().decode()
        self.assertEqual(answer.status, 200, body)
        return body
