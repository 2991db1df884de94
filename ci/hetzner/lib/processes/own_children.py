"""Lists the children of this process over and over, from files of /proc that stay open."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from lib.processes.process_table import LINKS_OF_ONE_THREAD, LinuxTable, ProcessTable

MOST = 4096  # bytes of one read

_childless: set[int] = set()  # threads that start no process; those that are not alive are not here


@contextlib.contextmanager
def starting_none() -> Iterator[None]:
    """Promise that the calling thread starts no process within: then no look asks it for any.

    Orphans go to the first thread that lives, which is the main one (find_new_reaper in the
    kernel's exit.c).
    """
    _childless.add(threading.get_ident())
    try:
        yield
    finally:
        _childless.discard(threading.get_ident())


class OwnChildren:
    """A look at the end of each job: kept open, the files cost it a third of a new look.

    `close` must be called.
    """

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._pid = os.getpid()
        self._tasks = self._children = -1
        if isinstance(table, LinuxTable):
            tasks = f"/proc/{self._pid}/task"
            with contextlib.suppress(OSError):  # no descriptor is left: each time anew, then
                self._tasks = os.open(tasks, os.O_RDONLY | os.O_CLOEXEC)
                self._children = os.open(
                    f"{tasks}/{self._pid}/children", os.O_RDONLY | os.O_CLOEXEC
                )

    def pids(self) -> list[int]:
        """Return the pids of our children, adopted ones and zombies too."""
        alone = LINKS_OF_ONE_THREAD + len(_childless)
        if self._children < 0 or os.fstat(self._tasks).st_nlink != alone:
            return self._table.children(self._pid)  # each thread has children of its own
        content = b""
        while part := os.pread(self._children, MOST, len(content)):
            content += part
        return [int(word) for word in content.split()]

    def close(self) -> None:
        """Close the files."""
        for handle in (self._tasks, self._children):
            if handle >= 0:
                os.close(handle)
        self._tasks = self._children = -1
