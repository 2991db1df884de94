"""Records the signals that ask this program to end; only a declared wait is ended by one.

An exception out of a handler may hit any line: one between a fork and the record of the child, a
`finally`, a destructor that swallows it. So the handler only records the signal, and the
exception comes where a step declares that it waits (`cut_short`); all other steps run to their end.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from lib.common import signal_names

SIGNALS = signal_names.ENDING
Handler = Callable[[int, FrameType | None], object]


class Interrupted(BaseException):
    """A signal ended a wait."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Interrupts:
    """The signals that came, in their order; a wait withstands `patience` of them.

    `ended_by` is the one that decides the exit code: the first, unless the end was decided before.
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
            self._waits = False  # the exception may come before the wait can end
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
        """Return the signal that ends the program, if one does; a later one does not."""
        self._decided = True
        return self.ended_by

    def be_patient(self) -> None:
        """From now on withstand one more signal: the steps under way inform others."""
        self._patience = len(self.came) + 1


def ignore(number: int, frame: FrameType | None) -> None:
    """Ignore a signal: a handler, which started programs do not inherit, unlike SIG_IGN.

    A handled signal has its default action again after execve(2), an ignored one stays ignored.
    """


class SignalHandlers:
    """Signals that are taken over from their owner until `give_back`. Only in the main thread.

    An ignored signal stays ignored, by a handler that does nothing. A blocked one is unblocked: its
    handler has to see it, and started programs inherit the mask (pthread_sigmask(3)).
    """

    def __init__(self, note: Handler, tell: Handler) -> None:
        """Give `note` each signal that would end the program, `tell` each question.

        Signals of people are taken over from any handler, others only without a handler: a program
        that uses its timer's signal is not ended by it.
        """
        self._before: dict[int, Handler | int | None] = {}
        for number in sorted(signal_names.IGNORABLE):
            if signal.getsignal(number) in (signal.SIG_IGN, ignore):
                self._handle(number, ignore)
            elif number == signal_names.ASKED:
                self._take(number, tell)
            elif number in SIGNALS:
                self._take(number, note)
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            # else neither we nor our children would get exit codes (wait(2), NOTES)
            self._handle(signal.SIGCHLD, signal.SIG_DFL)
        self._mask = signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _take(self, number: int, handler: Handler) -> None:
        before = signal.getsignal(number)
        ours = isinstance(getattr(before, "__self__", None), Interrupts) or before is _tell
        if number in signal_names.CUSTOMARY or ours or before is signal.SIG_DFL:
            self._handle(number, handler)

    def also(self, number: int, handler: Handler) -> None:
        """Take another signal over, unless it is ignored, or taken already."""
        if number not in self._before and signal.getsignal(number) is not signal.SIG_IGN:
            self._handle(number, handler)

    def _handle(self, number: int, handler: Handler | int) -> None:
        self._before.setdefault(number, signal.getsignal(number))
        signal.signal(number, handler)

    def has(self, number: int) -> bool:
        """Whether a signal is taken over and heeded."""
        return number in self._before and signal.getsignal(number) is not ignore

    def give_back(self) -> None:
        """Put mask and handlers back as they were."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)


_records: list[Interrupts] = []  # the program's is the last
_answers: list[Callable[[], None]] = []  # the last is given


@contextlib.contextmanager
def noted() -> Iterator[Interrupts]:
    """Take the signals over for a program as a whole. Only in the main thread."""
    made = Interrupts()
    _records.append(made)
    taken = SignalHandlers(made.note, _tell)
    try:
        yield made
    finally:
        taken.give_back()
        _records.remove(made)


@contextlib.contextmanager
def answering(answer: Callable[[], None]) -> Iterator[None]:
    """Answer SIGUSR1 with this while no run of jobs does. It may come at any line."""
    _answers.append(answer)
    try:
        yield
    finally:
        _answers.remove(answer)


def _tell(number: int, frame: FrameType | None) -> None:
    """Give the answer: a handler. An error in it changes nothing."""
    with contextlib.suppress(Exception):
        if _answers:
            _answers[-1]()


def record() -> Interrupts:
    """Return the program's record of signals, an empty one if it keeps none."""
    return _records[-1] if _records else Interrupts()


@contextlib.contextmanager
def cut_short() -> Iterator[None]:
    """Let a signal end the block, which has to be ready for it at any line.

    Raises Interrupted, also at once if one came before. Without `noted`, and in other threads,
    which get no signals, it does nothing.
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
