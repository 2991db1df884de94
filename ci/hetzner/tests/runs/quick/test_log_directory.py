"""A run owns the directory of its logs, and summary.json speaks of it alone, from its start on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from dsl import Job
from lib.common import files
from lib.report import summary_json
from lib.run_directories import log_directory
from tests.support.run_case import HERE, RunTest
from tests.support.waiting import wait_for

PROGRAM = """
import sys
from dsl import Job, Pipeline
sys.exit(Pipeline([Job("t", sys.argv[2])], "sha", "main", sys.argv[1], cwd=sys.argv[3]).run())
"""


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


class DirectoryTest(RunTest):
    def start(self, body: str, logs: Path | None = None) -> subprocess.Popen[str]:
        """Start the run of another process."""
        words = [str(logs or self.logs), body, str(self.cwd)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdout=subprocess.DEVNULL,
            stderr=pipe,
            text=True,
        )
        self.addCleanup(_end, process)
        return process

    def holder(self) -> subprocess.Popen[str]:
        """Start a run that goes on until there is a file `go`, or its directory is gone."""
        waits = "while [[ -e up && ! -e go ]]; do sleep 0.02; done"
        process = self.start(f"touch up; {waits}; echo first")
        wait_for(self.cwd / "up")
        return process

    def summary(self) -> dict[str, Any]:
        found = json.loads((self.logs / "summary.json").read_text())
        assert isinstance(found, dict)
        return found

    def listing(self) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in self.logs.iterdir() if p.name != log_directory.LOCK}


class Owned(DirectoryTest):
    def test_second_run_is_refused_by_the_name_of_the_first_and_touches_nothing(self) -> None:
        first = self.holder()
        before = self.listing()
        second = self.start("touch ran")
        _, said = second.communicate()
        self.assertEqual(second.returncode, 1)
        told = rf"DirectoryInUseError: .*{self.logs} in use by .*\(pid {first.pid}, since "
        self.assertRegex(said.splitlines()[-1], told)
        self.assertFalse((self.cwd / "ran").exists())
        self.assertEqual(self.listing(), before)
        (self.cwd / "go").touch()
        self.assertEqual((first.wait(), self.log("t")), (0, "first\n"))

    def test_directory_is_owned_under_each_of_its_names(self) -> None:
        first = self.holder()
        (self.cwd / "link").symlink_to("logs")
        for name in (self.cwd / "link", self.logs / ".." / "logs", Path(f"{self.logs}/./")):
            with self.subTest(name=name), self.assertRaises(OSError) as caught:
                self.logs_of(name).run()
            self.assertIn(f"pid {first.pid}", str(caught.exception))
        (self.cwd / "go").touch()
        self.assertEqual(first.wait(), 0)

    def logs_of(self, name: Path) -> Any:
        from dsl import Pipeline

        jobs = [Job("t", "touch ran")]
        return Pipeline(jobs, "sha", "main", name, cwd=self.cwd, console=self.console)

    def test_run_within_a_run_is_refused_the_directory_of_the_outer_one(self) -> None:
        inner = self.cwd / "inner.py"
        inner.write_text(f"import sys\nsys.path.insert(0, {str(HERE)!r})\n{PROGRAM}")
        command = [sys.executable, str(inner), str(self.logs), "touch ran", str(self.cwd)]
        self.assertEqual(self.run_jobs(Job("a", command, ok_codes=[1])), (0, "a=passed"))
        self.assertIn(f"pid {os.getpid()}", self.log("a"))
        self.assertFalse((self.cwd / "ran").exists())

    def test_dead_run_does_not_hold_the_directory(self) -> None:
        first = self.holder()
        first.kill()
        first.wait()
        (self.cwd / "go").touch()
        self.assertEqual(self.run_jobs(Job("t", "true")), (0, "t=passed"))

    def test_ended_run_frees_the_directory_and_its_lock_names_no_holder(self) -> None:
        for body in ("true", "exit 1"):
            self.run_jobs(Job("t", body))
            self.assertEqual((self.logs / log_directory.LOCK).read_text(), "")

    def test_run_whose_lock_was_removed_is_red_and_says_so(self) -> None:
        self.assertEqual(self.run_jobs(Job("t", "rm logs/.lock")), (1, "t=passed"))
        self.assertIn("lock", self.log("ci"))
        self.assertIn("was removed during the run", self.log("ci"))
        self.assertEqual(self.summary()["exit_code"], 1)

    def test_where_there_are_no_locks_a_run_goes_on_and_says_so(self) -> None:
        with mock.patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "no locks")):
            self.assertEqual(self.run_jobs(Job("t", "true")), (0, "t=passed"))
        self.assertIn("NOTE  the directory of the logs is on a file system without", self.log("ci"))

    def test_lock_that_cannot_be_taken_for_another_reason_is_an_error(self) -> None:
        with (
            mock.patch("fcntl.flock", side_effect=OSError(errno.EIO, "broken")),
            self.assertRaisesRegex(OSError, "broken"),
        ):
            self.pipeline(Job("t", "true")).run()
        self.assertFalse((self.logs / "ci.log").exists())

    def test_command_of_the_holder_is_told_without_secrets(self) -> None:
        with mock.patch.object(sys, "argv", ["ci.py", "--token", "s3cret"]):
            told = log_directory.command(lambda text: text.replace("s3cret", "***"))
        self.assertEqual(told, "ci.py --token ***")


class State(DirectoryTest):
    def test_killed_run_says_running_and_has_no_exit_code(self) -> None:
        self.run_jobs(Job("t", "true"))
        green = self.summary()
        self.assertEqual((green["state"], green["exit_code"], green["schema"]), ("ended", 0, 1))
        first = self.holder()
        for signal_number in (None, signal.SIGKILL):
            if signal_number:
                first.send_signal(signal_number)
                first.wait()
            told = self.summary()
            self.assertEqual((told["state"], told["exit_code"]), ("running", None))
            self.assertEqual((told["pid"], told["schema"]), (first.pid, 1))
            self.assertNotEqual(told["run"], green["run"])
            self.assertEqual([(job["name"], job["outcome"]) for job in told["jobs"]], [("t", None)])
        (self.cwd / "go").touch()

    def test_run_says_running_before_its_first_job_starts(self) -> None:
        body = "cp logs/summary.json seen"
        self.assertEqual(self.run_jobs(Job("t", body)), (0, "t=passed"))
        seen = json.loads((self.cwd / "seen").read_text())
        self.assertEqual((seen["state"], seen["exit_code"]), ("running", None))
        self.assertEqual(seen.keys(), self.summary().keys())

    def test_run_whose_runner_breaks_before_the_jobs_has_ended_red(self) -> None:
        with (
            mock.patch(
                "lib.run.execution.ProcessExecutor", side_effect=OSError(errno.EMFILE, "too many")
            ),
            self.assertRaises(OSError),
        ):
            self.pipeline(Job("t", "true")).run()
        self.assertEqual((self.summary()["state"], self.summary()["exit_code"]), ("ended", 1))

    def test_summary_that_cannot_be_begun_is_red_and_none_of_an_earlier_run_stays(self) -> None:
        self.run_jobs(Job("t", "true"))
        broken = mock.patch.object(
            files, "atomic_write", side_effect=OSError(errno.ENOSPC, "no space")
        )
        with broken:
            self.assertEqual(self.run_jobs(Job("t", "true")), (1, "t=passed"))
        self.assertFalse((self.logs / "summary.json").exists())
        self.assertIn("could not write", self.console.getvalue())

    def test_summary_that_cannot_be_written_for_a_moment_does_not_say_running_for_ever(
        self,
    ) -> None:
        write, turns = files.atomic_write, iter((True, False, True))

        def at_times(*given: Any, **named: Any) -> None:
            if not next(turns):
                raise OSError(errno.ENOSPC, "no space")
            write(*given, **named)

        with mock.patch.object(files, "atomic_write", at_times):
            self.assertEqual(self.run_jobs(Job("t", "exit 1")), (1, "t=failed"))
        self.assertEqual((self.summary()["state"], self.summary()["exit_code"]), ("ended", 1))


class Facts(DirectoryTest):
    def test_whole_run_has_every_job_and_all_test_cases(self) -> None:
        jobs = Job("a", "true"), Job("b", "true", ["a"])
        for chosen, whole in (
            ({}, True),
            ({"only_jobs": ["b"]}, True),  # and its needs
            ({"only_jobs": ["b"], "no_deps": True}, False),
            ({"only_jobs": ["a"]}, False),
            ({"skip_jobs": ["a"]}, False),
            ({"first_jobs": ["a"]}, True),
            ({"first_testcases": "x"}, True),
            ({"only_testcases": "x"}, False),
        ):
            with self.subTest(chosen):
                self.pipeline(*jobs).run(**chosen)
                self.assertIs(self.summary()["whole"], whole)

    def test_selection_and_filter_are_told_as_they_were_given(self) -> None:
        made = self.pipeline(Job("a", "true"), Job("b", "true"))
        names: Any = (name for name in ("b",))  # gone through once
        made.run(only_jobs=names, only_testcases="one,two")
        told = self.summary()
        self.assertEqual(
            told["selection"],
            {"only_jobs": ["b"], "skip_jobs": None, "first_jobs": None, "no_deps": False},
        )
        self.assertEqual(told["filter"], {"only_testcases": "one,two", "first_testcases": ""})

    def test_tree_is_told_as_the_caller_knows_it(self) -> None:
        self.run_jobs(Job("a", "true"))
        names = ("tree", "dirty", "in_place")
        self.assertEqual([self.summary()[name] for name in names], [None] * 3)
        self.run_jobs(Job("a", "true"), tree="7ee", dirty=True, in_place=False)
        self.assertEqual([self.summary()[name] for name in names], ["7ee", True, False])

    def test_each_job_tells_its_log_and_the_class_of_its_reason(self) -> None:
        self.run_jobs(Job("a", "exit 3"), Job("b", "true", ["a"]))
        failed, skipped = self.summary()["jobs"]
        self.assertEqual((failed["log"], failed["cause"]), (f"{self.logs}/a.log", "exit code"))
        self.assertEqual((skipped["log"], skipped["cause"]), (None, "dependency"))
        self.assertEqual(failed["attempts"][0]["cause"], "exit code")


class AsTheDocsSay(DirectoryTest):
    def test_every_field_is_in_the_table_of_the_docs(self) -> None:
        self.run_jobs(Job("a", "exit 3"))
        table = (HERE / "docs" / "summary.md").read_text()
        told = self.summary()
        for name in (*told, *told["jobs"][0], *told["jobs"][0]["attempts"][0]):
            self.assertIn(f"`{name}`", table)
        for state in (summary_json.RUNNING, summary_json.ENDED):
            self.assertIn(f"`{state}`", table)


if __name__ == "__main__":
    unittest.main()
