"""The queue for those who only read it; a queue that is not there reads as an empty one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from lib.commit_queue import (
    branch_order,
    facts,
    listing,
    old_rows,
    paths,
    program_drain,
    rows,
    start_order,
)
from lib.commit_queue.database import Database
from lib.commit_queue.entry import Entry, QueuedStatus
from lib.commit_queue.states import State
from lib.commit_queue.wake import Waker

T = TypeVar("T")
COUNTS = "SELECT state, count(*) FROM entries GROUP BY state"
SECONDS = """
    SELECT state, count(*), sum(ended - started) FROM entries
    WHERE started NOT NULL AND ended NOT NULL GROUP BY state"""


class QueueReader:
    """The queue of a state directory; safe between threads and between processes.

    Each method may raise QueueError, an OSError with a sentence.
    """

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self._database = Database(paths.database(state_dir), Waker(state_dir).wake)

    def close(self) -> None:
        """Close the database; a later call opens it again."""
        self._database.close()

    def peek(self) -> Entry | None:
        """Return the entry that `take` would start."""
        return None if self.drained_by() else self._read(start_order.next_entry)

    def waiting(self) -> list[Entry]:
        """Return all entries that wait, in the order in which they would start."""
        return self._read(start_order.waiting)

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

    def tips(self) -> dict[str, str]:
        """Return the commit of each branch of the repository, as far as pushes are known.

        '' stands for a branch that was deleted.
        """
        return self._read(branch_order.tips)

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
        mode = self._fact("mode")
        return "draining" if mode == "running" and self.drained_by() else mode

    def why(self) -> str:
        """Return the reason of the mode, '' for none."""
        return self._fact("why") or self.drained_by()

    def drained_by(self) -> str:
        """Return the name of a program that drains the queue, '' for none. Raises OSError."""
        return program_drain.holder(self.state_dir)

    def message(self) -> str:
        """Return what people should know: what holds the queue up, what was damaged, a note."""
        told = (self._fact("message"), self.damage(), self._fact("note"))
        return "; ".join(filter(None, told))

    def held_up(self) -> str:
        """Return what keeps entries from starting though no person wants that, '' for nothing."""
        return self._fact("message")

    def damage(self) -> str:
        """Return what happened to a damaged database of this queue, '' for nothing."""
        return self._fact("damage")

    def statuses(self) -> list[QueuedStatus]:
        """Return the commit statuses that are to be posted, the oldest first."""
        ask = "SELECT id, entry, sha, state, description, run FROM statuses ORDER BY id"
        return self._read(lambda database: [QueuedStatus(*row) for row in database.execute(ask)])

    def version(self) -> int:
        """Return a number that grows with each change."""
        return int(self._fact("version"))

    def count_old(self, before: float) -> int:
        """Return how many entries and deliveries `forget` would remove."""
        return self._read(lambda database: old_rows.count(database, before))

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.read(question)

    def _fact(self, name: str) -> str:
        return self._read(lambda database: facts.get(database, name))
