"""Takes a branch from the entries that no longer stand for it, and ends those that have no other.

All functions work within the transaction of their caller.
"""

from __future__ import annotations

import fnmatch
import sqlite3
from collections.abc import Sequence

from lib.commit_queue import rows, state_changes
from lib.commit_queue.entry import MANUAL, Ref

OPEN_OF_BRANCH = (
    "WHERE state IN ('waiting', 'running') AND repeat = '' AND sha != ? AND id IN "
    "(SELECT entry FROM refs WHERE branch = ? AND fork = ?) ORDER BY id"
)


def take_branch(
    database: sqlite3.Connection, ref: Ref, reason: str, protected: Sequence[str], *, sha: str = ""
) -> None:
    """Take a branch from all entries that have not ended, but for those of the commit `sha`.

    Each push of a protected branch has its run, and so has what a person has queued.
    """
    if _is_protected(ref, protected):
        return
    for entry in rows.entries(database, OPEN_OF_BRANCH, (sha, ref.branch, ref.fork)):
        if entry.source in MANUAL:
            continue
        if {each.key for each in entry.refs} - {ref.key}:
            drop(database, entry.id, ref)
        else:
            state_changes.cancel(database, entry, reason)


def drop(database: sqlite3.Connection, entry: int, ref: Ref) -> None:
    """Let an entry stand for a branch no more."""
    database.execute(
        "DELETE FROM refs WHERE entry = ? AND branch = ? AND fork = ?", (entry, *ref.key)
    )


def _is_protected(ref: Ref, protected: Sequence[str]) -> bool:
    """Whether each push of this branch is to have a run; a fork's branch of this name is not it."""
    return not ref.fork and any(fnmatch.fnmatchcase(ref.branch, glob) for glob in protected)
