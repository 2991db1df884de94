"""Moves of a branch that count only if nobody has moved it meanwhile: deletions, corrections.

Both tell where the branch was. If it is elsewhere by now, they are older than what the queue knows
already. All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lib.commit_queue import branch_order, pushing, superseding
from lib.commit_queue.entry import Deletion, Entry, Push, Ref

REASON = "its branch was deleted"


def delete(database: sqlite3.Connection, deletion: Deletion, protected: Sequence[str]) -> bool:
    """Forget where a branch is; return False if it was elsewhere: something newer is known.

    What waits or runs for it alone ends. Entries that have ended keep its name as that of a deleted
    branch: a new one of this name has no verdict yet.
    """
    ref = deletion.ref
    if not deletion.before or branch_order.tip(database, ref) != deletion.before:
        return False
    superseding.take_branch(database, ref, REASON, protected)
    database.execute(
        "UPDATE refs SET fork = ? WHERE branch = ? AND fork = ?", (ref.deleted.fork, *ref.key)
    )
    return True


def correct(
    database: sqlite3.Connection,
    branch: str,
    known: str,
    found: str,
    protected: Sequence[str],
) -> Entry | Deletion | None:
    """Move a branch from where the queue knew it to be to where it was found; '': nowhere.

    Return the entry of the commit that was found, or the deletion; None if a push or a deletion
    has moved the branch meanwhile.
    """
    ref = Ref(branch)
    if not found:
        deletion = Deletion(ref, known)
        return deletion if delete(database, deletion, protected) else None
    if branch_order.tip(database, ref) != known:
        return None
    before = known if known != found else ""
    return pushing.push(database, Push(found, ref, "poll", before=before), protected)
