"""Serves the logs of runs to browsers as text, and the pages of runs without any rights.

Code from a branch wrote the logs: a browser must never take one for a page or a script, and a link
or a pipe that such code leaves there leads nowhere. The only link that is followed leads from a
commit to its run, within the store. Such code may also write a page in place of the runner's, so
none of them runs a script, loads anything or sends a form.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from lib.run_directories import commit_links, run_name
from lib.run_directories.kept_files import KEPT
from lib.run_directories.run_store import RunStore

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PIECE = 1 << 16  # bytes
IDLE = 30.0  # seconds that a connection may be silent
# text with any content (fetch.spec.whatwg.org, "nosniff"), and without rights if it were not
HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("Cache-Control", "no-cache"),
]

# files of a run that are shown as what they are
PAGES = {"report.html": "text/html; charset=utf-8", "timeline.svg": "image/svg+xml"}
PAGE_RIGHTS = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


class Logs:
    """A WSGI application (PEP 3333) over a store of runs.

    `/` lists the commits, then the runs, each newest first. `/<run>/` lists the logs of a run,
    `/<run>/<name>` is a log, `/<run>/kept/…` is a file that a job kept. `/<sha>/…` is the same of
    the run that speaks for a commit.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

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
        run, _, rest = path.removeprefix("/").partition("/")
        try:
            if path == "/":
                return _show(start, self._list() or ["(no logs yet)"])
            handle = _open(self._directory(run), rest.split("/") if rest else [])
        except (OSError, ValueError):  # ValueError: a NUL in it
            return _say(start, "404 Not Found")
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return _send(start, handle, _headers(rest))
        names = _names(handle)
        if not path.endswith("/"):  # a browser would look for the listed names one level above
            return _say(
                start, "301 Moved Permanently", [("Location", f"{quote(os.fsencode(path))}/")]
            )
        return _show(start, names)

    def _directory(self, word: str) -> Path:
        """Return the directory of a run, or of the run of a commit. Raises FileNotFoundError."""
        if run_name.COMMIT.fullmatch(word):
            run = commit_links.target(self._store, word)
            # without a link it may be the directory of an older runner
            return self._store / run_name.RUNS / run if run else self._store / run_name.LOGS / word
        if run_name.parse(word) is None:
            raise FileNotFoundError(word)
        return self._store / run_name.RUNS / word

    def _list(self) -> list[str]:
        """Return the commits that have logs, then the runs. Raises OSError."""
        commits = []
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._store / run_name.LOGS):
                with contextlib.suppress(OSError):  # removed since, or no such run
                    if run_name.COMMIT.fullmatch(entry.name):
                        os.close(_open(self._directory(entry.name), []))
                        changed = entry.stat(follow_symlinks=False).st_mtime_ns
                        commits.append((changed, f"{entry.name}/"))
        runs = [f"{run.name}/" for run in RunStore(self._store).runs()]
        return [name for _, name in sorted(commits, reverse=True)] + runs


def _names(directory: int) -> list[str]:
    """Return the names in a directory, and close it."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    finally:
        os.close(directory)


def _open(run: Path, names: Sequence[str]) -> int:
    """Open a file of a run, or a directory that is listed. Raises OSError.

    Each name is opened within the directory before it, and no link is followed.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(run, flags | os.O_DIRECTORY)
    kept = names[:1] == [KEPT]
    wanted = names[:-1] if kept and names[-1] == "" else names  # a directory, as it was listed
    for name in wanted:
        try:
            if not name or name.startswith("."):
                raise FileNotFoundError(name)
            inner = os.open(name, flags, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    file, directory = kind == stat.S_IFREG, kind == stat.S_IFDIR
    if not (directory and (kept or not names)) and not (file and wanted == names):
        os.close(handle)
        raise FileNotFoundError(run)
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


def _headers(name: str) -> list[tuple[str, str]]:
    """Return the headers of a file of a run: only its own pages are more than text."""
    if name not in PAGES:
        return HEADERS
    page = {"Content-Type": PAGES[name], "Content-Security-Policy": PAGE_RIGHTS}
    return [*{**dict(HEADERS), **page}.items()]


def _send(start: StartResponse, handle: int, headers: Sequence[tuple[str, str]]) -> Iterable[bytes]:
    size = os.fstat(handle).st_size
    start("200 OK", [*headers, ("Content-Length", str(size))])
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

    def __init__(self, store: Path, host: str, port: int) -> None:
        host = host.removeprefix("[").removesuffix("]")  # as in a URL
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        if socket.AF_INET not in {family for family, *_ in found}:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)
        self.set_app(Logs(store))

    @property
    def url(self) -> str:
        """Its address; an IPv6 address stands in brackets (RFC 3986, section 3.2.2)."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"
