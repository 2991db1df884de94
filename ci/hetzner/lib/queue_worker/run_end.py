"""What the end of a command says of its entry. Pure.

A command that was to write the name of its run, and did not, has run nothing, whatever its exit
code: `docker exec` ends with 1 when the container is not there. It also ends with 0 or 1 when it is
cut off from a run that goes on, so the report of the run has to say the same.
"""

from __future__ import annotations

from typing import NamedTuple

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.common import signal_names

NOT_FOUND = (125, 126, 127)  # of docker, and of shells: the command could not run
VERDICTS = {0: State.PASSED, 1: State.FAILED, 4: State.FAILED, 124: State.FAILED}  # of a run
LAST_SIGNAL, KILLED = 64, "SIGKILL"
UNCONFIRMED = "came from its command, not from its run"


class Ended(NamedTuple):
    """The end of a command."""

    code: int | None  # exit code, 128+n for signal n; None if it could not be started
    began: bool = True  # False if it could not start, or was to name its run, and did not
    confirmed: bool = True  # False if the report of its run does not say this exit code
    said: str = ""  # the error of its start, or the last line that it printed


class Judgement(NamedTuple):
    """What becomes of an entry; state WAITING: it is to run once more."""

    state: State
    reason: str = ""
    cut_off: bool = False  # counts as a crash
    not_started: bool = False  # it is at fault, or others will fare no better


def judge(entry: Entry, end: Ended, *, stopping: bool) -> Judgement:
    """Judge an entry by the end of its command; `stopping`: its worker ends, and has asked it to.

    A verdict of the run counts even if it was asked to end: it came before the run had noticed.
    """
    verdict = VERDICTS.get(end.code) if end.began and end.code is not None else None
    if verdict and end.confirmed:
        return Judgement(verdict)
    if entry.asked_to_end:
        return Judgement(entry.end_if_asked, entry.asked_to_end)
    if stopping:
        return Judgement(State.WAITING, "its worker was stopped")
    if not end.began:
        return Judgement(State.WAITING, _with_words(_obstacle(end), end), not_started=True)
    if verdict:
        return Judgement(State.WAITING, f"exit code {end.code} {UNCONFIRMED}", cut_off=True)
    if end.code is not None and 0 < end.code - 128 <= LAST_SIGNAL:
        return _by_signal(end.code - 128)
    code = f"the command ended with exit code {end.code}, which says nothing of the commit"
    return Judgement(State.ERROR, _with_words(code, end))


def _by_signal(number: int) -> Judgement:
    name = signal_names.name_of(number)
    if name == KILLED:  # by the kernel, for memory say
        return Judgement(State.WAITING, f"its run was ended by {name}", cut_off=True)
    return Judgement(State.ERROR, f"ended by signal {number} ({name})")


def _with_words(what: str, end: Ended) -> str:
    return f"{what}: {end.said}" if end.said else what


def _obstacle(end: Ended) -> str:
    """Return why a command has not begun."""
    if end.code is None:
        return "the command could not be started"
    if end.code in NOT_FOUND:
        return f"the command could not run (exit code {end.code})"
    return f"the command ended with exit code {end.code} before its run began"
