"""The queue: what its users call. Each call that changes it is all or nothing.

The other modules of this room have the rules.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from lib.commit_queue import (
    deliveries,
    ending,
    facts,
    failed_starts,
    listing,
    paths,
    pushing,
    rows,
    taking,
)
from lib.commit_queue.database import Database
from lib.commit_queue.entry import Entry, Push, QueuedStatus
from lib.commit_queue.states import State
from lib.commit_queue.wake import Waker

T = TypeVar("T")
ALL = -1  # entries
MODES = ("running", "paused", "draining")
COUNTS = "SELECT state, count(*) FROM entries GROUP BY state"
SECONDS = """
    SELECT state, count(*), sum(ended - started) FROM entries
    WHERE started NOT NULL AND ended NOT NULL GROUP BY state"""


class CommitQueue:
    """The queue of a state directory; safe between threads and between processes.

    `protected` are globs of branches whose pushes are not superseded. Each method may raise
    QueueError, an OSError with a sentence.
    """

    def __init__(self, state_dir: Path, protected: Sequence[str] = ()) -> None:
        self.state_dir = state_dir
        self._protected = tuple(protected)
        self._database = Database(paths.database(state_dir), Waker(state_dir).wake)

    def close(self) -> None:
        """Close the database; a later call opens it again."""
        self._database.close()

    def push(self, push: Push) -> Entry:
        """Queue a commit, or join its entry that answers the push as well; return the entry."""
        return self._write(lambda database: pushing.push(database, push, self._protected))

    def push_all(self, pushes: Sequence[Push]) -> list[Entry]:
        """Do the same with several: all of them, or none."""
        return self._write(
            lambda database: [pushing.push(database, each, self._protected) for each in pushes]
        )

    def receive(self, delivery: str, push: Push, answer: str) -> str:
        """Take a delivery, queue its push, and return the answer, which is kept.

        A delivery that was seen before gets its first answer, and queues nothing. '{entry}' in
        the answer is replaced by the id of the entry.
        """
        return self._write(
            lambda database: deliveries.receive(database, delivery, push, answer, self._protected)
        )

    def take(self, worker: str, place: int) -> Entry | None:
        """Start the next entry; None if there is none, or the queue is paused or drains."""
        if self.peek() is None:  # most looks find nothing, and need no write
            return None
        return self._write(lambda database: taking.take(database, worker, place))

    def peek(self) -> Entry | None:
        """Return the entry that `take` would start."""
        return self._read(taking.next_entry)

    def waiting(self) -> list[Entry]:
        """Return all entries that wait, in the order in which they would start."""
        return self._read(taking.waiting)

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
            return ending.end(database, found, state, exit_code, reason, silent=silent)

        return self._write(change)

    def cancel(self, entry: int, reason: str) -> Entry:
        """End an entry that waits, ask a running one to end; return it.

        Raises LookupError if there is none, or it has ended.
        """
        return self._write(lambda database: ending.cancel_open(database, entry, reason))

    def cut_off(self, entry: int, reason: str) -> Entry:
        """Put an entry back to wait whose run was cut off; the second time it ends."""

        def change(database: sqlite3.Connection) -> Entry:
            ending.cut_off(database, rows.entry(database, entry), reason)
            return rows.entry(database, entry)

        return self._write(change)

    def put_back(self, entry: int, reason: str) -> None:
        """Put a running entry back to wait as if it had not been started."""
        self._write(lambda database: ending.put_back(database, rows.entry(database, entry), reason))

    def could_not_start(self, entry: int, exit_code: int | None, reason: str) -> Entry:
        """Put an entry back to wait whose command could not start; return it.

        It ends if others can start.
        """

        def change(database: sqlite3.Connection) -> Entry:
            failed_starts.put_back(database, rows.entry(database, entry), exit_code, reason)
            return rows.entry(database, entry)

        return self._write(change)

    def recover(self, lives: Callable[[str], bool]) -> list[Entry]:
        """Do as `cut_off` with the running entries of workers that do not live; return them."""
        return self._write(lambda database: ending.recover(database, lives))

    def entries(
        self,
        *,
        states: Collection[State] = (),
        branch: str = "",
        limit: int = 50,
        before: int | None = None,
    ) -> list[Entry]:
        """Return entries, the newest first: of these states (default: any), of this branch.

        At most `limit` of them, or ALL.
        Those of a branch are in the order of its pushes; one that was pushed again counts as new.
        `before` leaves out the entry with this id and all newer ones.
        """
        return self._read(lambda database: listing.entries(database, states, branch, limit, before))

    def entry(self, entry: int) -> Entry:
        """Return an entry. Raises LookupError."""
        return self._read(lambda database: rows.entry(database, entry))

    def repetitions(self, group: str) -> list[Entry]:
        """Return the entries of a group of repetitions, the oldest first."""
        rest = "WHERE repeat = ? ORDER BY id"
        return self._read(lambda database: rows.entries(database, rest, (group,)))

    def branches(self) -> list[tuple[str, Entry]]:
        """Return the branches of the repository, each with its last ended entry, newest first.

        That is the one that was pushed last of those that have ended.
        """
        return self._read(listing.branches)

    def counts(self) -> dict[State, int]:
        """Return how many entries are in each state; those that were forgotten are not counted."""
        found = self._read(lambda database: database.execute(COUNTS).fetchall())
        return dict.fromkeys(State, 0) | {State(state): count for state, count in found}

    def run_seconds(self) -> dict[State, tuple[int, float]]:
        """Return, by state, how many entries ran to their end, and their seconds together."""
        found = self._read(lambda database: database.execute(SECONDS).fetchall())
        return {State(state): (count, seconds) for state, count, seconds in found}

    def mode(self) -> str:
        """Return 'running', 'paused' or 'draining'."""
        return self._fact("mode")

    def why(self) -> str:
        """Return the reason of the mode, '' for none."""
        return self._fact("why")

    def set_mode(self, mode: str, why: str = "") -> None:
        """Change the mode. Raises ValueError for another one."""
        if mode not in MODES:
            raise ValueError(f"expected one of {', '.join(MODES)}, found {mode!r}")
        self._put({"mode": mode, "why": why})

    def message(self) -> str:
        """Return what people should know: what holds the queue up, and what was damaged."""
        return "; ".join(text for text in (self._fact("message"), self.damage()) if text)

    def held_up(self) -> str:
        """Return what keeps entries from starting though no person wants that, '' for nothing."""
        return self._fact("message")

    def set_message(self, text: str) -> None:
        """Keep what holds the queue up, such as a full disk; '' for nothing."""
        self._put({"message": text})

    def damage(self) -> str:
        """Return what happened to a damaged database of this queue, '' for nothing."""
        return self._fact("damage")

    def forget_damage(self) -> None:
        """Speak of that no more: a person has seen it."""
        self._put({"damage": ""})

    def statuses(self) -> list[QueuedStatus]:
        """Return the commit statuses that are to be posted, the oldest first."""
        ask = "SELECT id, entry, sha, state, description, run FROM statuses ORDER BY id"
        return self._read(lambda database: [QueuedStatus(*row) for row in database.execute(ask)])

    def posted(self, status: int) -> None:
        """Forget a status: it was posted, or can never be."""
        change = "DELETE FROM statuses WHERE id = ?"
        self._write(lambda database: database.execute(change, (status,)))

    def version(self) -> int:
        """Return a number that grows with each change."""
        return int(self._fact("version"))

    def count_old(self, before: float) -> int:
        """Return how many entries and deliveries `forget` would remove."""
        return self._read(lambda database: ending.count_old(database, before))

    def forget(self, before: float) -> int:
        """Remove entries that ended before a time, and deliveries; return how many entries."""
        return self._write(lambda database: ending.forget(database, before))

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.write(action)

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.read(question)

    def _fact(self, name: str) -> str:
        return self._read(lambda database: facts.get(database, name))

    def _put(self, changed: Mapping[str, str]) -> None:
        """Change facts, if they are others."""
        known = {name: self._fact(name) for name in changed}
        if known != changed:
            self._write(lambda database: facts.put_all(database, changed))
