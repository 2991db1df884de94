"""Pushes that are told of late: GitHub delivers some out of order, and old ones again on request.

A push names the commit where its branch was before. One whose commit a known push has moved the
branch away from is the older of the two, unless it moves the branch back from where it is now.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue import branch_order
from lib.commit_queue.entry import Push

FROM_THERE = (
    "SELECT max(rowid) FROM refs WHERE branch = ? AND fork = ? AND before = ? AND rowid > 0"
)


def row_of_newer(database: sqlite3.Connection, push: Push) -> int | None:
    """Return the row of the push that moved the branch on from an older one, None for a newer."""
    if not push.before:
        return None
    asked = (push.ref.branch, push.ref.fork, push.sha)
    row: int | None = database.execute(FROM_THERE, asked).fetchone()[0]
    if row is None or branch_order.tip(database, push.ref) in (push.before, push.sha):
        return None
    return row


def put_before(database: sqlite3.Connection, entry: int, push: Push, next_row: int) -> None:
    """Put the row of an older push before that row and all later ones of its branch.

    `entry` is the one that stands for the push.
    """
    last = int(database.execute("SELECT max(rowid) FROM refs").fetchone()[0])
    database.execute(
        "UPDATE refs SET rowid = rowid + ? WHERE branch = ? AND fork = ? AND rowid >= ? "
        "AND entry != ?",
        (last + 1 - next_row, push.ref.branch, push.ref.fork, next_row, entry),
    )
