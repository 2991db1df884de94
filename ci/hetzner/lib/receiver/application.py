"""The WSGI application of a box: `POST /webhook`, and readers' pages by another application."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from lib.commit_queue.entry import Push
from lib.commit_queue.store import CommitQueue
from lib.common import plain_text, redact
from lib.receiver import signature
from lib.receiver.events import Ignored, Rules, change_of
from lib.receiver.payload import PayloadError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/webhook"
MOST = 25 * 1024 * 1024  # bytes, which GitHub sends at most; other servers have no such limit
DELIVERY = re.compile(r"[A-Za-z0-9-]{1,64}")
EVENT = re.compile(r"[a-z0-9_]{1,64}")
QUEUED = "queued as entry {entry}"
DELETED = "the branch was deleted: what waits or runs for it alone ends"
OK, ACCEPTED = "200 OK", "202 Accepted"
HEADERS = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]


class AnswerError(Exception):
    """A request that is refused, with the status and the text of the answer."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


class Application:
    """Receives webhooks signed with `secret`, or all for '', and passes other requests on.

    It answers when the queue holds the push on disk, and asks neither git nor GitHub.
    """

    def __init__(
        self, queue: CommitQueue, rules: Rules, secret: str, others: WSGIApplication
    ) -> None:
        self._queue = queue
        self._rules = rules
        self._secret = secret
        self._others = others
        self._mask = redact.of_environment()  # once: it reads all of the environment

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO") != PATH:
            return self._others(environ, start)
        if environ["REQUEST_METHOD"] != "POST":
            return _say(start, "405 Method Not Allowed", "expected POST", ("Allow", "POST"))
        try:
            status, text = self._receive(environ)
        except AnswerError as error:
            status, text = error.status, str(error)
        self._log(environ, f"webhook {_header(environ, 'X-GitHub-Delivery')}: {status}: {text}")
        return _say(start, status, text)

    def _receive(self, environ: WSGIEnvironment) -> tuple[str, str]:
        """Return status and text of the answer. Raises AnswerError."""
        body = _body(environ)
        given = _header(environ, signature.HEADER)
        if self._secret and not signature.is_valid(self._secret, body, given):
            raise AnswerError("401 Unauthorized", f"expected a valid {signature.HEADER}")
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise AnswerError(
                "415 Unsupported Media Type",
                "expected application/json: choose it as the content type of the webhook",
            )
        event = _matching(environ, "X-GitHub-Event", EVENT)
        delivery = _matching(environ, "X-GitHub-Delivery", DELIVERY)
        try:
            payload = parse(body)
            change = Ignored("") if event == "ping" else change_of(event, payload, self._rules)
        except PayloadError as error:
            raise AnswerError("400 Bad Request", str(error)) from None
        if event == "ping":
            return OK, "pong"
        if isinstance(change, Ignored):
            return OK, f"ignored: {change.why}"
        status, answer = (ACCEPTED, QUEUED) if isinstance(change, Push) else (OK, DELETED)
        try:
            return status, self._queue.receive(delivery, change, answer)
        except OSError as error:
            self._log(environ, f"webhook {delivery}: {error}")
            raise AnswerError(
                "503 Service Unavailable", "the queue cannot be written: deliver it again later"
            ) from None

    def _log(self, environ: WSGIEnvironment, text: str) -> None:
        line = plain_text.one_line(redact.shorten(text, 400, self._mask))
        errors = environ["wsgi.errors"]
        with contextlib.suppress(OSError, ValueError):  # no reader changes an answer
            errors.write(f"{line}\n")
            errors.flush()


def not_found(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer that there is no such page: the application of a box without pages."""
    return _say(start, "404 Not Found", "there is no such page")


def _body(environ: WSGIEnvironment) -> bytes:
    """Return the whole body. Raises AnswerError."""
    length = environ.get("CONTENT_LENGTH", "")
    if not re.fullmatch("[0-9]{1,15}", length):
        raise AnswerError("411 Length Required", "expected Content-Length")
    if int(length) > MOST:
        raise AnswerError("413 Content Too Large", f"expected {MOST} bytes at most")
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) != int(length):
        raise AnswerError("400 Bad Request", f"expected {int(length)} bytes, found {len(body)}")
    return body


def _header(environ: WSGIEnvironment, name: str) -> str:
    return str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))


def _matching(environ: WSGIEnvironment, name: str, form: re.Pattern[str]) -> str:
    value = _header(environ, name)
    if not form.fullmatch(value):
        raise AnswerError("400 Bad Request", f"expected {name} of the form {form.pattern}")
    return value


def _say(
    start: StartResponse, status: str, text: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    body = f"{text}\n".encode(errors="backslashreplace")
    start(status, [*HEADERS, *headers, ("Content-Length", str(len(body)))])
    return [body]
