"""How entries end, or are put back to wait. An end of which no run tells gets a status.

All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3
import time

from lib.commit_queue import rows, status_rows
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import ENDED, SPOKEN, State
from lib.commit_queue.status_rows import WAITS

OPEN_OF_COMMIT = (  # the one that runs first
    "WHERE sha = ? AND speaks AND state IN ('waiting', 'running') ORDER BY state LIMIT 1"
)
WAITS_ONCE_MORE = "was cut off and waits once more"
MOST_TRIES = 2  # starts of an entry whose runs are cut off


def end(
    database: sqlite3.Connection,
    entry: Entry,
    state: State,
    exit_code: int | None,
    reason: str,
    *,
    silent: bool = False,
) -> bool:
    """End an entry; return False if it has ended already. Raises ValueError for another state.

    A run that passed or failed has told GitHub of it, unless it was `silent`. Of any other end it
    is told, unless another entry that has not ended speaks of the commit.
    """
    if state not in ENDED:
        raise ValueError(f"expected the state of an end, found {state.value!r}")
    if entry.state in ENDED:
        return False
    database.execute(
        "UPDATE entries SET state = ?, exit_code = ?, reason = ?, ended = ? WHERE id = ?",
        (state, exit_code, reason, time.time(), entry.id),
    )
    database.execute("DELETE FROM failed_starts WHERE entry = ?", (entry.id,))
    if not silent and state in SPOKEN:
        status_rows.drop(database, entry)
    elif entry.speaks and (others := rows.entries(database, OPEN_OF_COMMIT, (entry.sha,))):
        _tell_of_open(database, others[0])
    else:
        status_rows.put(database, entry, "error", reason or state.value)
    return True


def _tell_of_open(database: sqlite3.Connection, entry: Entry) -> None:
    """Tell GitHub that a commit waits, unless its run speaks."""
    if entry.state is State.WAITING:
        status_rows.put(database, entry, "pending", WAITS)
    else:
        status_rows.drop(database, entry)


def cancel_open(database: sqlite3.Connection, number: int, reason: str) -> Entry:
    """Cancel an entry that has not ended; return it. Raises LookupError for another."""
    entry = rows.entry(database, number)
    if entry.state in ENDED:
        raise LookupError(
            f"expected an entry that waits or runs, found that {number} has ended: "
            f"{entry.state.value}"
        )
    cancel(database, entry, reason)
    return rows.entry(database, number)


def cancel(database: sqlite3.Connection, entry: Entry, reason: str) -> None:
    """End an entry that waits; ask one that runs to end, unless it was asked before."""
    asked = entry._replace(asked_to_end=entry.asked_to_end or reason)
    database.execute(
        "UPDATE entries SET asked_to_end = ? WHERE id = ?", (asked.asked_to_end, entry.id)
    )
    if entry.state is State.WAITING:
        end(database, entry, asked.end_if_asked, None, reason)


def cut_off(database: sqlite3.Connection, entry: Entry, reason: str) -> None:
    """Put an entry back to wait whose run was cut off; after the second time it ends."""
    if entry.state is not State.RUNNING:
        return
    if entry.asked_to_end:
        end(database, entry, entry.end_if_asked, None, entry.asked_to_end)
    elif entry.tries >= MOST_TRIES:
        end(database, entry, State.CUT_OFF, None, f"cut off twice: {reason}")
    else:
        database.execute(
            "UPDATE entries SET state = ?, reason = ?, run = '' WHERE id = ?",
            (State.WAITING, f"cut off: {reason}", entry.id),
        )
        status_rows.put(database, entry._replace(run=""), "pending", WAITS_ONCE_MORE)


def put_back(
    database: sqlite3.Connection, entry: Entry, reason: str, description: str = status_rows.WAITS
) -> bool:
    """Put a running entry back to wait as if it had not been started, unless it is to end.

    Return whether it waits. GitHub gets a status with this `description`, none for ''.
    """
    if entry.state is not State.RUNNING:
        return False
    if entry.asked_to_end:
        end(database, entry, entry.end_if_asked, None, entry.asked_to_end)
        return False
    database.execute(
        "UPDATE entries SET state = ?, reason = ?, run = '', tries = max(0, tries - 1) "
        "WHERE id = ?",
        (State.WAITING, reason, entry.id),
    )
    if description:
        status_rows.put(database, entry._replace(run=""), "pending", description)
    return True


def recover(database: sqlite3.Connection) -> list[Entry]:
    """Put back, or end, all running entries, whose worker has ended; return them."""
    running = rows.entries(database, "WHERE state = 'running' ORDER BY id")
    for entry in running:
        cut_off(database, entry, "its worker has ended")
    return [rows.entry(database, entry.id) for entry in running]
