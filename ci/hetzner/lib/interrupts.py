"""Notes the signals that ask this program to end, and lets them cut short only what waits.

An exception out of a handler may hit any line: the one between a fork and taking note of the
child, a `finally`, a destructor that swallows it. So the handler takes a note, and the exception
comes where a step says that it waits (`cut_short`); everything else is done to its end.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Interrupted(BaseException):
    """A signal ended a wait."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Interrupts:
    """The signals that came, in their order; a wait withstands `patience` of them.

    `ended_by` is the one that decides the exit code: the first, unless how it ends was decided
    before it came.
    """

    def __init__(self) -> None:
        self.came: list[int] = []
        self.ended_by: int | None = None
        self._decided = False
        self._patience = 0
        self._waits = False

    def note(self, number: int, frame: FrameType | None = None) -> None:
        """Take note of a signal: a handler. Raises Interrupted where a step waits."""
        self.came.append(number)
        if not self._decided:
            self.ended_by, self._decided = number, True
        if self._waits and len(self.came) > self._patience:
            self._waits = False  # the exception may come before the wait can say that it is over
            raise Interrupted(number)

    @contextlib.contextmanager
    def cut_short(self) -> Iterator[None]:
        """See the function of this name."""
        before, self._waits = self._waits, True
        try:
            if len(self.came) > self._patience:
                raise Interrupted(self.came[-1])
            yield
        finally:
            self._waits = before

    def decide(self) -> int | None:
        """Return the signal that ends the program, if one does: none that comes later will."""
        self._decided = True
        return self.ended_by

    def be_patient(self) -> None:
        """From now on withstand one more signal: what is under way matters to others."""
        self._patience = len(self.came) + 1


def wait_for_children() -> bool:
    """Have the kernel keep what ended children leave; return whether it was told not to.

    A program that is started with SIGCHLD ignored, as by some daemons, would never learn how its
    children ended (wait(2), NOTES), nor would they of theirs. Only in the main thread.
    """
    ignored = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return ignored


_records: list[Interrupts] = []  # the program's is the last


@contextlib.contextmanager
def noted() -> Iterator[Interrupts]:
    """Take the signals over for a program as a whole. Only in the main thread.

    A signal that the program was started with as ignored (nohup) stays ignored.
    """
    made = Interrupts()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    _records.append(made)
    wait_for_children()  # no caller wants it otherwise: this is for a program as a whole
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, made.note)
    try:
        yield made
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _records.remove(made)


def record() -> Interrupts:
    """Return the program's record of signals, an empty one if it keeps none."""
    return _records[-1] if _records else Interrupts()


@contextlib.contextmanager
def cut_short() -> Iterator[None]:
    """Let a signal end what is done in here, which has to be ready for it at any line.

    Raises Interrupted, at once too if one came before. Where nobody notes signals, and in other
    threads, which get none, it does nothing.
    """
    if not _records or threading.current_thread() is not threading.main_thread():
        yield
        return
    with _records[-1].cut_short():
        yield


def sleep(seconds: float) -> None:
    """Sleep unless a signal comes. Raises Interrupted."""
    with cut_short():
        time.sleep(seconds)
