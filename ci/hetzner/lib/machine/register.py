"""The register of live runs: one file a run, in the place that all runs of the machine share.

A run holds a lock (flock(2)) on its file for as long as it lives. The kernel frees it with the
process, so a file without a lock is one of a dead run, whatever it says.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lib.machine import place as machine_place
from lib.machine.place import OpenPlace
from lib.processes import process_table

if TYPE_CHECKING:
    from lib.machine.live_run import LiveRun

PREFIX = "run-"
TRIES = 100  # to make a file that other runs leave alone
PATIENCE = 0.05  # seconds for the ledger, which others hold for less than one millisecond
NAMESPACE = "/proc/self/ns/net"


class Registration:
    """Our entry in the register: the fields of a `LiveRun`, those that are as usual left out.

    `problem` says why there is none; then every change does nothing. Used by one thread.
    """

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self.problem = ""
        self.name = ""  # of our file
        self._handle = -1
        try:
            self._begin()
        except OSError as error:
            self._give_up(error)

    @property
    def me(self) -> LiveRun:
        """Our run, as others read it."""
        from lib.machine.live_run import LiveRun  # late: only runs with ports need it

        return LiveRun(**self._fields)

    def _begin(self) -> None:
        try:
            self._make_file()
        except PermissionError:  # another user may just be making the place
            time.sleep(2 * machine_place.LONGEST_PAUSE)
            self._make_file()

    def _make_file(self) -> None:
        with machine_place.opened() as place:
            _remove_dead(place)
            for _ in range(TRIES):
                self.name = f"{PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
                self._handle = place.make(self.name)
                fcntl.flock(self._handle, fcntl.LOCK_EX)
                if place.has(self.name, self._handle):
                    self._write()
                    return
                self._close()  # another run took it for one of a dead run before it was locked
        raise FileNotFoundError(errno.ENOENT, "our file there is removed again and again")

    def in_place(self, place: OpenPlace) -> bool:
        """Whether others find our file."""
        return place.has(self.name, self._handle)

    def renew(self) -> None:
        """Make our file anew: it was removed, with the place perhaps. Raises OSError."""
        self._close()
        self._make_file()

    def change(self, **fields: Any) -> None:
        """Change fields of our entry; one that cannot be written stays as it was for others."""
        self._fields |= fields
        if self._handle >= 0:
            with (
                contextlib.suppress(OSError),
                machine_place.opened(make=False) as place,
                place.ledger(PATIENCE),
            ):
                self._write()  # if another process keeps the ledger for so long, it hangs

    def claim(self, **fields: Any) -> None:
        """Change fields of our entry while the caller holds the ledger. Raises OSError."""
        before = self._fields
        self._fields = before | fields
        try:
            self._write()
        except OSError:
            self._fields = before
            raise

    def _write(self) -> None:
        import json  # late, as in the reports of a run, which needs it a moment later

        # one line: what an earlier text has more of is cut off
        content = json.dumps(self._fields).encode() + b"\n"
        written = os.pwrite(self._handle, content, 0)
        if written < len(content):
            raise OSError(errno.ENOSPC, "no space left for the register of the machine")
        os.ftruncate(self._handle, written)

    def _give_up(self, error: OSError) -> None:
        self._close()
        self.problem = f"{machine_place.path()} cannot be used: {error.strerror or error}"

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def close(self) -> None:
        """Remove our entry."""
        if self._handle >= 0:
            with contextlib.suppress(OSError), machine_place.opened(make=False) as place:
                if self.in_place(place):
                    place.remove(self.name)
            self._close()


_ours: list[Registration] = []  # that of the run that goes on in this process


@contextlib.contextmanager
def registered(label: str, **fields: Any) -> Iterator[Registration]:
    """Be in the register for the length of a run; `fields` are those of `LiveRun`.

    A run within it, that of a commit's jobs say, is the same run and changes its fields.
    """
    if _ours:
        _ours[-1].change(**fields)
        yield _ours[-1]
        return
    run = process_table.run_id(process_table.table(), os.getpid())
    made = Registration(
        run=run, pid=os.getpid(), label=label, since=time.time(), network=network(), **fields
    )
    _ours.append(made)
    try:
        yield made
    finally:
        _ours.remove(made)
        made.close()


def network() -> str:
    """Return the network namespace that we are in, '' where there are none (namespaces(7))."""
    if sys.platform != "linux":
        return ""
    try:
        return str(os.stat(NAMESPACE).st_ino)  # noqa: PTH116 - no Path for one call
    except OSError:
        return ""


def live_runs() -> list[LiveRun]:
    """Return the live runs of this machine, all users' and ours, the oldest first.

    Empty if there is no place, or it cannot be read.
    """
    try:
        with machine_place.opened(make=False) as place:
            found = others(place, lambda _: True)
    except OSError:
        return []
    return sorted(found, key=lambda run: run.since)


def others(place: OpenPlace, wanted: Callable[[str], bool]) -> list[LiveRun]:
    """Return the live runs in files whose names are wanted. Raises OSError."""
    names = [name for name in place.names() if name.startswith(PREFIX) and wanted(name)]
    return [run for name in names if (run := _read(place, name))]


def _read(place: OpenPlace, name: str) -> LiveRun | None:
    """Return the run of a file, None if it is dead, or the file another thing than a run's."""
    try:
        handle = place.read(name)
    except OSError:
        return None
    from lib.machine.live_run import LONGEST, parse

    try:
        if _dead(handle):
            return None
        return parse(os.pread(handle, LONGEST, 0), os.fstat(handle).st_uid)
    except OSError:
        return None
    finally:
        os.close(handle)


def _dead(handle: int) -> bool:
    """Whether nobody holds the lock of a run's file. Raises OSError."""
    try:
        # shared, so that two that look do not take each other for the run
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_dead(place: OpenPlace) -> None:
    """Remove the files of dead runs, as far as they are ours to remove."""
    for name in place.names():
        if name.startswith(PREFIX):
            with contextlib.suppress(OSError):
                handle = place.read(name)
                try:
                    if _dead(handle):
                        place.remove(name)
                finally:
                    os.close(handle)
