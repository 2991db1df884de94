"""The tables of the history, and the way from an older version of them to this one."""

from __future__ import annotations

import sqlite3

VERSION = 3  # of the tables and their meaning
# `seconds` of a service end when it was ready, since the time that it served depends on other jobs.
# A restored job counts as an attempt. Times of day are seconds since the epoch.
TABLES = {
    "runs": "id INTEGER PRIMARY KEY, run TEXT NOT NULL, directory TEXT NOT NULL, "
    "sha TEXT NOT NULL, branch TEXT NOT NULL, tree TEXT, dirty INTEGER, whole INTEGER, "
    "asked_for_all INTEGER, exit_code INTEGER, started REAL NOT NULL, seconds REAL, "
    "processors INTEGER, leftovers TEXT NOT NULL",
    "attempts": "run INTEGER NOT NULL, job TEXT NOT NULL, number INTEGER NOT NULL, "
    "outcome TEXT NOT NULL, seconds REAL NOT NULL, ended_at REAL NOT NULL, code INTEGER, "
    "cause TEXT NOT NULL, load REAL, cpu_pressure REAL, memory_pressure REAL, beside INTEGER",
    "outputs": "run INTEGER NOT NULL, job TEXT NOT NULL, output TEXT NOT NULL, "
    "seconds REAL NOT NULL, ended_at REAL NOT NULL",
    "test_names": "id INTEGER PRIMARY KEY, job TEXT NOT NULL, name TEXT NOT NULL",
    "tests": "run INTEGER NOT NULL, test INTEGER NOT NULL, outcome TEXT NOT NULL, "
    "seconds REAL NOT NULL",
}
INDEXES = (
    "INDEX runs_by_start ON runs (started)",
    "INDEX attempts_of_run ON attempts (run)",
    "INDEX attempts_of_job ON attempts (job, run)",
    "INDEX outputs_of_run ON outputs (run)",
    "UNIQUE INDEX names_of_job ON test_names (job, name)",
    "INDEX tests_of_run ON tests (run)",
    "INDEX runs_of_test ON tests (test, run)",
)
LATEST = 10_000  # rows of version 2 that a reader takes over for itself
TABLES_2 = {
    "attempts": "job, run, sha, number, outcome, seconds, ended_at",
    "outputs": "job, output, run, seconds, ended_at",
}
FROM_2 = (  # version 2 knew the runs by their attempts alone
    """INSERT INTO runs (run, directory, sha, branch, started, seconds, leftovers)
        SELECT run, '', sha, '', coalesce(min(ended_at - seconds), 0),
            max(ended_at) - min(ended_at - seconds), '{}'
        FROM attempts_2 GROUP BY run, sha ORDER BY min(rowid)""",
    """INSERT INTO runs (run, directory, sha, branch, started, leftovers)
        SELECT run, '', '', '', min(ended_at - seconds), '{}' FROM outputs_2
        WHERE run NOT IN (SELECT run FROM runs) GROUP BY run""",
    """INSERT INTO attempts (run, job, number, outcome, seconds, ended_at, cause)
        SELECT runs.id, job, number, outcome, old.seconds, ended_at, ''
        FROM attempts_2 AS old JOIN runs ON runs.run = old.run AND runs.sha = old.sha
        ORDER BY old.rowid""",
    """INSERT INTO outputs SELECT runs.id, job, output, old.seconds, ended_at
        FROM outputs_2 AS old JOIN (SELECT run, max(id) AS id FROM runs GROUP BY run) AS runs
            ON runs.run = old.run
        ORDER BY old.rowid""",
)


class OutdatedTablesError(sqlite3.DatabaseError):
    """The tables are those of a history whose numbers mean something else, or of a damaged one."""


class ForeignTablesError(sqlite3.DatabaseError):
    """Another program made the tables: they stay as they are."""


class NewerVersionError(sqlite3.DatabaseError):
    """A later version of this program made the tables: they stay as they are."""


def version(database: sqlite3.Connection) -> int:
    """Return the version of the tables, 0 for a database without any.

    Raises OutdatedTablesError, ForeignTablesError, NewerVersionError and other errors of SQLite.
    """
    found = int(database.execute("PRAGMA user_version").fetchone()[0])
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if found == 0 and not names:
        return 0
    if found > VERSION:
        raise NewerVersionError(
            f"expected tables of version {VERSION}, found {found}: use the newer program that "
            "made them"
        )
    known = {2: TABLES_2, VERSION: TABLES}.get(found)
    if known is None or any(_columns(database, n) != _names(c) for n, c in known.items()):
        if "job" in _columns(database, "attempts"):
            raise OutdatedTablesError(f"its tables are of another history (version {found})")
        raise ForeignTablesError(
            f"expected the tables of a history, found others (version {found}): move the file away"
        )
    return found


def bring_up_to_date(database: sqlite3.Connection) -> None:
    """Make the tables, or take over those of version 2; the caller has begun a transaction.

    Raises as `version` does.
    """
    found = version(database)
    if found == VERSION:
        return
    if found == 2:
        for name in TABLES_2:
            database.execute(f"ALTER TABLE {name} RENAME TO {name}_2")
    for name, columns in TABLES.items():
        database.execute(f"CREATE TABLE {name} ({columns})")
    if found == 2:
        for statement in FROM_2:
            database.execute(statement)
        for name in TABLES_2:
            database.execute(f"DROP TABLE {name}_2")
    for index in INDEXES:
        database.execute(f"CREATE {index}")
    database.execute(f"PRAGMA user_version = {VERSION}")


def take_over_latest(database: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Copy the latest rows of version 2 into an empty database, with the tables of this version."""
    for table, columns in TABLES_2.items():
        latest = f"SELECT {columns} FROM {table} ORDER BY rowid DESC LIMIT {LATEST}"
        rows = database.execute(latest).fetchall()
        marks = ", ".join("?" for _ in _names(columns))
        copy.execute(f"CREATE TABLE {table} ({columns})")
        copy.executemany(f"INSERT INTO {table} VALUES ({marks})", reversed(rows))
    copy.execute("PRAGMA user_version = 2")
    bring_up_to_date(copy)


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]


def _names(columns: str) -> list[str]:
    return [column.split()[0] for column in columns.split(", ")]
