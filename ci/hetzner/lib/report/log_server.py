"""Serves the logs of runs to browsers, as text and nothing else. Knows no run, only directories.

Code from a branch wrote the logs: a browser must never take one for a page or a script, and a link
or a pipe that such code leaves there leads nowhere.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

RUN = re.compile(r"[0-9a-f]{40}")  # the directory of a commit's logs
PIECE = 1 << 16  # bytes
IDLE = 30.0  # seconds that a connection may be silent
# text with any content (fetch.spec.whatwg.org, "nosniff"), and without rights if it were not
HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("Cache-Control", "no-cache"),
]


class Logs:
    """A WSGI application (PEP 3333).

    `/` lists the commits, newest first, `/<sha>/` the logs of one, and `/<sha>/<name>` is a log.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return _say(start, "405 Method Not Allowed", [("Allow", "GET, HEAD")])
        found = self._find(environ, start)
        if method == "GET":
            return found
        if isinstance(found, Content):
            found.close()
        return []

    def _find(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = os.fsdecode(environ.get("PATH_INFO", "").encode("latin-1"))
        run, slash, name = path.removeprefix("/").partition("/")
        try:
            if path == "/":
                return _show(start, _commits(self._directory) or ["(no logs yet)"])
            if not RUN.fullmatch(run):
                raise FileNotFoundError(path)
            handle = _open(self._directory / run, name)
        except (OSError, ValueError):  # ValueError: a NUL in it
            return _say(start, "404 Not Found")
        if name:
            return _send(start, handle)
        names = _logs(handle)
        if not slash:  # a browser would look for the listed names one level above
            return _say(start, "301 Moved Permanently", [("Location", f"/{run}/")])
        return _show(start, names)


def _logs(run: int) -> list[str]:
    """Return the names in the directory of a run, and close it."""
    try:
        return sorted(name for name in os.listdir(run) if not name.startswith("."))
    finally:
        os.close(run)


def _commits(directory: Path) -> list[str]:
    """Return the directories of commits, those that changed last first. Raises OSError."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # removed since
                if RUN.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    changed = entry.stat(follow_symlinks=False).st_mtime_ns
                    found.append((changed, f"{entry.name}/"))
    return [name for _, name in sorted(found, reverse=True)]


def _open(run: Path, name: str) -> int:
    """Open a log, or the directory of a run if `name` is empty. Raises OSError."""
    within = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not name:
        return within
    try:
        if "/" in name or name.startswith("."):
            raise FileNotFoundError(name)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=within)
    finally:
        os.close(within)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(name)
    return handle


def _say(
    start: StartResponse, status: str, headers: Sequence[tuple[str, str]] = ()
) -> Iterable[bytes]:
    text = f"{status}\n".encode()
    start(status, [*HEADERS, *headers, ("Content-Length", str(len(text)))])
    return [text]


def _show(start: StartResponse, names: Sequence[str]) -> Iterable[bytes]:
    text = "".join(f"{name!r}\n" if not name.isprintable() else f"{name}\n" for name in names)
    body = text.encode(errors="backslashreplace")
    start("200 OK", [*HEADERS, ("Content-Length", str(len(body)))])
    return [body]


def _send(start: StartResponse, handle: int) -> Iterable[bytes]:
    size = os.fstat(handle).st_size
    start("200 OK", [*HEADERS, ("Content-Length", str(size))])
    return Content(handle, size)


class Content:
    """The first `size` bytes of a file, which may be growing; PEP 3333 has the server close it."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle = handle
        self._left = size

    def __iter__(self) -> Content:
        return self

    def __next__(self) -> bytes:
        piece = os.read(self._handle, min(PIECE, self._left))
        if not piece:
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


class Handler(WSGIRequestHandler):
    """Closes the connection of a silent client."""

    timeout = IDLE


class LogServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own, so that no client waits for a slow one."""

    daemon_threads = True

    def __init__(self, directory: Path, host: str, port: int) -> None:
        host = host.removeprefix("[").removesuffix("]")  # as in a URL
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        if socket.AF_INET not in {family for family, *_ in found}:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)
        self.set_app(Logs(directory))

    @property
    def url(self) -> str:
        """Its address; an IPv6 address stands in brackets (RFC 3986, section 3.2.2)."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"
