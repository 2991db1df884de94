"""Sends the answer of a WSGI application (PEP 3333) to a client."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import formatdate
from types import TracebackType
from typing import TYPE_CHECKING

from lib.web_server.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
_STATUS = re.compile(r"[2-5][0-9][0-9] [ -~]*")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
WITHOUT_BODY = ("204", "304")


class Answer:
    """The answer to one request. Its status and headers are sent with its first bytes of body."""

    def __init__(self, connection: Connection, method: str) -> None:
        self.status = ""  # until the application has said it
        self._connection = connection
        self._bare = method == "HEAD"
        self._headers: Headers = []
        self._begun = False
        self._left: int | None = None  # bytes of body to come, if their number was told

    def give(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Call the application and send its answer. Raises its errors, and OSError."""
        pieces = application(environ, self._start)
        try:
            self._send_all(pieces)
        finally:
            if close := getattr(pieces, "close", None):
                close()

    def say(self, status: str, text: str) -> bool:
        """Send an answer of the server's own; False if another one has begun. Raises OSError."""
        if self._begun:
            return False
        body = f"{text}\n".encode()
        kind = ("Content-Type", "text/plain; charset=utf-8")
        self._set(
            status,
            [kind, ("X-Content-Type-Options", "nosniff"), ("Content-Length", f"{len(body)}")],
        )
        self._write(body)
        return True

    def _send_all(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if piece:
                self._write(piece)
            elif self._connection.is_gone():  # a stream that has nothing to say asks for this
                return
        if not self.status:
            raise RuntimeError("expected a call of start_response, the application made none")
        if not self._begun:
            self._write(b"")
        if self._left and not self._is_empty():
            raise RuntimeError(f"expected as many bytes as Content-Length says, {self._left} lack")

    def _start(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        if exc_info and exc_info[1] and self._begun:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.status and not exc_info:
            raise RuntimeError("expected one call of start_response, the application made another")
        self._set(status, headers)
        return self._write

    def _set(self, status: str, headers: Headers) -> None:
        if not _STATUS.fullmatch(status):
            raise ValueError(f"expected a status such as '200 OK', found {status!r}")
        for name, value in headers:
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):  # it may break the line
                raise ValueError(f"expected a header without control characters, found {name!r}")
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.status, self._headers = status, list(headers)
        self._left = int(lengths[0]) if lengths else None

    def _is_empty(self) -> bool:
        return self._bare or self.status.startswith(WITHOUT_BODY)

    def _write(self, data: bytes) -> None:
        if not self.status:
            raise RuntimeError("expected a call of start_response before the first bytes")
        if self._is_empty():
            data = b""
        elif self._left is not None:
            if len(data) > self._left:
                raise RuntimeError("expected no more bytes than Content-Length says")
            self._left -= len(data)
        head = b"" if self._begun else self._head()
        self._begun = True
        self._connection.send(head + data)

    def _head(self) -> bytes:
        names = {name.lower() for name, _ in self._headers}
        own = [("Connection", "close")]
        if "date" not in names:
            own.append(("Date", formatdate(usegmt=True)))
        lines = [f"{name}: {value}" for name, value in (*self._headers, *own)]
        return "\r\n".join((f"HTTP/1.1 {self.status}", *lines, "", "")).encode("latin-1")
