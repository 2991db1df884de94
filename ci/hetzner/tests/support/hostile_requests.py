"""Requests of HTTP that strangers send to a receiver, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.support.webhook_case import SHA, pushed, request, requested, signed

DOTS = (
    *("..", "%2e%2e", "%2E.", "%252e%252e", "..%00", "%c0%ae%c0%ae", "%e0%80%ae", "..;", "...."),
    *("%uff0e%uff0e", "..%5c..", "..\\..", "%ef%bc%8e%ef%bc%8e", ".%0a.", "%2e%2e%2f%2e%2e"),
)
SLASHES = ("/", "//", "%2f", "%2F", "%5c", "\\", "%252f", "/./", "%c0%af")
ROOTS = ("/", "/runs/", "/logs/", f"/logs/{SHA}/", "/runs/20260101T000000Z-0123456/", "/badge/")
MORE_ROOTS = ("/runs/20260101T000000Z-0123456/kept/", "/api/", "/webhook/", "/static/", "//x/")
FILES = ("etc/passwd", "secret.txt", "queue.db", "proc/self/environ", "", "a\x00b", "%00")
WORDS = ("../x", "a\nb", "-x", "a..b", "$(id)", "`id`", "'; DROP TABLE entries; --", "\x1b[31m")
MORE_WORDS = ("x" * 300, "", "HEAD", "\u202e", "a b", "refs/heads/a", "\x00")
METHODS = ("GET", "HEAD", "PUT", "DELETE", "TRACE", "CONNECT", "OPTIONS", "PATCH", "get", "P(ST")


def made(chance: Random) -> bytes:
    """Return one of them."""
    kinds: Sequence[Callable[[Random], bytes]] = (
        *(signature, body, payload, framing, traversal, headers, noise),
        *(signature, traversal),
    )
    return chance.choice(kinds)(chance)


def signature(chance: Random) -> bytes:
    """Return a push that is not signed, or not with the secret."""
    payload = json.dumps(pushed()).encode()
    right = signed(payload)
    given = (
        *("", "sha256=", "sha1=" + "0" * 40, right[:-1], right + "0", right.upper(), right[7:]),
        *(signed(payload, "x"), signed(payload + b" "), f"{right}, {right}", "sha256=\xe4" * 9),
        *(f"sha512={right[7:]}", "None", "x" * 8000, f"sha256={chance.getrandbits(256):064x}"),
    )
    return request(payload, X_Hub_Signature_256=chance.choice(given))


def body(chance: Random) -> bytes:
    """Return a signed body that is no JSON of GitHub's."""
    bodies = (
        *(b"", b"[]", b"null", b"1", b'"a"', b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{}{}"),
        *(b"[" * 50_000, b'{"a":' * 20_000, b'{"a": NaN}', b'{"a": 1e999}', b"{'a': 1}"),
        *(b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1, "a": 1}', b'{"a": "\\ud800"}', b"payload=%7B"),
        json.dumps(pushed()).encode("utf-16"),
        chance.randbytes(chance.randrange(300)),
    )
    kinds = ("application/json",) * 4 + ("text/plain", "", "multipart/form-data", "a" * 500)
    found = chance.choice(bodies)
    return request(found, Content_Type=chance.choice(kinds), Content_Length=str(len(found)))


def payload(chance: Random) -> bytes:
    """Return a signed payload with a value that is hostile or of another type."""
    event = chance.choice(("push", "pull_request"))
    value: Any = pushed() if event == "push" else requested()
    word = chance.choice(WORDS + MORE_WORDS)
    wrong: Any = chance.choice((None, 1, -1, 1.5, [], {}, [[]], {"a": 1}, word, "A" * 40, 1 << 70))
    match chance.randrange(4):
        case 0:
            value[chance.choice(("repository", "after", "ref", "deleted", "pull_request"))] = wrong
            value.update(action=wrong, after=wrong)
        case 1:
            value["repository"] = {"full_name": f"{word}/x"}
        case 2:
            value.update(ref=f"refs/heads/{word} ", number=wrong, pull_request={"head": wrong})
        case _:
            event = chance.choice(("check_run", "a\tb", word.strip(), "ping ", "PUSH", "push,push"))
            event = event if event.isascii() and event.isprintable() else "unknown"
    delivery = chance.choice(("d-1", "../d", "x" * 100, "d;1"))
    return request(value, event or "unknown", delivery)


def framing(chance: Random) -> bytes:
    """Return a push whose body ends early, goes on, or has two lengths."""
    whole = request(pushed(), X_Hub_Signature_256="sha256=0")
    length = whole.split(b"Content-Length: ")[1].split(b"\r")[0]
    chunks = b"1\r\na\r\n0\r\n\r\nPOST /webhook HTTP/1.1\r\nHost: x\r\n\r\n"
    field = b"Content-Length: " + length
    changes = (
        *(
            b"Content-Length: 99999",
            b"Content-Length: 3",
            b"Content-Length: -1",
            b"Content-Length:",
        ),
        *(b"Content-Length: 99999999999", field + b"\r\n" + field, field + b", " + length),
        *(b"Transfer-Encoding: chunked", field + b"\r\nTransfer-Encoding: chunked"),
        *(
            b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding:\x0bchunked",
        ),
        *(
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            field + b"\r\nExpect: 200-ok",
        ),
        *(field + b"\r\n Transfer-Encoding: chunked", field + b"\nTransfer-Encoding: chunked"),
        b"Content-Length: 0x10",
    )
    changed = whole.replace(field, chance.choice(changes)) + chunks
    return changed[: chance.randrange(1, len(changed))] if chance.random() < 0.3 else changed


def traversal(chance: Random) -> bytes:
    """Return a request for a file outside of all that is shown."""
    up = "".join(
        chance.choice(DOTS) + chance.choice(SLASHES) for _ in range(chance.randrange(1, 9))
    )
    path = chance.choice(ROOTS + MORE_ROOTS) + up + chance.choice(FILES)
    query = chance.choice(("", "", "?follow=1", "?token=" + "a" * 99, "?" + up))
    method = chance.choice(METHODS) if chance.random() < 0.2 else "GET"
    return f"{method} {path}{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def headers(chance: Random) -> bytes:
    """Return a request with headers that are too long, too many, folded or broken."""
    lines = (
        *("A: " + "b" * 20_000, "\r\n".join(["A: b"] * 200), " folded", "A b", ": b", "A\x00: b"),
        *("A: b\rX: y", "A: b\nX: y", "\x7f: a", "Host: y", "Content-Length: 5, 5", "Cookie: \xff"),
        *("Range: bytes=0-" + "9" * 99, "Authorization: Bearer " + "x" * 999, "Upgrade: h2c"),
        *("X-Forwarded-For: \x1b[31m", "Accept-Encoding: \t", "Connection: keep-alive, x" * 30),
    )
    first = chance.choice(
        ("GET / HTTP/1.1", "GET / HTTP/9.9", "GET /", "GET / HTTP/1.0", "\x00", "")
    )
    return f"{first}\r\nHost: x\r\n{chance.choice(lines)}\r\n\r\n".encode("latin-1")


def noise(chance: Random) -> bytes:
    """Return bytes that are nearly a request, or none at all."""
    found = bytearray(request(pushed(), X_Hub_Signature_256="sha256=0"))
    for _ in range(chance.randrange(1, 20)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 2000))
