"""The wake-up of systems without pidfds: an adaptive timed poll, cut short by signals.

It cannot know which process ended, so it names all watched ones.
"""

from __future__ import annotations

import select
import signal
import time

from lib.processes.wait import Ready, SignalPipe

SHORTEST, LONGEST = 0.001, 0.05  # seconds between two looks


class TimedWaiter:
    """Waits in steps that grow without an event and shrink with one."""

    def __init__(self, signals: SignalPipe) -> None:
        self._signals = signals
        self._pids: set[int] = set()
        self._step = SHORTEST

    def watch(self, pid: int) -> None:
        """Name this process at every look."""
        self._pids.add(pid)
        self._step = SHORTEST

    def forget(self, pid: int) -> None:
        """Name this process no more."""
        self._pids.discard(pid)
        self._step = SHORTEST

    def wait(self, seconds: float, extra: int | None = None) -> Ready:
        """Wait one step, or until a signal comes; without processes wait for the whole time."""
        end = time.monotonic() + seconds
        step = min(self._step, seconds) if self._pids else seconds
        listen = [self._signals.fileno()] + ([] if extra is None else [extra])
        timeout = None if step == float("inf") else max(0.0, step)
        ready, _, _ = select.select(listen, [], [], timeout)
        self._step = min(LONGEST, self._step * 2) if time.monotonic() < end else SHORTEST
        signals = self._signals.read() if self._signals.fileno() in ready else ()
        return Ready(
            pids=tuple(self._pids),
            signals=tuple(number for number in signals if number != signal.SIGCHLD),
            readable=extra in ready,
        )

    def wake(self) -> None:
        """Write to the signal pipe."""
        self._signals.wake()

    def signals(self) -> tuple[int, ...]:
        """Ask the record."""
        return self._signals.ends()

    def close(self) -> None:
        """Give the signals back."""
        self._signals.close()
