"""Entries whose command could not start. The fault is the box's, or that of the entry itself.

Such an entry waits behind all others until a command has begun. Then it is in its usual place
again. One that fails MOST_TIMES, and others have begun after each time but the last, is at fault.
So an outage of the box ends no entry, and no entry keeps the others from starting.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue import facts, state_changes
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State

MOST_TIMES = 3
# a turn of 0: another command has begun since
SET = "INSERT OR REPLACE INTO failed_starts (entry, turn, times) VALUES (?, ?, ?)"
AT_FAULT = "could not start, though others did: "


def put_back(
    database: sqlite3.Connection, entry: Entry, exit_code: int | None, reason: str
) -> None:
    """Put an entry back to wait as if it had not been started, or end it: it is at fault.

    GitHub is told once of each reason: it takes a thousand statuses of a commit, and no more.
    """
    if entry.state is not State.RUNNING:
        return
    turn, times = _known(database, entry.id) or (0, 0)
    times += turn == 0
    if times >= MOST_TIMES and not entry.asked_to_end:
        state_changes.end(database, entry, State.ERROR, exit_code, f"{AT_FAULT}{reason}")
        return
    description = "" if entry.reason == reason else f"waits: {reason}"
    if state_changes.put_back(database, entry, reason, description):
        database.execute(SET, (entry.id, facts.count(database, "turn"), times))


def begun(database: sqlite3.Connection, number: int) -> None:
    """Let a command that has begun speak for the box: other entries may try again."""
    if is_known(database, number):
        database.execute("DELETE FROM failed_starts WHERE entry = ?", (number,))
        database.execute("UPDATE entries SET reason = '' WHERE id = ?", (number,))
    database.execute("UPDATE failed_starts SET turn = 0 WHERE turn != 0")


def is_known(database: sqlite3.Connection, number: int) -> bool:
    """Whether the last start of an entry has failed."""
    return _known(database, number) is not None


def turns(database: sqlite3.Connection) -> dict[int, int]:
    """Return the entries that wait behind all others, each with its turn among those."""
    return dict(database.execute("SELECT entry, turn FROM failed_starts WHERE turn != 0"))


def _known(database: sqlite3.Connection, number: int) -> tuple[int, int] | None:
    ask = "SELECT turn, times FROM failed_starts WHERE entry = ?"
    found: tuple[int, int] | None = database.execute(ask, (number,)).fetchone()
    return found
