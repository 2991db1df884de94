"""Which entries there are: of some states, of a branch, and the last of each branch.

The entries of a branch are in the order of its pushes, and an entry counts with its latest one: a
branch that goes back to an earlier commit has the verdict of that commit again. Rows of `refs` are
in the order in which they were written, and a push writes the row of its branch anew. Those of runs
by hand are before them (branch_order.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from lib.commit_queue import rows
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State

ALL = -1  # entries
OF_BRANCH = """
    JOIN (SELECT entry, max(rowid) AS turn FROM refs
          WHERE branch = :branch AND fork = '' GROUP BY entry) ON entry = id"""
# one that is of this branch no more has the place of the last push before it
BEFORE_OF_BRANCH = """
    AND turn < coalesce(
        (SELECT max(rowid) FROM refs WHERE entry = :before AND branch = :branch AND fork = ''),
        (SELECT max(rowid) + 1 FROM refs WHERE entry < :before AND branch = :branch AND fork = ''))
"""
# SQLite takes the id from the row of the greatest value (sqlite.org/lang_select.html, 2.5)
BRANCHES = """
    SELECT r.branch, e.id, max(r.rowid) AS turn FROM refs r JOIN entries e ON e.id = r.entry
    WHERE r.branch != '' AND r.fork = '' AND e.state NOT IN ('waiting', 'running')
    GROUP BY r.branch ORDER BY turn DESC"""


def entries(
    database: sqlite3.Connection,
    states: Collection[State],
    branch: str,
    limit: int,
    before: int | None,
) -> list[Entry]:
    """Return entries, the newest first, as `CommitQueue.entries` says."""
    values: dict[str, object] = {"branch": branch, "limit": limit, "before": before}
    values |= {f"state{number}": state for number, state in enumerate(states)}
    rest = f"{OF_BRANCH if branch else ''} WHERE 1"
    if states:
        marks = ", ".join(f":state{number}" for number in range(len(states)))
        rest += f" AND state IN ({marks})"
    if before is not None:
        rest += BEFORE_OF_BRANCH if branch else " AND id < :before"
    rest += f" ORDER BY {'turn' if branch else 'id'} DESC LIMIT :limit"
    return rows.entries(database, rest, values)


def branches(database: sqlite3.Connection) -> list[tuple[str, Entry]]:
    """Return the branches of the repository, each with its last ended entry, newest first."""
    found = database.execute(BRANCHES).fetchall()
    return [(branch, rows.entry(database, number)) for branch, number, _ in found]
