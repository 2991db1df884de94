"""A broken history is set aside; what is only locked, newer or not readable stays."""

from __future__ import annotations

import contextlib
import math
import shutil
import sqlite3
import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from lib.history import damage, database, schema
from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from tests.support.fakes import Fate, jobs, play
from tests.support.recorded import Recorded, record

NEVER = math.inf


class Broken(Recorded):
    def test_tables_whose_seconds_mean_something_else_are_kept_aside(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
            opened.execute("CREATE TABLE attempts (job TEXT, seconds REAL)")
            opened.execute("INSERT INTO attempts VALUES ('a', 99)")
            opened.execute("PRAGMA user_version = 1")
        self.assertIn("version 1", damage.mend(self.path))
        self.assertEqual(record(self.path, play(jobs("a"), {"a": Fate(3)})).durations, {"a": 3})
        with contextlib.closing(sqlite3.connect(self.path.with_name("history.db.broken"))) as old:
            self.assertEqual(old.execute("SELECT * FROM attempts").fetchall(), [("a", 99)])

    def test_database_of_another_program_is_neither_read_nor_written_nor_moved(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
            opened.execute("CREATE TABLE visits (url TEXT)")
        before = self.path.read_bytes()
        self.assertEqual(damage.mend(self.path, thorough=True), "")
        (line,) = History(self.path).write(RunFields("run", "sha"))
        self.assertRegex(line, "not in the history .*found others .*move the file away")
        self.assertEqual(self.path.read_bytes(), before)

    def test_history_of_a_newer_program_is_neither_read_nor_written_nor_moved(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            opened.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        before = self.path.read_bytes()
        with self.assertRaisesRegex(sqlite3.Error, "expected tables of version 3, found 4"):
            timings(self.path)
        self.assertEqual(damage.mend(self.path, thorough=True), "")
        (line,) = History(self.path).write(RunFields("run", "sha"))
        self.assertRegex(line, "this run is not in the history .*found 4: use the newer program")
        self.assertEqual(self.path.read_bytes(), before)

    def test_page_that_no_start_reads_is_found_by_the_writer(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            size = opened.execute("PRAGMA page_size").fetchone()[0]
            (page,) = opened.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'runs_by_start'"
            ).fetchone()
        content = bytearray(self.path.read_bytes())
        content[(page - 1) * size : page * size] = b"\xff" * size
        self.path.write_bytes(content)
        self.assertEqual(damage.mend(self.path), "")
        (line,) = History(self.path).write(RunFields("run", "sha"))
        self.assertIn("is history.db.broken now", line)
        with database.reading(self.path) as opened:
            assert opened
            self.assertEqual(opened.execute("SELECT run FROM runs").fetchall(), [("run",)])

    def break_in_every_way(self) -> Iterator[str]:
        """Break the history, each time in another way, and tell which."""
        record(self.path, *[play(jobs("a"), {"a": Fate(3)})] * 2)
        good = self.path.read_bytes()
        for how, content in (
            ("garbage", b"not a database, but long enough to be taken for one " * 20),
            ("cut off", good[:5000]),
            ("no page", good[:4096]),
            ("overwritten", good[:4096] + b"\xff" * (len(good) - 4096)),
        ):
            self.path.write_bytes(content)
            yield how
            self.path.unlink()
        self.path.mkdir()
        (self.path / "file").touch()
        yield "a directory"
        shutil.rmtree(self.path)
        for how, table in (
            ("other columns", "CREATE TABLE attempts (job TEXT, seconds REAL)"),
            ("a view", "CREATE VIEW attempts AS SELECT 1 AS job"),
        ):
            with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
                opened.execute(table)
                opened.execute(f"PRAGMA user_version = {schema.VERSION}")
            yield how
            self.path.unlink()

    def test_broken_history_is_moved_aside_once_and_a_new_one_begun(self) -> None:
        for how in self.break_in_every_way():
            with self.subTest(how):
                with self.assertRaises(sqlite3.Error):
                    timings(self.path)
                self.assertRegex(
                    damage.mend(self.path), r"was broken \(.+\) and is history.db.broken"
                )
                self.assertEqual(damage.mend(self.path), "")
                self.assertTrue(self.path.with_name("history.db.broken").exists())
                usual = record(self.path, play(jobs("a"), {"a": Fate(3)})).durations
                self.assertEqual(usual, {"a": 3})
                self.assertEqual(damage.mend(self.path), "")
                self.path.unlink()
                self.path.with_name("history.db.broken").rename(self.path)

    def test_history_that_another_holds_is_not_broken(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            opened.execute("PRAGMA locking_mode = EXCLUSIVE")  # it keeps readers away, too
            opened.execute("BEGIN EXCLUSIVE")
            with patch.object(database, "MOMENT", 0.0), self.assertRaises(sqlite3.Error):
                timings(self.path)
            self.assertEqual(damage.mend(self.path, thorough=True), "")
        self.assertEqual(timings(self.path).durations, {"a": 3})

    def test_broken_history_that_cannot_be_moved_is_said(self) -> None:
        self.path.write_bytes(b"garbage " * 200)
        with patch.object(Path, "rename", side_effect=PermissionError(13, "no")):
            self.assertIn("cannot be moved away", damage.mend(self.path))

    def test_runs_that_find_it_broken_at_once_lose_nothing_of_each_other(self) -> None:
        self.path.write_bytes(b"garbage " * 200)
        ready = threading.Barrier(6)
        found = threading.Barrier(6)
        fault = damage._fault

        def fault_of_all(path: Path, thorough: bool) -> str:
            told = fault(path, thorough)
            with contextlib.suppress(threading.BrokenBarrierError):
                found.wait()
            found.abort()  # the second look, under the lock, does not wait
            return told

        def run(number: int) -> str:
            ready.wait()
            told = damage.mend(self.path)
            for event in play(jobs("a"), {"a": Fate(number + 1)}).events:
                listeners[number](event)
            self.assertEqual(listeners[number].write(RunFields(f"run-{number}", "sha")), [])
            return told

        listeners = [History(self.path) for number in range(6)]
        with patch.object(damage, "_fault", fault_of_all), ThreadPoolExecutor(6) as pool:
            told = list(pool.map(run, range(6)))
        self.assertEqual(sum(map(bool, told)), 1, told)
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            runs = opened.execute("SELECT count(DISTINCT run) FROM attempts").fetchone()
        self.assertEqual(runs, (6,))
        self.assertIn(b"garbage", self.path.with_name("history.db.broken").read_bytes())


if __name__ == "__main__":
    unittest.main()
