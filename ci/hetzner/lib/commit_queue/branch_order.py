"""The order of what was pushed to a branch: that of the row numbers of `refs`.

A person who has a commit run says nothing of where its branch is. The row of such a run stands
before those of all pushes, unless the branch is at this commit: then it is a run of the branch.
All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3

from lib.commit_queue.entry import DELETED, MANUAL, Push, Ref

FIRST = -(2**62)  # the row of the first run by hand; those of pushes are above 0
TIP = """
    SELECT e.sha FROM refs r JOIN entries e ON e.id = r.entry
    WHERE r.branch = ? AND r.fork = ? AND r.rowid > 0 ORDER BY r.rowid DESC LIMIT 1"""
# SQLite takes the commit from the row of the greatest value (sqlite.org/lang_select.html, 2.5)
TIPS = """
    SELECT r.branch, e.sha, max(r.rowid) FROM refs r JOIN entries e ON e.id = r.entry
    WHERE r.branch != '' AND r.fork = '' AND r.rowid > 0 GROUP BY r.branch"""
LAST_BY_HAND = "SELECT max(rowid) FROM refs WHERE rowid < 0"
LAST = "SELECT max(rowid) FROM refs WHERE rowid > 0"


def add(database: sqlite3.Connection, entry: int, ref: Ref, push: Push) -> None:
    """Let an entry stand for a push to a branch."""
    pushed = push.source not in MANUAL or tip(database, ref) == push.sha
    (last,) = database.execute(LAST if pushed else LAST_BY_HAND).fetchone()
    row = (last or (0 if pushed else FIRST)) + 1
    database.execute(
        "INSERT INTO refs (rowid, entry, branch, pull, fork, before) VALUES (?, ?, ?, ?, ?, ?)",
        (row, entry, *ref, push.before),
    )


def tip(database: sqlite3.Connection, ref: Ref) -> str:
    """Return the commit that was pushed to a branch last, '' if none is known."""
    found = database.execute(TIP, ref.key).fetchone()
    return found[0] if found else ""


def tips(database: sqlite3.Connection) -> dict[str, str]:
    """Return the same of all branches of the repository of which a push is known."""
    gone = database.execute("SELECT DISTINCT branch, '' FROM refs WHERE fork = ?", (DELETED,))
    return dict(gone.fetchall()) | {branch: sha for branch, sha, _ in database.execute(TIPS)}
