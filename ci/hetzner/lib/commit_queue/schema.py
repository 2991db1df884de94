"""The tables of the queue. The database itself refuses a second end of an entry."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from lib.commit_queue import paths

VERSION = 2
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
    "fork TEXT NOT NULL, before TEXT NOT NULL",
    # when a branch was served last, as a count of starts
    "served": "branch TEXT NOT NULL, fork TEXT NOT NULL, turn INTEGER NOT NULL, "
    "PRIMARY KEY (branch, fork)",
    # nothing reads `event`: a queue.db outlives the versions of the runner, also on the way back
    "deliveries": "delivery TEXT PRIMARY KEY, event TEXT NOT NULL, answer TEXT NOT NULL, "
    "received REAL NOT NULL",
    "statuses": "id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, sha TEXT NOT NULL, "
    "state TEXT NOT NULL, description TEXT NOT NULL, run TEXT NOT NULL",
    "facts": "name TEXT PRIMARY KEY, value NOT NULL",
    "failed_starts": "entry INTEGER PRIMARY KEY, turn INTEGER NOT NULL, times INTEGER NOT NULL",
}
# those that an earlier version of the runner did not make; it leaves them alone
LATER = frozenset({"failed_starts"})
INDEXES = (
    "entries_of_sha ON entries (sha)",
    "entries_by_state ON entries (state, id)",
    "refs_of_entry ON refs (entry)",
    "refs_of_branch ON refs (branch, fork)",
    "statuses_of_commit ON statuses (sha)",
    "deliveries_by_time ON deliveries (received)",
)
TRIGGERS = (
    """TRIGGER an_end_is_final BEFORE UPDATE OF state, ended, exit_code ON entries
        WHEN OLD.state NOT IN ('waiting', 'running')
        BEGIN SELECT RAISE(ABORT, 'bug: an entry that has ended ends again'); END""",
    """TRIGGER only_ended_entries_go BEFORE DELETE ON entries
        WHEN OLD.state IN ('waiting', 'running')
        BEGIN SELECT RAISE(ABORT, 'bug: an entry goes that has not ended'); END""",
)
FACTS = {"version": 0, "turn": 0, "mode": "running", "why": "", "message": "", "damage": ""}


class OtherTablesError(sqlite3.DatabaseError):
    """The tables are those of another program, or of a newer version: they stay as they are."""


def is_there(database: sqlite3.Connection) -> bool:
    """Whether the database has all the tables. Raises OtherTablesError for others."""
    found = int(database.execute("PRAGMA user_version").fetchone()[0])
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if found == VERSION and names >= TABLES.keys() - LATER:
        return names >= TABLES.keys()
    if found or names:
        raise OtherTablesError(
            f"expected the tables of a queue (version {VERSION}), found others (version {found}): "
            "use the program that made them, or move the file away"
        )
    return False


def make(database: sqlite3.Connection, state_dir: Path) -> None:
    """Make the tables; the caller has begun a transaction.

    Where the logs of earlier entries are there, the database of those entries is lost: their ids
    are not given again, and the fact `damage` says it.
    """
    if is_there(database):  # another process came first
        return
    for name, columns in TABLES.items():
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    for made in INDEXES:
        database.execute(f"CREATE INDEX IF NOT EXISTS {made}")
    if database.execute("PRAGMA user_version").fetchone()[0]:
        return
    for made in TRIGGERS:
        database.execute(f"CREATE {made}")
    database.executemany("INSERT INTO facts VALUES (?, ?)", FACTS.items())
    highest = _highest_log(paths.directory(state_dir))
    if highest:
        database.execute("INSERT INTO sqlite_sequence VALUES ('entries', ?)", (highest,))
        text = f"the database of the entries up to {highest} is gone: push what is missing again"
        database.execute("UPDATE facts SET value = ? WHERE name = 'damage'", (text,))
    database.execute(f"PRAGMA user_version = {VERSION}")


def _highest_log(directory: Path) -> int:
    """Return the highest id of an entry that has a log, 0 for none."""
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return 0
    numbers = (re.fullmatch(r"([0-9]{1,15})\.log", name, re.ASCII) for name in names)
    return max((int(found[1]) for found in numbers if found), default=0)
