"""Pushes that are told of late: GitHub delivers some out of order, and old ones again on request.

A push names the commit where its branch was before. One whose commit a known push has moved the
branch away from is the older of the two, unless it moves the branch back from where it is now.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue.entry import Push

OF_BRANCH = """
    SELECT r.rowid, e.sha, r.before FROM refs r JOIN entries e ON e.id = r.entry
    WHERE r.branch = ? AND r.fork = ? AND r.before != '' ORDER BY r.rowid DESC"""


def row_of_newer(database: sqlite3.Connection, push: Push) -> int | None:
    """Return the row of the branch's newest push if this one is older, else None."""
    if not push.before:
        return None
    found = database.execute(OF_BRANCH, (push.ref.branch, push.ref.fork)).fetchall()
    if not any(before == push.sha for _, _, before in found):
        return None
    newest, tip, _ = found[0]
    return None if tip in (push.before, push.sha) else newest


def make_newest(database: sqlite3.Connection, row: int) -> None:
    """Let the branch of a row be where this row says: the newest row counts."""
    database.execute(
        "UPDATE refs SET rowid = (SELECT max(rowid) + 1 FROM refs) WHERE rowid = ?", (row,)
    )
