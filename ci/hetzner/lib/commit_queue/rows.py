"""Rows of the database as records."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from lib.commit_queue.entry import Entry, Ref
from lib.commit_queue.states import State

COLUMNS = (  # in the order of the fields of Entry
    "id, sha, source, first, state, reason, asked_to_end, created, started, ended, exit_code, "
    "run, tries, repeat, speaks, worker, place"
)


def entry(database: sqlite3.Connection, number: int) -> Entry:
    """Return an entry. Raises LookupError."""
    found = entries(database, "WHERE id = ?", (number,))
    if not found:
        raise LookupError(f"expected an entry of the queue, found none with the id {number}")
    return found[0]


def entries(
    database: sqlite3.Connection, rest: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[Entry]:
    """Return the entries that the rest of a SELECT chooses, in its order."""
    found = database.execute(f"SELECT {COLUMNS} FROM entries {rest}", values).fetchall()
    return [_entry(row, _refs(database, row[0])) for row in found]


def _refs(database: sqlite3.Connection, number: int) -> tuple[Ref, ...]:
    found = database.execute(
        "SELECT branch, pull, fork FROM refs WHERE entry = ? ORDER BY rowid < 0, rowid", (number,)
    )  # pushes before runs by hand
    return tuple(Ref(*row) for row in found)


def _entry(row: Sequence[Any], refs: tuple[Ref, ...]) -> Entry:
    number, sha, source, first, state, *others, speaks, worker, place = row
    before = (number, sha, refs, source, bool(first), State(state))
    return Entry._make((*before, *others, bool(speaks), worker, place))
