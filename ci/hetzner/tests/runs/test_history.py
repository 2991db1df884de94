"""The history, while several processes use it, die in the middle of it, or may not write it."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import subprocess
import sys
import unittest
from typing import IO
from unittest import mock

from dsl import Job, Pipeline
from lib.history import damage, database
from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from tests.support.fakes import Fate, jobs, play
from tests.support.recorded import Recorded, record
from tests.support.run_case import HERE
from tests.unit.history.test_schema import make_version_2

WRITER = """
import sys
from pathlib import Path
from lib.history import database
from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from tests.support.fakes import Fate, jobs, play

database.PATIENCE = 60.0
listener = History(Path(sys.argv[1]))
for event in play(jobs("; ".join(f"j{n}" for n in range(50)))).events * 10:
    listener(event)
print("ready", flush=True)
sys.stdin.readline()
print(listener.write(RunFields(sys.argv[2], "sha")))
print(len(timings(Path(sys.argv[1])).durations))
"""
WITHOUT_WAL = "from lib.common import network_mounts\nnetwork_mounts.holds = lambda _: True\n"
HOLDER = """
import sys, time
from pathlib import Path
from lib.history import database

with database.writing(Path(sys.argv[1])) as opened:
    opened.execute("INSERT INTO runs (run, directory, sha, branch, started, leftovers) "
                   "VALUES ('half', '', '', '', 0, '{}')")
    opened.execute("INSERT INTO test_names (job, name) "
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) "
                   "SELECT 'job', hex(randomblob(40)) FROM n")
    print("within", flush=True)
    time.sleep(600)
"""


class WithProcesses(Recorded):
    def start(self, program: str, *arguments: str, before: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", before + program, str(self.path), *arguments],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.communicate()

    def line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout
        return process.stdout.readline().strip()

    def go(self, process: subprocess.Popen[str]) -> None:
        stdin: IO[str] | None = process.stdin
        assert stdin
        stdin.write("go\n")
        stdin.flush()

    def runs(self) -> set[str]:
        with database.reading(self.path) as opened:
            assert opened
            return {run for (run,) in opened.execute("SELECT run FROM runs")}

    def is_whole(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            self.assertEqual(opened.execute("PRAGMA integrity_check").fetchall(), [("ok",)])


class Writers(WithProcesses):
    def test_eight_runs_that_end_at_once_are_all_recorded(self) -> None:
        for begun in ("new", "version 2", "broken", "without WAL"):
            with self.subTest(begun):
                for earlier in self.path.parent.glob("history.db*"):  # its journal would mend it
                    earlier.unlink()
                if begun == "version 2":
                    make_version_2(self.path)
                elif begun == "broken":
                    self.path.write_bytes(b"garbage " * 200)
                names = [f"run-{number}" for number in range(8)]
                before = WITHOUT_WAL if begun == "without WAL" else ""
                writers = [self.start(WRITER, name, before=before) for name in names]
                self.assertEqual([self.line(w) for w in writers], ["ready"] * 8)
                for writer in writers:
                    self.go(writer)
                said = [self.line(w) for w in writers]
                moved = [line for line in said if "is history.db.broken now" in line]
                self.assertEqual(len(moved), 1 if begun == "broken" else 0, said)
                self.assertEqual(said.count("[]"), 8 - len(moved), said)
                self.assertLessEqual(set(names), self.runs())
                with database.reading(self.path) as opened:
                    assert opened
                    attempts = opened.execute(
                        "SELECT count(*) FROM attempts JOIN runs ON runs.id = attempts.run "
                        "WHERE runs.run LIKE 'run-%'"
                    )
                    self.assertEqual(attempts.fetchone(), (8 * 500,))
                    modes = opened.execute("PRAGMA journal_mode").fetchall()
                if before:
                    self.assertEqual(modes, [("delete",)])
                self.is_whole()

    def test_writer_that_is_alone_switches_to_wal(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            self.assertEqual(self.mode(), "delete")
        self.assertEqual(self.mode(), "wal")

    def mode(self) -> str:
        """Let a run choose, which finds the history in use or not; return the journal's mode."""
        with contextlib.suppress(sqlite3.OperationalError), database.writing(self.path, patience=0):
            pass
        # the versions in the header of the file (sqlite.org/fileformat2.html, 1.3.3)
        return "wal" if self.path.read_bytes()[18:20] == b"\x02\x02" else "delete"

    def test_writer_that_is_killed_in_the_middle_leaves_nothing_of_its_run(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        holder = self.start(HOLDER)
        self.assertEqual(self.line(holder), "within")
        holder.kill()
        holder.wait()
        self.assertEqual(damage.mend(self.path, thorough=True), "")
        self.assertEqual(timings(self.path).durations, {"a": 3})
        self.assertEqual(History(self.path).write(RunFields("next", "sha")), [])
        self.assertEqual(self.runs(), {"run-0", "next"})
        self.is_whole()

    def test_writer_that_is_killed_while_it_makes_the_tables_stops_no_other(self) -> None:
        holder = self.start(HOLDER)
        self.assertEqual(self.line(holder), "within")
        holder.kill()
        holder.wait()
        self.assertEqual(timings(self.path).durations, {})
        self.assertEqual(History(self.path).write(RunFields("next", "sha")), [])
        self.assertEqual(self.runs(), {"next"})

    def test_reader_does_not_wait_for_a_writer(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        holder = self.start(HOLDER)
        self.assertEqual(self.line(holder), "within")
        self.assertEqual(timings(self.path).durations, {"a": 3})
        self.assertEqual(self.runs(), {"run-0"})
        self.assertEqual(damage.mend(self.path), "")

    def test_writer_does_not_wait_for_a_reader(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        with database.reading(self.path) as opened:
            assert opened
            self.assertEqual(opened.execute("SELECT count(*) FROM runs").fetchone(), (1,))
            with database.writing(self.path, patience=0.0):
                pass

    def test_file_that_may_grow_no_more_is_told_and_kept(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        for most in (4096, 36 * 1024):  # the shared memory does not fit, or the journal does not
            with self.subTest(most):
                limit = f"from resource import *\nsetrlimit(RLIMIT_FSIZE, ({most}, {most}))\n"
                writer = self.start(WRITER, "run-x", before=limit)
                self.assertEqual(self.line(writer), "ready")
                self.go(writer)
                self.assertIn("this run is not in the history", self.line(writer))
                self.assertEqual(self.line(writer), "1", "the past is read all the same")
                writer.wait()
                self.assertFalse(self.path.with_name("history.db.broken").exists())
                self.assertEqual(timings(self.path).durations, {"a": 3})
        self.assertEqual(History(self.path).write(RunFields("next", "sha")), [])
        self.assertEqual(self.runs(), {"run-0", "next"})
        self.is_whole()


class Rights(WithProcesses):
    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_history_in_a_directory_that_may_not_be_written_is_read_and_not_set_aside(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        self.path.parent.chmod(0o755)
        self.assertEqual(self.of_another_user("dict(timings(path).durations)"), "{'a': 3.0}")
        self.assertEqual(self.of_another_user("damage.mend(path, thorough=True)"), "''")
        said = self.of_another_user("History(path).write(RunFields('run', 'sha'))")
        self.assertRegex(said, "this run is not in the history .*readonly")
        self.path.chmod(0)
        self.assertEqual(self.of_another_user("damage.mend(path)"), "''")
        self.path.chmod(0o644)
        self.assertEqual(self.runs(), {"run-0"})

    def of_another_user(self, expression: str) -> str:
        """Return the repr of an expression in a process of another user."""
        reader, writer = os.pipe()
        child = os.fork()  # not a new interpreter, which the other user may not be able to read
        if child == 0:
            with contextlib.suppress(BaseException):
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                try:
                    told = repr(eval(expression, {**globals(), "path": self.path}))
                except BaseException as error:  # noqa: BLE001 - it is shown
                    told = repr(error)
                os.write(writer, told.encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told_by_child:
            text = told_by_child.read()
        os.waitpid(child, 0)
        return text


class Runs(WithProcesses):
    def run_in_store(self) -> str:
        store = self.path.parent
        made = Pipeline(
            [Job("a", "true")], "sha", "main", store=store, cwd=store, console=io.StringIO()
        )
        self.assertEqual(made.run(), 0)
        (newest, *_) = sorted((store / "runs").iterdir(), reverse=True)
        return (newest / "ci.log").read_text()

    def test_run_in_a_store_is_in_its_history(self) -> None:
        self.run_in_store()
        with database.reading(self.path) as opened:
            assert opened
            ((directory, sha, code, whole),) = opened.execute(
                "SELECT directory, sha, exit_code, asked_for_all FROM runs"
            ).fetchall()
        self.assertEqual((sha, code, whole), ("sha", 0, 1))
        self.assertEqual([p.name for p in (self.path.parent / "runs").iterdir()], [directory])
        self.assertEqual(set(timings(self.path).durations), {"a"})

    def test_verdict_does_not_wait_for_a_run_that_writes_for_ever(self) -> None:
        holder = self.start(HOLDER)
        self.assertEqual(self.line(holder), "within")
        with mock.patch.object(database, "PATIENCE", 0.1):
            log = self.run_in_store()
        self.assertRegex(log, r"(?s)END   exit code 0.*NOTE  this run is not in the history .*lock")

    def test_history_of_another_program_changes_no_verdict_and_stays(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
            opened.execute("CREATE TABLE runs (id INTEGER, what TEXT)")
            opened.execute("INSERT INTO runs VALUES (1, 'not ours')")
        log = self.run_in_store()
        self.assertRegex(log, r"(?s)END   exit code 0.*NOTE  this run is not in the history")
        with contextlib.closing(sqlite3.connect(self.path)) as opened:
            self.assertEqual(opened.execute("SELECT what FROM runs").fetchall(), [("not ours",)])
        self.assertFalse(self.path.with_name("history.db.broken").exists())


if __name__ == "__main__":
    unittest.main()
