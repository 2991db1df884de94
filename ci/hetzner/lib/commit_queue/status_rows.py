"""Commit statuses that are to be posted, one a commit: for those of which no run tells.

All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue.entry import Entry

WAITS = "waits in the queue"  # a description


def put(database: sqlite3.Connection, entry: Entry, state: str, description: str) -> None:
    """Keep a status to be posted in place of older ones of the commit; none if it speaks not."""
    if not entry.speaks:
        return
    drop(database, entry)
    database.execute(
        "INSERT INTO statuses (entry, sha, state, description, run) VALUES (?, ?, ?, ?, ?)",
        (entry.id, entry.sha, state, description, entry.run),
    )


def drop(database: sqlite3.Connection, entry: Entry) -> bool:
    """Drop the statuses of a commit that were not posted: its run speaks, and they are older.

    Return whether there were any.
    """
    drop = "DELETE FROM statuses WHERE sha = ?"
    return entry.speaks and database.execute(drop, (entry.sha,)).rowcount > 0
