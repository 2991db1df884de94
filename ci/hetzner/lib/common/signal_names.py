"""Which signals ask a program to end, and what they are called. Pure. Source: signal(7)."""

from __future__ import annotations

import signal

ASKED = signal.SIGUSR1  # what runs is told, and nothing changes
CUSTOMARY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGIOT", "SIGTRAP", "SIGSYS")
_STOPS = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
_HARMLESS = ("SIGCHLD", "SIGCLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGINFO")
_NOBODYS = ("SIGKILL", "SIGSTOP")  # they cannot be caught
_PYTHONS = ("SIGPIPE", "SIGXFSZ")  # Python ignores them, so that a write raises
# a fault of the program itself: what it did would be done again after a handler, for ever; and
# what a terminal stops for goes on if it is handled and not ignored (tcsetattr(3): EINTR)
_UNTOUCHED = (*_FAULTS, *_NOBODYS, *_PYTHONS, "SIGTTIN", "SIGTTOU", "SIGCHLD", "SIGCLD")


def _numbers(names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


_VALID = frozenset(map(int, signal.valid_signals()))
# all whose default action is to end the program: those of people, timers, limits, power, queues
# and real time, whatever this system has
ENDING = tuple(
    sorted(_VALID - _numbers((*_FAULTS, *_STOPS, *_HARMLESS, *_NOBODYS, *_PYTHONS)) - {ASKED})
)
# those for which a handler that does nothing is as good as ignoring them
IGNORABLE = _VALID - _numbers(_UNTOUCHED)


def name_of(number: int) -> str:
    """Return what a signal is called: `SIGTERM`, `SIGRTMIN+3`; `signal 99` if it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        first = getattr(signal, "SIGRTMIN", None)
        if first is not None and first < number < signal.SIGRTMAX:
            return f"SIGRTMIN+{number - first}"
        return f"signal {number}"
