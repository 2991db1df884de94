"""The answer to a request: status, headers and body, each kind with the rights that it needs.

Each answer says that a browser must not guess its type, may not show it within another page, and
may not tell other sites where it came from: an address may hold a token.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, str]]

OK = "200 OK"
NOT_FOUND = "404 Not Found"
BUSY = "503 Service Unavailable"
COMMON = (
    ("X-Content-Type-Options", "nosniff"),  # fetch.spec.whatwg.org, "nosniff"
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
)
TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
EVENTS, SVG = "text/event-stream; charset=utf-8", "image/svg+xml"
# for what code of a branch may have written, and for all that is no page of ours
NO_RIGHTS = "sandbox; default-src 'none'; frame-ancestors 'none'"
STYLED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Answer(NamedTuple):
    """What a server sends; the body of a file or a stream has `close`, as PEP 3333 says."""

    status: str
    headers: Headers
    body: Iterable[bytes]


def headers(kind: str, rights: str = NO_RIGHTS, more: Headers = ()) -> list[tuple[str, str]]:
    """Return the headers of an answer of this content type, with its content security policy."""
    given = dict((*COMMON, ("Content-Type", kind), ("Content-Security-Policy", rights), *more))
    return [*given.items()]


def whole(
    content: str, kind: str = TEXT, rights: str = NO_RIGHTS, status: str = OK, more: Headers = ()
) -> Answer:
    """Return an answer that is all there; what is no text in it is sent as an escape."""
    body = content.encode(errors="backslashreplace")
    sized = (*more, ("Content-Length", str(len(body))))
    return Answer(status, headers(kind, rights, sized), [body])


def say(status: str, more: Headers = ()) -> Answer:
    """Return an answer that says its status only, and repeats nothing of the request."""
    return whole(f"{status}\n", status=status, more=more)


def moved(to: str, status: str = "301 Moved Permanently", more: Headers = ()) -> Answer:
    """Return an answer that leads to another path of this host."""
    return say(status, [("Location", to), *more])


def as_json(value: object, status: str = OK) -> Answer:
    """Return an answer for programs."""
    return whole(f"{json.dumps(value, indent=1)}\n", JSON, status=status)


def page(content: str, scripts: Iterable[str], styles: Iterable[str], status: str = OK) -> Answer:
    """Return a page of ours, whose scripts and styles are named by their digests.

    No other script or style runs in it, and it asks no other host (w3.org/TR/CSP3).
    """
    rights = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digests(scripts)}",
            f"style-src {_digests(styles)}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    return whole(content, HTML, rights, status)


def _digests(texts: Iterable[str]) -> str:
    found = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in found) or "'none'"
