"""Single values of the queue, such as its mode."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

MODES = ("running", "paused", "draining")


def get(database: sqlite3.Connection, name: str) -> str:
    """Return a fact, '' for one that nobody has told yet."""
    found = database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


def put(database: sqlite3.Connection, name: str, value: str) -> None:
    """Change a fact; one that is the same counts as no change."""
    database.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO "
        "UPDATE SET value = excluded.value WHERE value != excluded.value",
        (name, value),
    )


def put_all(database: sqlite3.Connection, changed: Mapping[str, str]) -> None:
    """Change several facts."""
    for name, value in changed.items():
        put(database, name, value)


def count(database: sqlite3.Connection, name: str) -> int:
    """Return the next number of a counter."""
    database.execute("UPDATE facts SET value = value + 1 WHERE name = ?", (name,))
    return int(get(database, name))
