"""Writes the events of a run as lines of JSON, each when it happens: a listener.

A line that cannot be written ends the file with an error, which the bus notes once. The verdict
does not change.
"""

from __future__ import annotations

import errno
import json
import os
import select
from collections.abc import Callable
from pathlib import Path

from lib.common import files
from lib.common.masked import masked
from lib.event_stream import event_json
from lib.model import events

NAME = "events.jsonl"
_dumped = json.JSONEncoder(separators=(",", ":")).encode  # made once: a run has many events


class EventFile:
    """Writes to a descriptor, which it owns; `shown` is its name for people.

    A reader that reads nothing for `patience` seconds gets no more: the run does not wait for it.
    """

    def __init__(
        self,
        handle: int,
        shown: str,
        redact: Callable[[str], str] = str,
        patience: float | None = None,
    ) -> None:
        self._patience = patience
        self._written = 0  # bytes
        self._handle: int | None = handle
        self._shown = shown
        self._redact = redact

    def __call__(self, event: events.Event) -> None:
        """Write the line of an event. Raises OSError at the first that cannot be written."""
        if self._handle is None:
            return
        line = _dumped(masked(event_json.encode(event), self._redact))
        data = f"{line}\n".encode()
        try:
            _write(self._handle, data, self._patience)
        except OSError as error:
            self.close()
            raise OSError(
                error.errno, f"{error.strerror}: its events end here", self._shown
            ) from error
        self._written += len(data)

    def changed(self, path: Path) -> str:
        """Return a sentence if the file at a path is not what was written, else ''.

        A job can write into it, cut it, or put another one in its place.
        """
        if self._handle is None:
            return ""
        try:
            found = path.lstat()
        except OSError:
            return f"{path} was removed during the run: no view of it can be made"
        own = os.fstat(self._handle)
        if os.path.samestat(found, own) and own.st_size == self._written:
            return ""
        return f"{path} was changed during the run: its views may be wrong, ci.log tells"

    def close(self) -> None:
        """Close the descriptor."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def in_directory(run: Path, redact: Callable[[str], str]) -> EventFile:
    """Begin the file of a run in its directory. Raises OSError."""
    path = run / NAME
    return EventFile(files.begin(path), str(path), redact)


def _write(handle: int, line: bytes, patience: float | None) -> None:
    """Write a line; a pipe takes PIPE_BUF bytes without a wait if it takes any (poll(2))."""
    if patience is None:
        while line:
            line = line[os.write(handle, line) :]
        return
    room = select.poll()
    room.register(handle, select.POLLOUT)
    while line:
        if not room.poll(1000 * patience):
            raise TimeoutError(errno.ETIMEDOUT, f"nobody read them for {patience:g} s")
        line = line[os.write(handle, line[: select.PIPE_BUF]) :]
