"""The order in which entries start: those first that are to be, then fair between branches.

Those whose command could not start are behind all others (failed_starts.py). A branch that was
served longest ago comes first, then the entry that came first. An entry that speaks waits for the
end of another of its commit: the last status of two runs at a time would be that of the slower one.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import heapq
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping

from lib.commit_queue import facts, failed_starts, rows, status_rows
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State

# what `behind` and `rank` below say, in the words of SQL: an entry of several branches counts with
# each
NEXT = """
    WHERE id = (
        SELECT e.id FROM entries e
        LEFT JOIN refs r ON r.entry = e.id
        LEFT JOIN served s ON s.branch = r.branch AND s.fork = r.fork
        LEFT JOIN failed_starts f ON f.entry = e.id
        WHERE e.state = 'waiting' AND NOT (e.speaks AND EXISTS (
            SELECT 1 FROM entries o WHERE o.sha = e.sha AND o.state = 'running' AND o.speaks))
        ORDER BY coalesce(f.turn, 0), e.first DESC, coalesce(s.turn, 0), e.id LIMIT 1
    )"""


def next_entry(database: sqlite3.Connection) -> Entry | None:
    """Return the entry that starts next, None if there is none or the queue starts none."""
    if facts.get(database, "mode") != "running":
        return None
    return next(iter(rows.entries(database, NEXT)), None)


def waiting(database: sqlite3.Connection) -> list[Entry]:
    """Return all entries that wait, in the order in which they would start.

    Those that wait for the end of another one of their commit are the last.
    """
    found = database.execute("SELECT branch, fork, turn FROM served")
    served = {(branch, fork): turn for branch, fork, turn in found}
    entries = rows.entries(database, "WHERE state = 'waiting'")
    running = rows.entries(database, "WHERE state = 'running'")
    held = [entry for entry in entries if behind(entry, running)]
    free = [entry for entry in entries if not behind(entry, running)]
    turn = int(facts.get(database, "turn"))
    behind_all = failed_starts.turns(database)
    free_ones = _in_order(free, served, turn, behind_all)
    return [*free_ones, *_in_order(held, served, turn + len(free), behind_all)]


def behind(entry: Entry, running: Iterable[Entry]) -> Entry | None:
    """Return the running entry of its commit for whose end an entry waits, None for none."""
    same = (each for each in running if each.sha == entry.sha and each.speaks)
    return next(same, None) if entry.speaks else None


def _in_order(
    entries: Iterable[Entry],
    served: dict[tuple[str, str], int],
    turn: int,
    behind_all: Mapping[int, int],
) -> Iterator[Entry]:
    def rank(entry: Entry) -> tuple[int, bool, int, int]:
        turns = [served.get((ref.branch, ref.fork), 0) for ref in entry.refs]
        return behind_all.get(entry.id, 0), not entry.first, min(turns, default=0), entry.id

    heap = [(rank(entry), entry) for entry in entries]
    heapq.heapify(heap)
    while heap:
        before, entry = heapq.heappop(heap)
        if rank(entry) != before:  # its branch was served since
            heapq.heappush(heap, (rank(entry), entry))
            continue
        yield entry
        turn += 1
        served |= {(ref.branch, ref.fork): turn for ref in entry.refs}


def take(database: sqlite3.Connection, worker: str, place: int) -> Entry | None:
    """Start the next entry."""
    entry = next_entry(database)
    if entry is None:
        return None
    untold = status_rows.drop(database, entry)
    # why its command could not start is kept, if GitHub knows: it is told once
    reason = entry.reason if failed_starts.is_known(database, entry.id) and not untold else ""
    database.execute(
        "UPDATE entries SET state = ?, reason = ?, worker = ?, place = ?, started = ?, "
        "tries = tries + 1 WHERE id = ?",
        (State.RUNNING, reason, worker, place, time.time(), entry.id),
    )
    turn = facts.count(database, "turn")
    for ref in entry.refs:
        database.execute(
            "INSERT OR REPLACE INTO served VALUES (?, ?, ?)", (ref.branch, ref.fork, turn)
        )
    return rows.entry(database, entry.id)
