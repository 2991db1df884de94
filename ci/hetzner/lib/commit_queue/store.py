"""The queue: what its users call. Each call that changes it is one transaction.

The other modules of this room have the rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lib.commit_queue import ending, facts, paths, pushing, rows, taking
from lib.commit_queue.database import Database
from lib.commit_queue.entry import Entry, Push, QueuedStatus
from lib.commit_queue.states import ENDED, State
from lib.commit_queue.wake import Waker

MODES = ("running", "paused", "draining")
BRANCHES = """
    SELECT r.branch, max(e.id) FROM refs r JOIN entries e ON e.id = r.entry
    WHERE r.branch != '' AND r.fork = '' AND e.state NOT IN ('waiting', 'running')
    GROUP BY r.branch ORDER BY max(e.id) DESC"""


class CommitQueue:
    """The queue of a state directory; safe between threads and between processes.

    `protected` are globs of branches whose pushes are not superseded. Each method may raise
    QueueError, an OSError with a sentence.
    """

    def __init__(self, state_dir: Path, protected: Sequence[str] = ()) -> None:
        self.state_dir = state_dir
        self._protected = tuple(protected)
        self._database = Database(paths.database(state_dir))
        self._waker = Waker(state_dir)

    def close(self) -> None:
        """Close the database; a later call opens it again."""
        self._database.close()

    def push(self, push: Push) -> Entry:
        """Queue a commit, or join its entry that answers the push as well; return the entry."""
        with self._database.writing() as database:
            entry = pushing.push(database, push, self._protected)
        self._waker.wake()
        return entry

    def receive(self, delivery: str, event: str, push: Push | None, answer: str) -> str:
        """Take a delivery, queue its push, and return the answer, which is kept.

        A delivery that was seen before gets its first answer, and queues nothing; '' is never
        seen before. '{entry}' in the answer is replaced by the id of the entry.
        """
        with self._database.writing() as database:
            seen = database.execute(
                "SELECT answer FROM deliveries WHERE delivery = ?", (delivery,)
            ).fetchone()
            if seen:
                return str(seen[0])
            if push is not None:
                entry = pushing.push(database, push, self._protected)
                answer = answer.replace("{entry}", str(entry.id))
            if delivery:
                database.execute(
                    "INSERT INTO deliveries VALUES (?, ?, ?, ?)",
                    (delivery, event, answer, time.time()),
                )
        self._waker.wake()
        return answer

    def take(self, worker: str, place: int) -> Entry | None:
        """Start the next entry; None if there is none, or the queue is paused or drains."""
        if self.peek() is None:  # most looks find nothing, and need no write
            return None
        with self._database.writing() as database:
            return taking.take(database, worker, place)

    def peek(self) -> Entry | None:
        """Return the entry that `take` would start."""
        with self._database.reading() as database:
            return taking.next_entry(database)

    def named(self, entry: int, run: str) -> None:
        """Keep the name of the directory of an entry's run."""
        with self._database.writing() as database:
            database.execute("UPDATE entries SET run = ? WHERE id = ?", (run, entry))

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
        with self._database.writing() as database:
            found = rows.entry(database, entry)
            ended = ending.end(database, found, state, exit_code, reason, silent=silent)
        self._waker.wake()
        return ended

    def cancel(self, entry: int, reason: str) -> Entry:
        """End an entry that waits, ask a running one to end; return it.

        Raises LookupError if there is none, or it has ended.
        """
        with self._database.writing() as database:
            found = rows.entry(database, entry)
            if found.state in ENDED:
                raise LookupError(
                    f"expected an entry that waits or runs, found that {entry} has ended: "
                    f"{found.state.value}"
                )
            ending.cancel(database, found, reason)
            asked = rows.entry(database, entry)
        self._waker.wake()
        return asked

    def cut_off(self, entry: int, reason: str) -> Entry:
        """Put a running entry back to wait whose run was killed; the second time it ends."""
        with self._database.writing() as database:
            ending.cut_off(database, rows.entry(database, entry), reason)
            return rows.entry(database, entry)

    def put_back(self, entry: int, reason: str) -> None:
        """Put a running entry back to wait as if it had not been started."""
        with self._database.writing() as database:
            ending.put_back(database, rows.entry(database, entry), reason)

    def recover(self, lives: Callable[[str], bool]) -> list[Entry]:
        """Do the same with the running entries of workers that do not live; return them."""
        with self._database.writing() as database:
            return ending.recover(database, lives)

    def entries(
        self, *, states: Collection[State] = (), branch: str = "", limit: int = 50
    ) -> list[Entry]:
        """Return entries, the newest first: of these states (default: any), of this branch."""
        marks = ", ".join("?" for _ in states)
        rest = f"WHERE state IN ({marks})" if states else "WHERE 1"
        values: list[object] = [*states]
        if branch:
            rest += " AND id IN (SELECT entry FROM refs WHERE branch = ? AND fork = '')"
            values.append(branch)
        with self._database.reading() as database:
            return rows.entries(database, f"{rest} ORDER BY id DESC LIMIT ?", [*values, limit])

    def entry(self, entry: int) -> Entry:
        """Return an entry. Raises LookupError."""
        with self._database.reading() as database:
            return rows.entry(database, entry)

    def branches(self) -> list[tuple[str, Entry]]:
        """Return the branches of the repository, each with its last ended entry, newest first."""
        with self._database.reading() as database:
            found = database.execute(BRANCHES).fetchall()
            return [(branch, rows.entry(database, number)) for branch, number in found]

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
        with self._database.writing() as database:
            facts.put(database, "mode", mode)
            facts.put(database, "why", why)
        self._waker.wake()

    def message(self) -> str:
        """Return what holds the queue up, such as a full disk; '' for nothing."""
        return self._fact("message")

    def set_message(self, text: str) -> None:
        """Keep what holds the queue up."""
        if self.message() != text:
            with self._database.writing() as database:
                facts.put(database, "message", text)

    def statuses(self) -> list[QueuedStatus]:
        """Return the commit statuses that are to be posted, the oldest first."""
        with self._database.reading() as database:
            found = database.execute(
                "SELECT id, entry, sha, state, description, run FROM statuses ORDER BY id"
            )
            return [QueuedStatus(*row) for row in found]

    def posted(self, status: int) -> None:
        """Forget a status: it was posted, or can never be."""
        with self._database.writing() as database:
            database.execute("DELETE FROM statuses WHERE id = ?", (status,))

    def version(self) -> int:
        """Return a number that grows with each change."""
        return int(self._fact("version"))

    def forget(self, before: float) -> int:
        """Remove entries that ended before a time, and deliveries; return how many entries."""
        old = "SELECT id FROM entries WHERE ended < ?"
        with self._database.writing() as database:
            for table in ("refs", "statuses"):
                database.execute(f"DELETE FROM {table} WHERE entry IN ({old})", (before,))
            gone = database.execute("DELETE FROM entries WHERE ended < ?", (before,)).rowcount
            database.execute("DELETE FROM deliveries WHERE received < ?", (before,))
            return gone

    def _fact(self, name: str) -> str:
        with self._database.reading() as database:
            return facts.get(database, name)
