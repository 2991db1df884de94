"""The signals that ask a program to end, and their names. Pure. Source: signal(7)."""

from __future__ import annotations

import signal

ASKED = signal.SIGUSR1  # asks for the running jobs, and changes nothing
CUSTOMARY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGIOT", "SIGTRAP", "SIGSYS")
_STOPS = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
_HARMLESS = ("SIGCHLD", "SIGCLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGINFO")
_UNCATCHABLE = ("SIGKILL", "SIGSTOP")
_PYTHONS = ("SIGPIPE", "SIGXFSZ")  # Python ignores them, so that a write raises
# after a handler of a fault the program would repeat the faulty instruction for ever; and a program
# that a terminal stops would go on if the signal is handled and not ignored (tcsetattr(3): EINTR)
_UNTOUCHED = (*_FAULTS, *_UNCATCHABLE, *_PYTHONS, "SIGTTIN", "SIGTTOU", "SIGCHLD", "SIGCLD")


def _numbers(names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


_VALID = frozenset(map(int, signal.valid_signals()))
# their default action is to end the program: those of people, timers, limits, power, queues and
# real time that this system has
ENDING = tuple(
    sorted(_VALID - _numbers((*_FAULTS, *_STOPS, *_HARMLESS, *_UNCATCHABLE, *_PYTHONS)) - {ASKED})
)
# those for which a handler that does nothing is as good as ignoring them
IGNORABLE = _VALID - _numbers(_UNTOUCHED)


def exit_code(number: int) -> int:
    """Return the exit code of a program that this signal ended, as shells report it."""
    return 128 + number


def name_of(number: int) -> str:
    """Return the name of a signal: `SIGTERM`, `SIGRTMIN+3`; `signal 99` if it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        first, last = (getattr(signal, name, 0) for name in ("SIGRTMIN", "SIGRTMAX"))
        if first < number < last:
            return f"SIGRTMIN+{number - first}"
        return f"signal {number}"
