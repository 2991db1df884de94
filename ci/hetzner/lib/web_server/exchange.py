"""One request and its answer, and the line that tells of both."""

from __future__ import annotations

import contextlib
import time
import traceback
from typing import TYPE_CHECKING

from lib.web_server import request_head
from lib.web_server.answer import Answer
from lib.web_server.connection import Connection, SilentClientError
from lib.web_server.environment import environment
from lib.web_server.limits import Limits
from lib.web_server.request_head import RefusedError, RequestHead
from lib.web_server.request_log import RequestLog
from lib.web_server.slots import Slots

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

FAULT = "500 Internal Server Error"


class Exchange:
    """Serves one connection; each has one request."""

    def __init__(
        self, connection: Connection, peer: str, slots: Slots, limits: Limits, log: RequestLog
    ) -> None:
        self._connection = connection
        self._peer = peer
        self._slots = slots
        self._limits = limits
        self._log = log
        self._began = time.monotonic()
        self._asked = "-"  # method and path, once they are known

    def serve(self, application: WSGIApplication, address: tuple[str, int]) -> None:
        """Read the request, send the answer, print the line. Raises nothing."""
        try:
            end = self._serve(application, address)
        except SilentClientError:
            return
        except OSError as error:  # the client's connection, not the application: see `_answer`
            end = "cut off" if self._connection.was_cut else f"ended early: {error}"
        took = time.monotonic() - self._began
        self._log.say(f"{self._peer} {self._asked} {end} {self._connection.sent} B {took:.3f} s")

    def _serve(self, application: WSGIApplication, address: tuple[str, int]) -> str:
        try:
            head = request_head.parse(self._connection.read_head(), self._limits)
            self._asked = f"{head.method} {self._log.path(head.path)}"
            body = self._body(head)
        except RefusedError as error:
            Answer(self._connection, "GET").say(error.status, error.why)
            self._connection.linger()
            return f"{error.status} ({error.why})"
        answer = Answer(self._connection, head.method)
        try:
            answer.give(application, environment(head, body, address, self._peer))
        except OSError as error:
            if error is not self._connection.fault:
                return self._fail(answer)
            raise
        except Exception:  # noqa: BLE001 - an application may break in any way
            return self._fail(answer)
        return answer.status

    def _body(self, head: RequestHead) -> bytes:
        if head.length and not self._slots.reserve(self._connection, head.length):
            raise RefusedError("503 Service Unavailable", "expected room for the body: try again")
        if head.waits and head.length:
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._connection.read_body(head.length)

    def _fail(self, answer: Answer) -> str:
        """Answer in place of an application that raised an error, which the log alone tells."""
        for line in traceback.format_exc().splitlines():
            self._log.say(line)
        with contextlib.suppress(OSError):
            if not answer.say(FAULT, FAULT):
                self._connection.reset()
        return FAULT
