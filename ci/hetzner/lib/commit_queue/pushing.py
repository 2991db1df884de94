"""The rules of a push: it joins an entry of its commit or queues one, and supersedes older ones.

All functions work within the transaction of their caller.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from lib.commit_queue import branch_order, late_pushes, rows, status_rows, superseding
from lib.commit_queue.entry import MANUAL, SUPERSEDED_BY, Entry, Push, Ref
from lib.commit_queue.states import ENDED, OPEN, SPOKEN, State
from lib.common import ref_names

UNDONE = frozenset({State.SUPERSEDED, State.CANCELLED})  # before a verdict, on purpose
SHORT = 7  # characters of a commit in a sentence


def push(database: sqlite3.Connection, push: Push, protected: Sequence[str]) -> Entry:
    """Join an entry of this commit, or queue one; return it. Older ones are superseded.

    A push that is told of late, after a newer one of its branch, supersedes none.
    Raises ValueError for what git takes for no commit or no branch.
    """
    _check(push)
    next_row = late_pushes.row_of_newer(database, push)
    joined = _joined(database, push, late=next_row is not None)
    number = _queue(database, push) if joined is None else joined.id
    if joined is not None:
        _join(database, joined, push)
    if next_row is not None:
        late_pushes.put_before(database, number, push, next_row)
    elif joined is None or not _is_late_pull_event(joined, push):
        _supersede(database, push, protected)
    return rows.entry(database, number)


def _check(push: Push) -> None:
    if not ref_names.is_commit(push.sha):
        raise ValueError(f"expected the full name of a commit, found {push.sha!r}")
    if push.ref.branch and not ref_names.is_branch(push.ref.branch):
        raise ValueError(f"expected the name of a branch, found {push.ref.branch!r}")


def _joined(database: sqlite3.Connection, push: Push, *, late: bool) -> Entry | None:
    """Return the entry of this commit that answers the push as well, None to queue one.

    It is one that has not ended, or the latest that has: its state is the one that GitHub shows.
    """
    if push.repeat:
        return None
    of_commit = (
        "WHERE sha = ? AND repeat = '' ORDER BY state IN ('waiting', 'running') DESC, id DESC"
    )
    for entry in rows.entries(database, of_commit, (push.sha,)):
        if entry.state is not State.WAITING and push.speaks and not entry.speaks:
            continue  # its run posts no status
        if _answers(entry, push, late=late):
            return entry
        if entry.state in ENDED:
            return None
    return None


def _answers(entry: Entry, push: Push, *, late: bool) -> bool:
    if entry.state is State.WAITING:
        return True
    if entry.asked_to_end or entry.state in UNDONE:
        return late or _is_late_pull_event(entry, push)
    if entry.state is State.RUNNING:
        return True
    return entry.state in SPOKEN and push.source not in MANUAL  # a person wants a new run


def _is_late_pull_event(entry: Entry, push: Push) -> bool:
    """Whether this is the event of a pull request for a push that is known already.

    GitHub sends it beside that of the push, at any time after it: it brings no commit back that a
    newer push or a person has ended, and supersedes no newer push. Forks have no other event.
    """
    of_pull = push.ref.pull and not push.ref.fork
    return bool(of_pull and push.ref.key in {ref.key for ref in entry.refs})


def _queue(database: sqlite3.Connection, push: Push) -> int:
    made = database.execute(
        "INSERT INTO entries (sha, source, first, created, repeat, speaks) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (push.sha, push.source, push.first, time.time(), push.repeat, push.speaks),
    ).lastrowid
    assert made is not None
    branch_order.add(database, made, push.ref, push)
    status_rows.put(database, rows.entry(database, made), "pending", status_rows.WAITS)
    return made


def _join(database: sqlite3.Connection, entry: Entry, push: Push) -> None:
    """Let an entry stand for one more push."""
    known = next((ref for ref in entry.refs if ref.key == push.ref.key), None)
    pull = (known and known.pull) or push.ref.pull
    # no push: the branch may be elsewhere by now
    if known and (push.source in MANUAL or _is_late_pull_event(entry, push)):
        database.execute(
            "UPDATE refs SET pull = ? WHERE entry = ? AND branch = ? AND fork = ?",
            (pull, entry.id, *push.ref.key),
        )
    elif push.ref != Ref("") or push.source not in MANUAL:  # a tag has no branch either
        for old in (push.ref, push.ref.deleted):  # its new row is the newest of the branch
            superseding.drop(database, entry.id, old)
        branch_order.add(database, entry.id, push.ref._replace(pull=pull), push)
    if entry.state in OPEN:
        database.execute(
            "UPDATE entries SET first = max(first, ?), speaks = max(speaks, ?), source = ? "
            "WHERE id = ?",
            (push.first, push.speaks, _source(entry, push), entry.id),
        )
    if entry.state is State.WAITING and push.speaks and not entry.speaks:
        status_rows.put(database, rows.entry(database, entry.id), "pending", status_rows.WAITS)


def _source(entry: Entry, push: Push) -> str:
    """Return the source of both: that of a person, if there is one, keeps it from an early end."""
    return push.source if push.source in MANUAL else entry.source


def _supersede(database: sqlite3.Connection, push: Push, protected: Sequence[str]) -> None:
    """Take the branch of a push from all other commits."""
    if push.source not in MANUAL and not push.repeat and push.ref.branch:
        reason = f"{SUPERSEDED_BY}{push.sha[:SHORT]}"
        superseding.take_branch(database, push.ref, reason, protected, sha=push.sha)
