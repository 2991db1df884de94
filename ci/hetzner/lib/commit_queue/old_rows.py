"""Rows of entries that ended long ago, and of old deliveries.

All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3


def count(database: sqlite3.Connection, before: float) -> int:
    """Return how many entries ended before a time, and how many deliveries came before it."""
    ask = (
        "SELECT (SELECT count(*) FROM entries WHERE ended < ?) + "
        "(SELECT count(*) FROM deliveries WHERE received < ?)"
    )
    return int(database.execute(ask, (before, before)).fetchone()[0])


# a branch that went back to an old commit: what was pushed before is not its verdict
OVERTAKEN = """
    DELETE FROM refs WHERE rowid IN (
        SELECT r.rowid FROM refs r JOIN entries e ON e.id = r.entry JOIN (
            SELECT l.branch, l.fork, max(l.rowid) AS turn
            FROM refs l JOIN entries o ON o.id = l.entry WHERE o.ended < ?
            GROUP BY l.branch, l.fork) old
        ON r.branch = old.branch AND r.fork = old.fork AND r.rowid < old.turn
        WHERE e.ended NOT NULL)"""


def forget(database: sqlite3.Connection, before: float) -> int:
    """Remove entries that ended before a time, and deliveries; return how many entries."""
    database.execute(OVERTAKEN, (before,))
    old = "SELECT id FROM entries WHERE ended < ?"
    for table in ("refs", "statuses"):
        database.execute(f"DELETE FROM {table} WHERE entry IN ({old})", (before,))
    gone = database.execute("DELETE FROM entries WHERE ended < ?", (before,)).rowcount
    database.execute("DELETE FROM deliveries WHERE received < ?", (before,))
    database.execute(
        "DELETE FROM served WHERE NOT EXISTS (SELECT 1 FROM refs "
        "WHERE refs.branch = served.branch AND refs.fork = served.fork)"
    )
    return gone
