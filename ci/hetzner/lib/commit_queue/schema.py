"""The tables of the queue. The database itself refuses a second end of an entry."""

from __future__ import annotations

import sqlite3

VERSION = 1
# Ids are never used again (sqlite.org/autoinc.html), and give the order: seconds would not.
TABLES = {
    "entries": "id INTEGER PRIMARY KEY AUTOINCREMENT, sha TEXT NOT NULL, source TEXT NOT NULL, "
    "first INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', "
    "reason TEXT NOT NULL DEFAULT '', asked_to_end TEXT NOT NULL DEFAULT '', "
    "created REAL NOT NULL, started REAL, ended REAL, exit_code INTEGER, "
    "run TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0, repeat TEXT NOT NULL, "
    "speaks INTEGER NOT NULL, worker TEXT NOT NULL DEFAULT '', place INTEGER, "
    "CHECK (state IN ('waiting', 'running', 'passed', 'failed', 'error', 'cancelled', "
    "'superseded', 'cut off'))",
    "refs": "entry INTEGER NOT NULL, branch TEXT NOT NULL, pull INTEGER NOT NULL, "
    "fork TEXT NOT NULL",
    # when a branch was served last, as a count of starts
    "served": "branch TEXT NOT NULL, fork TEXT NOT NULL, turn INTEGER NOT NULL, "
    "PRIMARY KEY (branch, fork)",
    "deliveries": "delivery TEXT PRIMARY KEY, event TEXT NOT NULL, answer TEXT NOT NULL, "
    "received REAL NOT NULL",
    "statuses": "id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, sha TEXT NOT NULL, "
    "state TEXT NOT NULL, description TEXT NOT NULL, run TEXT NOT NULL",
    "facts": "name TEXT PRIMARY KEY, value NOT NULL",
}
INDEXES = (
    "INDEX entries_of_sha ON entries (sha)",
    "INDEX entries_by_state ON entries (state, id)",
    "INDEX refs_of_entry ON refs (entry)",
    "INDEX refs_of_branch ON refs (branch, fork)",
    "INDEX deliveries_by_time ON deliveries (received)",
)
TRIGGERS = (
    """TRIGGER an_end_is_final BEFORE UPDATE OF state, ended, exit_code ON entries
        WHEN OLD.state NOT IN ('waiting', 'running')
        BEGIN SELECT RAISE(ABORT, 'bug: an entry that has ended ends again'); END""",
    """TRIGGER only_ended_entries_go BEFORE DELETE ON entries
        WHEN OLD.state IN ('waiting', 'running')
        BEGIN SELECT RAISE(ABORT, 'bug: an entry goes that has not ended'); END""",
)
FACTS = {"version": 0, "turn": 0, "mode": "running", "why": "", "message": ""}


class OtherTablesError(sqlite3.DatabaseError):
    """The tables are those of another program, or of a newer version: they stay as they are."""


def bring_up_to_date(database: sqlite3.Connection) -> None:
    """Make the tables if there are none; the caller has begun a transaction.

    Raises OtherTablesError and other errors of SQLite.
    """
    found = int(database.execute("PRAGMA user_version").fetchone()[0])
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if found == VERSION and names >= TABLES.keys():
        return
    if found or names:
        raise OtherTablesError(
            f"expected the tables of a queue (version {VERSION}), found others (version {found}): "
            "use the program that made them, or move the file away"
        )
    for name, columns in TABLES.items():
        database.execute(f"CREATE TABLE {name} ({columns})")
    for made in (*INDEXES, *TRIGGERS):
        database.execute(f"CREATE {made}")
    database.executemany("INSERT INTO facts VALUES (?, ?)", FACTS.items())
    database.execute(f"PRAGMA user_version = {VERSION}")
