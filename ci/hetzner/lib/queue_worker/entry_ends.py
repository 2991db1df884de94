"""Keeps in the queue what the ends of commands say of their entries, and pauses it in time."""

from __future__ import annotations

from collections.abc import Callable

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.commit_queue.store import BY_WORKER, CommitQueue
from lib.queue_worker import run_end
from lib.queue_worker.run_end import Judgement
from lib.queue_worker.seam import Gone

MOST_BROKEN = 3  # commands in a row that could not run, before the queue is paused
NOT_WHOLE = "the run did not check all of the commit, see its report"


class EntryEnds:
    """The ends of the entries of one worker; `say` prints a line."""

    def __init__(self, queue: CommitQueue, say: Callable[[str], None]) -> None:
        self._queue = queue
        self._say = say
        self._broken = 0

    def record(self, entry: Entry, gone: Gone, *, stopping: bool) -> Judgement:
        """Keep what the end of a command says of its entry; return it. Raises QueueError.

        It may be called again after an error. `stopping`: the worker ends.
        """
        try:
            known = self._queue.entry(entry.id)
        except LookupError as error:  # the database is another one by now
            return Judgement(State.ERROR, f"{error}: its end is not kept")
        if known.worker != entry.worker:  # our lock was removed, and another worker has begun
            return Judgement(State.ERROR, "another worker has it by now: its end is not kept")
        if gone.run and gone.run != known.run:
            self._queue.named(entry.id, gone.run)
        judgement = run_end.judge(known, gone.end, stopping=stopping)
        if judgement.cut_off:
            self._queue.cut_off(entry.id, judgement.reason)
        elif judgement.state is State.WAITING:
            self._queue.put_back(entry.id, judgement.reason)
        else:
            silent = gone.end.began and not gone.whole
            if silent:
                judgement = _of_a_part(judgement, gone.end.said)
            self._queue.end(
                entry.id, judgement.state, gone.end.code, judgement.reason, silent=silent
            )
        self._pause_if_broken(judgement)
        return judgement

    def _pause_if_broken(self, judgement: Judgement) -> None:
        """Pause the queue before a command that cannot run has used up all entries."""
        self._broken = 0 if judgement.ran else self._broken + 1
        if self._broken >= MOST_BROKEN:
            why = f"{MOST_BROKEN} commands in a row could not run; the last: {judgement.reason}"
            self._queue.set_mode("paused", f"{BY_WORKER}{why}")
            self._say(f"the queue is paused: {why}")
            self._broken = 0


def _of_a_part(judgement: Judgement, said: str) -> Judgement:
    """Return what is known of a commit by a run of a part of it: not that it is green.

    A run that failed, before its jobs say, `said` why.
    """
    green, red = judgement.state is State.PASSED, judgement.state is State.FAILED
    reason = judgement.reason or (said if red else "") or NOT_WHOLE
    return judgement._replace(state=State.ERROR if green else judgement.state, reason=reason)
