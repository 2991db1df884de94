"""The tables of the history: an older version is taken over, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import sqlite3
import unittest
from pathlib import Path

from lib.history import database, schema
from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from tests.support.recorded import Recorded

VERSION_2 = """
CREATE TABLE attempts (
        job TEXT NOT NULL,
        run TEXT NOT NULL,
        sha TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    );
CREATE TABLE outputs (
        job TEXT NOT NULL,
        output TEXT NOT NULL,
        run TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    );
PRAGMA user_version = 2;
INSERT INTO attempts VALUES
    ('a', 'r1', 'c1', 1, 'failed', 9, 110), ('a', 'r1', 'c1', 2, 'passed', 4, 120),
    ('b', 'r1', 'c1', 1, 'passed', 7, 117), ('a', 'r2', 'c2', 1, 'passed', 6, 206),
    ('a', 'r1', 'c3', 1, 'passed', 5, 305);
INSERT INTO outputs VALUES ('a', 'o', 'r1', 3, 120), ('a', 'o', 'gone', 3, 120);
"""


def make_version_2(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.executescript(VERSION_2)


class Migration(Recorded):
    def test_version_2_is_read_without_being_changed(self) -> None:
        make_version_2(self.path)
        before = self.path.read_bytes()
        self.assertEqual(timings(self.path).durations, {"a": 5, "b": 7})
        self.assertEqual(timings(self.path).outputs, {("a", "o"): 3})
        self.assertEqual(self.path.read_bytes(), before)

    def test_first_run_takes_each_row_of_version_2_over(self) -> None:
        make_version_2(self.path)
        self.assertEqual(History(self.path).write(RunFields("r3", "c4")), [])
        with database.reading(self.path) as opened:
            assert opened
            self.assertEqual(schema.version(opened), schema.VERSION)
            runs = opened.execute("SELECT run, sha, started, seconds FROM runs LIMIT 3")
            self.assertEqual(
                runs.fetchall(), [("r1", "c1", 101, 19), ("r2", "c2", 200, 6), ("r1", "c3", 300, 5)]
            )
            attempts = opened.execute(
                "SELECT runs.run, sha, job, number, outcome, attempts.seconds, ended_at "
                "FROM attempts JOIN runs ON runs.id = attempts.run ORDER BY attempts.rowid"
            )
            self.assertEqual(
                attempts.fetchall(),
                [
                    ("r1", "c1", "a", 1, "failed", 9, 110),
                    ("r1", "c1", "a", 2, "passed", 4, 120),
                    ("r1", "c1", "b", 1, "passed", 7, 117),
                    ("r2", "c2", "a", 1, "passed", 6, 206),
                    ("r1", "c3", "a", 1, "passed", 5, 305),
                ],
            )
            self.assertEqual(opened.execute("SELECT count(*) FROM outputs").fetchone(), (2,))
        self.assertEqual(timings(self.path).durations, {"a": 5, "b": 7})

    def test_migration_that_fails_leaves_version_2_as_it_is(self) -> None:
        make_version_2(self.path)
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as opened:
            opened.execute("BEGIN")
            schema.bring_up_to_date(opened)
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            self.assertEqual(schema.version(opened), 2)
        self.assertEqual(timings(self.path).durations, {"a": 5, "b": 7})

    def test_empty_file_is_a_history_without_runs(self) -> None:
        self.path.touch()
        self.assertEqual(timings(self.path).durations, {})
        self.assertEqual(History(self.path).write(RunFields("r1", "c1")), [])
        with database.reading(self.path) as opened:
            assert opened
            self.assertEqual(opened.execute("SELECT run FROM runs").fetchall(), [("r1",)])


if __name__ == "__main__":
    unittest.main()
