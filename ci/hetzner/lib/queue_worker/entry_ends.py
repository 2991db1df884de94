"""Keeps in the queue what the ends of commands say of their entries."""

from __future__ import annotations

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.queue_worker import run_end
from lib.queue_worker.protocol import Gone
from lib.queue_worker.run_end import Judgement

NOT_WHOLE = "the run did not check all of the commit, see its report"


class EntryEnds:
    """The ends of the entries of one worker."""

    def __init__(self, queue: CommitQueue) -> None:
        self._queue = queue

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
        if gone.end.began and (gone.run != known.run or not gone.run):
            self._queue.begun(entry.id, gone.run)
        judgement = run_end.judge(known, gone.end, stopping=stopping)
        if judgement.cut_off:
            self._queue.cut_off(entry.id, judgement.reason)
        elif judgement.not_started:
            kept = self._queue.could_not_start(entry.id, gone.end.code, judgement.reason)
            return judgement._replace(state=kept.state, reason=kept.reason)
        elif judgement.state is State.WAITING:
            self._queue.put_back(entry.id, judgement.reason)
        else:
            silent = gone.end.began and not gone.whole
            if silent:
                judgement = _of_a_part(judgement, gone.end.said)
            self._queue.end(
                entry.id, judgement.state, gone.end.code, judgement.reason, silent=silent
            )
        return judgement


def _of_a_part(judgement: Judgement, said: str) -> Judgement:
    """Return what is known of a commit by a run of a part of it: not that it is green.

    A run that failed, before its jobs say, `said` why.
    """
    green, red = judgement.state is State.PASSED, judgement.state is State.FAILED
    reason = judgement.reason or (said if red else "") or NOT_WHOLE
    return judgement._replace(state=State.ERROR if green else judgement.state, reason=reason)
