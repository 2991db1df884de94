"""Pushes that are told of late: GitHub delivers some out of order, and old ones again on request.

A push names the commit where its branch was before. One whose commit a known push has moved the
branch away from is the older of the two, unless it moves the branch back from where it is now.
The event of a pull request comes beside that of the push, at any time: it moves the branch only
from where that is known to be.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue import branch_order
from lib.commit_queue.entry import Push

OF_BRANCH = "SELECT max(rowid) FROM refs WHERE branch = ? AND fork = ? AND rowid > 0"
FROM_THERE = f"{OF_BRANCH} AND before = ?"


def row_of_newer(database: sqlite3.Connection, push: Push) -> int | None:
    """Return the row of the push that moved the branch on from an older one, None for a newer."""
    if branch_order.tip(database, push.ref) in ("", push.before, push.sha):
        return None
    of_pull = push.ref.pull and not push.ref.fork  # a fork's push has no event of its own
    ask, which = (OF_BRANCH, ()) if of_pull else (FROM_THERE, (push.sha,))
    row: int | None = database.execute(ask, (*push.ref.key, *which)).fetchone()[0]
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
