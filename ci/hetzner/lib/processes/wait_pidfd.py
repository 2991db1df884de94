"""The wait of systems with pidfds (pidfd_open(2)): no wake-up without an event."""

from __future__ import annotations

import errno
import math
import os
import resource
import select
import sys

from lib.processes.wait import Ready, SignalPipe

if sys.platform != "linux":
    raise ImportError(f"pidfds are Linux's: expected to run there, found {sys.platform}")

RESERVE = 16  # descriptors that are left free: without any, no process can be looked at
LONGEST = 24 * 3600.0  # seconds of one poll, whose milliseconds are an int (poll(2))


class PidfdWaiter:
    """Polls pidfds, the signal pipe and one further descriptor."""

    def __init__(self, signals: SignalPipe) -> None:
        self._signals = signals
        self._poll = select.poll()
        self._poll.register(signals.fileno(), select.POLLIN)
        self._fd_of: dict[int, int] = {}
        self._pid_of: dict[int, int] = {}
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._highest = math.inf if limit == resource.RLIM_INFINITY else limit - RESERVE

    def watch(self, pid: int) -> None:
        """Open a pidfd; one of a process that is gone already is told by the next wait."""
        if pid in self._fd_of:
            return
        fd = os.pidfd_open(pid)
        if fd >= self._highest:  # the lowest free number, so nearly all below are taken
            os.close(fd)
            raise OSError(errno.EMFILE, "too many open files (ulimit -n)")
        self._fd_of[pid] = fd
        self._pid_of[fd] = pid
        self._poll.register(fd, select.POLLIN)

    def forget(self, pid: int) -> None:
        """Close the pidfd."""
        fd = self._fd_of.pop(pid, None)
        if fd is not None:
            del self._pid_of[fd]
            self._poll.unregister(fd)
            os.close(fd)

    def wait(self, seconds: float, extra: int | None = None) -> Ready:
        """Poll once."""
        # only for as long as this call lasts: once it is closed, its number may be a pidfd's
        if extra is not None:
            self._poll.register(extra, select.POLLIN)
        # rounded up: a wait that ends a little early would be done again at once
        wait = min(max(0.0, seconds), LONGEST)
        milliseconds = None if seconds == math.inf else math.ceil(wait * 1000)
        try:
            ready = [fd for fd, _ in self._poll.poll(milliseconds)]
        finally:
            if extra is not None:
                self._poll.unregister(extra)
        pids = tuple([self._pid_of[fd] for fd in ready if fd in self._pid_of])
        if len(pids) == len(ready):
            return Ready(pids)
        signals = self._signals.read() if self._signals.fileno() in ready else ()
        return Ready(pids, signals, readable=extra in ready)

    def wake(self) -> None:
        """Write to the signal pipe."""
        self._signals.wake()

    def signals(self) -> tuple[int, ...]:
        """Ask the record."""
        return self._signals.ends()

    def close(self) -> None:
        """Close every pidfd and give the signals back."""
        for pid in list(self._fd_of):
            self.forget(pid)
        self._signals.close()
