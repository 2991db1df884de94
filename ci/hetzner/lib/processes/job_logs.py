"""Opens the log of each job: `<name>.log`, which its processes write to. Copies no byte."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.common import files
from lib.common.plain_text import printable


class JobLogs:
    """The logs of one run. `begun` has the names of the jobs whose log is of this run.

    `remark` is called if a job has put something else in the place of its log.
    """

    def __init__(self, directory: Path, remark: Callable[[str], None]) -> None:
        self._directory = str(directory)
        self._remark = remark
        self._status: dict[str, os.stat_result] = {}  # by job: its log when it was opened last
        self.begun: set[str] = set()

    def path(self, name: str) -> str:
        """Return the path of a job's log."""
        return f"{self._directory}/{name}.log"

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of a job's log when its latest step began, None before the first."""
        return self._status.get(name)

    def open(self, name: str, *, new: bool) -> int:
        """Return a descriptor of a job's log, a new one or the same. Raises OSError."""
        handle = files.begin(self.path(name)) if new else self._open_again(name)
        self._status[name] = os.fstat(handle)
        self.begun.add(name)
        return handle

    def _open_again(self, name: str) -> int:
        """Return the log that an attempt has begun, or a new one if a job has put another there."""
        path, found = self.path(name), "nothing"
        with contextlib.suppress(FileNotFoundError):
            try:
                handle = files.open_file(path, os.O_WRONLY | os.O_APPEND)
            except files.NotAFileError:
                found = files.another_kind(path)
            else:
                if os.path.samestat(os.fstat(handle), self._status[name]):
                    return handle
                os.close(handle)
                found = "another file"
        handle = files.begin(path)  # before the remark: the other file is moved away
        self._remark(f"{name}: in the place of its log was {found}: the rest is in a new one")
        return handle

    def append(self, name: str, lines: Sequence[str]) -> None:
        """Write lines to the end of a job's log, unless another file is in its place."""
        text = "".join(f"{printable(line)}\n" for line in lines)
        with contextlib.suppress(OSError):
            handle = files.open_file(self.path(name), os.O_WRONLY | os.O_APPEND)
            with os.fdopen(handle, "wb") as log:
                if os.path.samestat(os.fstat(handle), self._status[name]):
                    log.write(f"\n{text}".encode(errors="replace"))
