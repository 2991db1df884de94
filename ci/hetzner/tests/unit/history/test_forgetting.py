"""Old runs leave the history, and the file shrinks."""

from __future__ import annotations

import contextlib
import sqlite3
import unittest
from unittest import mock

from lib.history import database, forgetting
from lib.history.forgetting import forget_before
from tests.support.past import add_run
from tests.support.recorded import Recorded
from tests.unit.history.test_schema import make_version_2

TABLES = ("runs", "attempts", "tests", "test_names")


class Forgotten(Recorded):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(forgetting, "ALWAYS", 1))

    def counts(self) -> list[int]:
        with database.reading(self.path) as opened:
            assert opened
            return [opened.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES]

    def directories(self) -> list[str]:
        with database.reading(self.path) as opened:
            assert opened
            return [name for (name,) in opened.execute("SELECT directory FROM runs ORDER BY id")]

    def test_runs_before_the_moment_go_with_all_their_rows(self) -> None:
        names = [add_run(self.path, "a=passed", tests=f"a:t{n}=passed") for n in range(4)]
        self.assertEqual(forget_before(self.path, 3000.0), 2)
        self.assertEqual(self.directories(), names[2:])
        self.assertEqual(self.counts(), [2, 2, 2, 2])
        self.assertEqual(forget_before(self.path, 3000.0), 0)

    def test_newest_runs_stay_however_old_they_are(self) -> None:
        names = [add_run(self.path, "a=passed") for _ in range(4)]
        with mock.patch.object(forgetting, "ALWAYS", 2):
            self.assertEqual(forgetting.count(self.path), 2)
            self.assertEqual(forget_before(self.path, 1e9), 2)
        self.assertEqual(self.directories(), names[2:])

    def test_file_shrinks(self) -> None:
        for begun in ("new", "version 2"):
            with self.subTest(begun):
                self.path.unlink(missing_ok=True)
                if begun == "version 2":
                    make_version_2(self.path)
                tests = " ".join(f"a:{'long' * 40}{n}=passed" for n in range(2000))
                add_run(self.path, "a=passed", tests=tests, started=500.0)
                add_run(self.path, "a=passed")
                before = self.path.stat().st_size
                forget_before(self.path, 1000.0)
                self.assertLess(self.path.stat().st_size, before / 2)
                self.assertEqual(self.counts(), [1, 1, 0, 0])

    def test_many_runs_go_in_several_transactions(self) -> None:
        for _ in range(7):
            add_run(self.path, "a=passed")
        with mock.patch.object(forgetting, "AT_ONCE", 2):
            self.assertEqual(forget_before(self.path, 1e9), 6)
        self.assertEqual(self.counts()[0], 1)

    def test_nothing_is_made_where_there_is_no_history(self) -> None:
        self.assertEqual(forget_before(self.path, 1e9), 0)
        self.assertFalse(self.path.exists())

    def test_broken_or_locked_history_is_an_error_of_the_system_and_stays(self) -> None:
        for _ in range(3):
            add_run(self.path, "a=passed")
        with contextlib.closing(sqlite3.connect(self.path)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with (
                mock.patch.object(database, "PATIENCE", 0.0),
                self.assertRaisesRegex(OSError, "old runs stay in .*: database is locked"),
            ):
                forget_before(self.path, 1e9)
        self.path.write_text("garbage " * 100)
        with self.assertRaisesRegex(OSError, "file is not a database"):
            forget_before(self.path, 1e9)
        self.assertIn("garbage", self.path.read_text())


if __name__ == "__main__":
    unittest.main()
