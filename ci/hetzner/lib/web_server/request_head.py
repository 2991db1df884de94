"""Reads the head of a request, strictly (RFC 9112). Pure.

Requests that two programs could read in two ways are refused, since a proxy before this server and
the server itself would not agree where the next one begins: line ends without CR, folded lines,
blanks before a colon, several lengths, a length beside an encoding (section 11.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from lib.web_server.limits import Limits

_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
# the blanks around a value are stripped later: patterns for them would try each way to share blanks
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)")
_ABSOLUTE = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)
# a second one would contradict the first
_ONCE = ("host", "content-length", "content-type", "transfer-encoding")


class RefusedError(Exception):
    """A request that the application does not get; `status` is the answer, `why` its text."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(f"{status}: {why}")
        self.status = status
        self.why = why


class RequestHead(NamedTuple):
    """A request without its body; names of headers are in lower case."""

    method: str
    path: str  # percent-encoded
    query: str
    version: str  # 'HTTP/1.1'
    headers: dict[str, str]
    length: int  # of the body, in bytes
    waits: bool  # the client sends the body once it is told to (Expect: 100-continue)


def parse(head: bytes, limits: Limits) -> RequestHead:
    """Return the head of a request; `head` ends before the empty line. Raises RefusedError."""
    line, *fields = head.split(b"\r\n")
    found = _LINE.fullmatch(line)
    if not found:
        raise _bad("a request line of method, path and version")
    if found[3] != b"1":
        raise RefusedError("505 HTTP Version Not Supported", "expected HTTP/1.1")
    method, target = found[1].decode(), found[2].decode()
    headers = _headers(fields, limits)
    version = f"HTTP/1.{found[4].decode()}"
    if version != "HTTP/1.0" and "host" not in headers:
        raise _bad("a Host header")
    path, query = _target(target)
    length = _length(headers, limits)
    return RequestHead(method, path, query, version, headers, length, _waits(headers, version))


def _bad(expected: str) -> RefusedError:
    return RefusedError("400 Bad Request", f"expected {expected}")


def _target(target: str) -> tuple[str, str]:
    """Return path and query; a proxy may send a whole URL (section 3.2.2)."""
    path, _, query = _ABSOLUTE.sub("", target, count=1).partition("?")
    if "#" in target or not (path or "/").startswith("/"):
        raise _bad("a path that begins with /")
    return path or "/", query


def _headers(fields: Iterable[bytes], limits: Limits) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, field in enumerate(fields):
        match = _FIELD.fullmatch(field)
        if not match:
            raise _bad("headers of the form 'name: value'")
        if number == limits.headers:
            expected = f"expected {limits.headers} headers at most"
            raise RefusedError("431 Request Header Fields Too Large", expected)
        name, value = match[1].decode().lower(), match[2].strip(b" \t").decode("latin-1")
        if name in found and name in _ONCE:
            raise _bad(f"one header {name}")
        if "_" not in name:  # an application could not tell it from one with a dash
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _length(headers: dict[str, str], limits: Limits) -> int:
    encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if encoding is not None:
        if length is None and encoding.lower() == "chunked":
            raise RefusedError(
                "411 Length Required", "expected a body with Content-Length, not chunked"
            )
        raise _bad("a body with Content-Length and without Transfer-Encoding")
    if length is None:
        return 0
    if not re.fullmatch("[0-9]{1,15}", length):
        raise _bad("one number of bytes as Content-Length")
    if int(length) > limits.body_bytes:
        raise RefusedError("413 Content Too Large", f"expected {limits.body_bytes} bytes at most")
    return int(length)


def _waits(headers: dict[str, str], version: str) -> bool:
    expected = headers.get("expect", "").lower()
    if expected not in ("", "100-continue"):
        raise RefusedError("417 Expectation Failed", "expected no other Expect than 100-continue")
    return bool(expected) and version != "HTTP/1.0"
