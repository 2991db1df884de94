"""Makes the environment of a WSGI application (PEP 3333) from a request."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from lib.web_server.request_head import RequestHead

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# programs that an application starts would take HTTP_PROXY for a setting (CVE-2016-5385)
LEFT_OUT = ("proxy", "content-type", "content-length")


def environment(
    head: RequestHead, body: bytes, server: tuple[str, int], peer: str
) -> WSGIEnvironment:
    """Return the environment of a request; `server` is the address that it came to."""
    named = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in head.headers.items()
        if name not in LEFT_OUT
    }
    made: WSGIEnvironment = {
        **named,
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(head.path).decode("latin-1"),
        "QUERY_STRING": head.query,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": head.version,
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if "content-type" in head.headers:
        made["CONTENT_TYPE"] = head.headers["content-type"]
    if "content-length" in head.headers:
        made["CONTENT_LENGTH"] = head.headers["content-length"]
    return made
