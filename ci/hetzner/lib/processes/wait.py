"""One wait for everything that can happen to a run: a process ends, a signal, a file event.

Knows nothing of jobs. `wait_pidfd` waits on Linux, `wait_timed` on systems without pidfds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import NamedTuple, Protocol

from lib.common import interrupts


class Ready(NamedTuple):
    """The events of a wait: pids that may have ended, signals, a readable file."""

    pids: tuple[int, ...] = ()
    signals: tuple[int, ...] = ()
    readable: bool = False


class Waiter(Protocol):
    """Waits for processes, signals and at most one further file descriptor."""

    def watch(self, pid: int) -> None:
        """Wake when this process ends. Raises OSError when no descriptor is left."""
        ...

    def forget(self, pid: int) -> None:
        """Do not wake for this process any more."""
        ...

    def wait(self, seconds: float, extra: int | None = None) -> Ready:
        """Wait for at most `seconds` (may be infinite), or for `extra` to be readable."""
        ...

    def wake(self) -> None:
        """End the present wait, or the next one, at once. For any thread, at any time."""
        ...

    def signals(self) -> tuple[int, ...]:
        """Return the signals that came since the last wait."""
        ...

    def close(self) -> None:
        """Close all descriptors; `signals` still returns the latest ones."""
        ...


class SignalPipe:
    """Turns signals into bytes on a pipe (signal.set_wakeup_fd), so that a poll sees them.

    For signals that ask us to end a byte only wakes: the program's record has all that came, so
    none is lost between two handlers. Handlers can be installed from the main thread only;
    elsewhere signals stay with their owner.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)
        self._open = threading.Lock()  # held while the pipe is written to, or closed
        self._closed = False
        self._record = interrupts.Interrupts()
        self._seen = 0
        self._taken: interrupts.SignalHandlers | None = None
        if threading.current_thread() is not threading.main_thread():
            return
        self._record = interrupts.record()
        # before the first handler, or a signal in between would wake no wait
        self._fd_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._taken = interrupts.SignalHandlers(self._record.note, _wake)
        for number in numbers:
            self._taken.also(number, _wake)
        if self._record.came:  # before we were here
            os.write(self._writer, b"\0")

    def fileno(self) -> int:
        """Return the end to poll."""
        return self._reader

    def wake(self) -> None:
        """Write a byte that is no signal: any poll ends. For any thread, at any time."""
        with self._open, contextlib.suppress(BlockingIOError):  # a full pipe ends it as well
            if not self._closed:  # else its number may be another file's
                os.write(self._writer, b"\0")

    def read(self) -> tuple[int, ...]:
        """Return the signals that came since the last call."""
        numbers = b""
        with contextlib.suppress(BlockingIOError):
            numbers = os.read(self._reader, 4096)
        # other handlers of the program write to this pipe as well: their signals are not ours
        ours = (n for n in numbers if self._taken and self._taken.has(n))
        return (*self.ends(), *(n for n in ours if n not in interrupts.SIGNALS))

    def ends(self) -> tuple[int, ...]:
        """Return those that ask us to end, and came since the last call."""
        came = tuple(self._record.came[self._seen :])
        self._seen += len(came)
        return came

    def close(self) -> None:
        """Put the handlers back as they were."""
        if self._taken:
            self._taken.give_back()
            signal.set_wakeup_fd(self._fd_before)
        with self._open:
            self._closed = True
            os.close(self._reader)
            os.close(self._writer)


def _wake(number: int, frame: FrameType | None) -> None:
    """Do nothing: the byte that Python wrote to the pipe is what counts."""


def make(numbers: Iterable[int]) -> Waiter:
    """Return the wake-up of this system.

    Until it is closed it takes over the signals that would end the program, SIGUSR1, and these.
    """
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        from lib.processes.wait_pidfd import PidfdWaiter

        return PidfdWaiter(SignalPipe(numbers))
    from lib.processes.wait_timed import TimedWaiter

    return TimedWaiter(SignalPipe([*numbers, signal.SIGCHLD]))
