"""The files of runs as answers, opened so that no path and no link leads out of a run's directory.

Code from a branch wrote them: a browser must never take one for a page or a script, and a link or
a pipe that such code leaves there leads nowhere. The only link that is followed leads from a commit
to its run, within the store. Such code may also write a page in place of the runner's, so none of
them runs a script, loads anything or sends a form.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from lib.dashboard.answers import HTML, OK, STYLED, SVG, TEXT, Answer, headers, whole
from lib.run_directories import commit_links, run_name
from lib.run_directories.kept_files import KEPT
from lib.run_directories.run_store import RunStore

PIECE = 1 << 16  # bytes
MOST_NAMES = 100_000  # in a directory
REPORT = "report.html"
PAGES = {REPORT: HTML, "timeline.svg": SVG}  # files of a run that are shown as what they are
# no link is followed and no pipe waited for; a file of any kind is opened, its kind asked later
CAREFUL = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def of_commit(store: Path, sha: str) -> Path:
    """Return the directory of the run that speaks for a commit. Raises FileNotFoundError."""
    if not run_name.COMMIT.fullmatch(sha):
        raise FileNotFoundError(sha)
    run = commit_links.target(store, sha)
    # without a link it may be the directory of an older runner
    return store / run_name.RUNS / run if run else store / run_name.LOGS / sha


def of_run(store: Path, name: str) -> Path:
    """Return the directory of a run, which need not be there. Raises FileNotFoundError."""
    if run_name.parse(name) is None:
        raise FileNotFoundError(name)
    return store / run_name.RUNS / name


def commits(store: Path) -> list[str]:
    """Return the commits that have logs, the newest first. Raises OSError."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(store / run_name.LOGS) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # removed since, or no such run
                os.close(open_in(of_commit(store, entry.name), []))
                changed = entry.stat(follow_symlinks=False).st_mtime_ns
                found.append((changed, f"{entry.name}/"))
    return [name for _, name in sorted(found, reverse=True)]


def runs(store: Path) -> list[str]:
    """Return the names of the runs, the newest first. Raises OSError."""
    return [f"{run.name}/" for run in RunStore(store).runs()]


def open_in(run: Path, names: Sequence[str]) -> int:
    """Open a file of a run, or a directory that is listed. Raises OSError, ValueError for a NUL.

    Each name is opened within the directory before it, and no link is followed.
    """
    handle = os.open(run, CAREFUL | os.O_DIRECTORY)
    kept = names[:1] == [KEPT]
    wanted = names[:-1] if kept and names[-1] == "" else names  # a directory, as it was listed
    for name in wanted:
        try:
            if not name or name.startswith("."):
                raise FileNotFoundError(name)
            inner = os.open(name, CAREFUL, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    file, directory = kind == stat.S_IFREG, kind == stat.S_IFDIR
    if not (directory and (kept or not names)) and not (file and wanted == names):
        os.close(handle)
        raise FileNotFoundError(run)
    return handle


def is_directory(handle: int) -> bool:
    """Whether this is a directory."""
    return stat.S_ISDIR(os.fstat(handle).st_mode)


def names_in(directory: int) -> list[str]:
    """Return names in an open directory, and close it. Hidden ones are the runner's own.

    Of a directory that a job has filled without end they are not all.
    """
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in islice(entries, MOST_NAMES)]
        return sorted(name for name in names if not name.startswith("."))
    finally:
        os.close(directory)


def listed(names: Sequence[str]) -> Answer:
    """Return names as an answer, one line each whatever is in them."""
    return whole(
        "".join(f"{name!r}\n" if not name.isprintable() else f"{name}\n" for name in names)
    )


def sent(handle: int, name: str) -> Answer:
    """Return an open file as an answer, which closes it. Only a run's own pages are more than text.

    `name` is its path below the directory of the run.
    """
    size = os.fstat(handle).st_size
    length = [("Content-Length", str(size))]
    given = headers(PAGES[name], STYLED, length) if name in PAGES else headers(TEXT, more=length)
    return Answer(OK, given, Content(handle, size))


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
