"""The rows that a run leaves in the history."""

from __future__ import annotations

import os
import unittest

from lib.common import machine
from lib.history import database
from lib.history.recorder import History, RunFields
from lib.model import events
from lib.model.result import Load
from tests.support.fakes import CACHED, Fate, Played, jobs, play
from tests.support.recorded import Recorded

ATTEMPTS = "job, number, outcome, attempts.seconds, code, cause, load, cpu_pressure, beside"


class Rows(Recorded):
    def rows(self, columns: str, table: str) -> list[tuple[object, ...]]:
        with database.reading(self.path) as opened:
            assert opened
            return opened.execute(f"SELECT {columns} FROM {table}").fetchall()

    def record(self, played: Played, fields: RunFields) -> None:
        listener = History(self.path, self.path.parent / "20260102T030405Z-abc", load=self.load)
        for event in played.events:
            listener(event)
        self.assertEqual(listener.write(fields), [])

    def load(self) -> Load:
        return Load(2.5, 40.0)

    def test_run_has_its_directory_its_tree_and_its_end(self) -> None:
        fields = RunFields(
            *("r1", "abc", "main", "tree", True, False, True),
            exit_code=1,
            seconds=4.5,
        )
        played = play(jobs("a"), fails="a")
        played.events.append(events.Left(4.0, {"processes": 2}))
        self.record(played, fields)
        columns = "run, sha, branch, tree, dirty, whole, asked_for_all, exit_code, seconds"
        expected = ("r1", "abc", "main", "tree", 1, 0, 1, 1, 4.5)
        self.assertEqual(self.rows(columns, "runs"), [expected])
        left = ("20260102T030405Z-abc", machine.cpus(), '{"processes": 2}')
        self.assertEqual(self.rows("directory, processors, leftovers", "runs"), [left])

    def test_attempt_has_its_exit_code_its_load_and_the_number_of_attempts_beside_it(self) -> None:
        declared = jobs("a; b; c<b", b={"retries": 1})
        played = play(declared, {"a": Fate(10), "b": [Fate(2, code=7), Fate(3)], "c": Fate(20)})
        self.record(played, RunFields("r1", "abc"))
        told = {
            ("b", 1, "failed", 2.0, 7, "exit code", 0.0, None, 1),
            ("b", 2, "passed", 3.0, 0, "flaky", 0.0, None, 1),
            ("a", 1, "passed", 10.0, 0, "", 2.5, 40.0, 3),
            ("c", 1, "passed", 20.0, 0, "", 2.5, 40.0, 1),
        }
        self.assertEqual(set(self.rows(ATTEMPTS, "attempts")), told)

    def test_restored_job_is_a_row_without_an_exit_code(self) -> None:
        self.record(play(jobs("a", a={"cache": CACHED}), {"a": Fate(cache=0)}), RunFields("r", "c"))
        self.assertEqual(self.rows("job, outcome, code", "attempts"), [("a", "restored", None)])

    def test_run_that_started_no_job_is_recorded(self) -> None:
        self.assertEqual(History(self.path).write(RunFields("r1", "abc", exit_code=1)), [])
        self.assertEqual(self.rows("run, exit_code", "runs"), [("r1", 1)])

    def test_error_of_the_recorder_itself_is_told(self) -> None:
        (line,) = History(self.path).write(RunFields("r1", "abc", exit_code=2**64))
        self.assertRegex(line, "this run is not in the history .*: OverflowError: ")

    def test_name_of_a_branch_that_is_no_text_is_recorded(self) -> None:
        branch = os.fsdecode(b"caf\xe9")
        self.assertEqual(History(self.path).write(RunFields("r1", "abc", branch)), [])
        self.assertEqual(self.rows("branch", "runs"), [(r"caf\udce9",)])


if __name__ == "__main__":
    unittest.main()
