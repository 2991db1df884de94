"""The queue: what its users call. Each call that changes it is all or nothing.

The other modules of this room have the rules.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from lib.commit_queue import (
    deliveries,
    facts,
    failed_starts,
    moving,
    old_rows,
    pushing,
    rows,
    start_order,
    state_changes,
)
from lib.commit_queue.entry import Deletion, Entry, Push
from lib.commit_queue.facts import MODES
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import State

T = TypeVar("T")


class CommitQueue(QueueReader):
    """The queue, read and changed.

    `protected` are globs of branches whose pushes are not superseded.
    """

    def __init__(self, state_dir: Path, protected: Sequence[str] = ()) -> None:
        super().__init__(state_dir)
        self._protected = tuple(protected)

    def push(self, push: Push) -> Entry:
        """Queue a commit, or join its entry that answers the push as well; return the entry."""
        return self._write(lambda database: pushing.push(database, push, self._protected))

    def push_all(self, pushes: Sequence[Push]) -> list[Entry]:
        """Do the same with several: all of them, or none."""
        return self._write(
            lambda database: [pushing.push(database, each, self._protected) for each in pushes]
        )

    def delete(self, deletion: Deletion) -> None:
        """End what waits or runs for a deleted branch alone; it has no verdict any more."""
        self._write(lambda database: moving.delete(database, deletion, self._protected))

    def correct(self, branch: str, known: str, found: str) -> Entry | Deletion | None:
        """Move a branch from where `tips` had it to where the remote has it; '' stands for nowhere.

        Return the entry of the commit that was found, or the deletion; None if a push or a deletion
        has moved the branch meanwhile.
        """
        return self._write(
            lambda database: moving.correct(database, branch, known, found, self._protected)
        )

    def receive(self, delivery: str, change: Push | Deletion, answer: str) -> str:
        """Take a delivery, queue its push, and return the answer, which is kept.

        A delivery that was seen before gets its first answer, and queues nothing. '{entry}' in
        the answer is replaced by the id of the entry.
        """
        return self._write(
            lambda database: deliveries.receive(database, delivery, change, answer, self._protected)
        )

    def take(self, worker: str, place: int) -> Entry | None:
        """Start the next entry; None if there is none, or the queue is paused or drains."""
        if self.peek() is None:  # most looks find nothing, and need no write
            return None

        def start(database: sqlite3.Connection) -> Entry | None:
            return None if self.drained_by() else start_order.take(database, worker, place)

        return self._write(start)

    def begun(self, entry: int, run: str = "") -> None:
        """Keep that the command of an entry has begun, and the name of its run's directory."""

        def change(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE entries SET run = ? WHERE id = ? AND run != ?", (run, entry, run)
            )
            failed_starts.begun(database, entry)

        self._write(change)

    def end(
        self,
        entry: int,
        state: State,
        exit_code: int | None,
        reason: str = "",
        *,
        silent: bool = False,
    ) -> bool:
        """End an entry; return False if it has ended already: an end is final.

        `silent`: its run told GitHub nothing of the whole commit, so the reason is told.
        """

        def change(database: sqlite3.Connection) -> bool:
            found = rows.entry(database, entry)
            return state_changes.end(database, found, state, exit_code, reason, silent=silent)

        return self._write(change)

    def cancel(self, entry: int, reason: str) -> Entry:
        """End an entry that waits, ask a running one to end; return it.

        Raises LookupError if there is none, or it has ended.
        """
        return self._write(lambda database: state_changes.cancel_open(database, entry, reason))

    def cut_off(self, entry: int, reason: str) -> Entry:
        """Put an entry back to wait whose run was cut off; the second time it ends."""

        def change(database: sqlite3.Connection) -> Entry:
            state_changes.cut_off(database, rows.entry(database, entry), reason)
            return rows.entry(database, entry)

        return self._write(change)

    def put_back(self, entry: int, reason: str) -> None:
        """Put a running entry back to wait as if it had not been started."""
        self._write(
            lambda database: state_changes.put_back(database, rows.entry(database, entry), reason)
        )

    def could_not_start(self, entry: int, exit_code: int | None, reason: str) -> Entry:
        """Put an entry back to wait whose command could not start; return it.

        It ends if others can start.
        """

        def change(database: sqlite3.Connection) -> Entry:
            failed_starts.put_back(database, rows.entry(database, entry), exit_code, reason)
            return rows.entry(database, entry)

        return self._write(change)

    def recover(self) -> list[Entry]:
        """Do as `cut_off` with all running entries; return them. For a worker that begins."""
        return self._write(state_changes.recover)

    def set_mode(self, mode: str, why: str = "") -> None:
        """Change the mode. Raises ValueError for another one."""
        if mode not in MODES:
            raise ValueError(f"expected one of {', '.join(MODES)}, found {mode!r}")
        self._put({"mode": mode, "why": why})

    def announce(self) -> None:
        """Wake all who watch: a program begins to drain, or ends it.

        Entries that were about to start when it began run by now, or start no more.
        """
        same = "UPDATE facts SET value = value WHERE name = 'version'"
        self._write(lambda database: database.execute(same))

    def set_message(self, text: str) -> None:
        """Keep what holds the queue up, such as a full disk; '' for nothing."""
        self._put({"message": text})

    def set_note(self, text: str) -> None:
        """Keep what people should know though it holds nothing up; '' for nothing."""
        self._put({"note": text})

    def forget_damage(self) -> None:
        """Speak of that no more: a person has seen it."""
        self._put({"damage": ""})

    def forget_status(self, status: int) -> None:
        """Forget a status: it was posted, or can never be."""
        change = "DELETE FROM statuses WHERE id = ?"
        self._write(lambda database: database.execute(change, (status,)))

    def forget(self, before: float) -> int:
        """Remove entries that ended before a time, and deliveries; return how many entries."""
        return self._write(lambda database: old_rows.forget(database, before))

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.write(action)

    def _put(self, changed: Mapping[str, str]) -> None:
        """Change facts, if they are others."""
        known = {name: self._fact(name) for name in changed}
        if known != changed:
            self._write(lambda database: facts.put_all(database, changed))
