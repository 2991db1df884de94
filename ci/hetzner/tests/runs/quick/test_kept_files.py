"""Files that a job keeps are beside its logs, whatever its end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from typing import Any
from unittest import mock

from dsl import Job
from lib.report.run_log import RunLog
from lib.run_directories import keep_copy, kept_files
from tests.support.run_case import RunTest
from tests.support.waiting import PATIENCE


class Kept(RunTest):
    def kept(self) -> dict[str, str]:
        place = self.logs / "kept"
        found = {str(p.relative_to(place)): p for p in place.rglob("*") if p.is_file()}
        return {name: path.read_text() for name, path in sorted(found.items())}

    def waits_for_copies(self, thread: int) -> bool:
        """Whether the thread waits in `KeptFiles.finish`, for an event."""
        calls = [frame.name for frame in traceback.extract_stack(sys._current_frames()[thread])]
        return "finish" in calls and calls[-1] == "wait" and calls[-2] == "wait"

    def test_failed_job_keeps_the_files_of_each_attempt(self) -> None:
        body = "test -e again && echo 2 >r.xml || { touch again; echo 1 >r.xml; exit 3; }"
        made = Job("a", body, retries=1, keep=["*.xml", "again"]), Job("b", "exit 1", keep=["x"])
        self.assertEqual(self.run_jobs(*made), (1, "a=flaky b=failed"))
        self.assertEqual(self.kept(), {"a.1/again": "", "a.1/r.xml": "1\n", "a/r.xml": "2\n"})

    def test_next_attempt_waits_for_the_copies(self) -> None:
        copy = keep_copy.keep

        def slowly(*given: Any) -> list[str]:
            time.sleep(0.2)
            return copy(*given)

        body = "test -e again && echo 2 >r.xml || { touch again; echo 1 >r.xml; exit 3; }"
        with (
            mock.patch.object(keep_copy, "keep", slowly),
            mock.patch.object(kept_files, "RETRY_BUDGET", 60),
        ):
            self.run_jobs(Job("a", body, retries=1, keep=["*.xml"]))
        self.assertEqual(self.kept(), {"a.1/r.xml": "1\n", "a/r.xml": "2\n"})

    def test_nothing_but_the_next_attempt_waits_for_the_copies(self) -> None:
        copy, seen = keep_copy.keep, []

        def until_another_job_began(*given: Any) -> list[str]:
            deadline = time.monotonic() + PATIENCE
            while not (self.cwd / "began").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append((self.cwd / "began").exists())
            return copy(*given)

        first = Job("a", "test -e again || { touch again; exit 3; }", retries=1, keep=["again"])
        second = Job("b", "until test -e again; do sleep 0.02; done")
        with (
            mock.patch.object(keep_copy, "keep", until_another_job_began),
            mock.patch.object(kept_files, "RETRY_BUDGET", 60),
        ):
            self.run_jobs(first, second, Job("c", "touch began", ["b"]))
        self.assertEqual(seen[:1], [True])

    def test_verdict_does_not_wait_for_the_copies(self) -> None:
        copy, seen = keep_copy.keep, []

        def after_the_end(*given: Any) -> list[str]:
            deadline = time.monotonic() + PATIENCE
            while " END " not in self.log("ci") and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(" END " in self.log("ci"))
            return [*copy(*given), "one is a pipe"]

        with mock.patch.object(keep_copy, "keep", after_the_end):
            self.assertEqual(self.run_jobs(Job("a", "echo x >f", keep=["f"])), (0, "a=passed"))
        self.assertEqual((seen, self.kept()), ([True], {"a/f": "x\n"}))
        self.assertRegex(
            self.log("ci"), r" END .*\n.* NOTE  a: not all files are kept: one is a pi"
        )

    def test_owner_of_the_log_waits_for_the_copies_when_it_likes(self) -> None:
        copy, ended = keep_copy.keep, threading.Event()

        def after_the_end(*given: Any) -> list[str]:
            self.assertTrue(ended.wait(PATIENCE))
            return [*copy(*given), "one is a pipe"]

        self.logs.mkdir()
        log = RunLog(self.logs)
        self.addCleanup(log.close)
        made = self.pipeline(Job("a", "echo x >f", keep=["f"]), run_log=log)
        with mock.patch.object(keep_copy, "keep", after_the_end):
            made.run()
            ended.set()
            (note,) = made.finish_copies()
        self.assertEqual(note, "a: not all files are kept: one is a pipe")
        self.assertEqual((self.kept(), made.finish_copies()), ({"a/f": "x\n"}, []))

    def test_variables_of_the_job_count(self) -> None:
        job = Job("a", "echo x >$D/f", env={"D": str(self.cwd / "d")}, keep=["$D/f"])
        (self.cwd / "d").mkdir()
        self.assertEqual(self.run_jobs(job), (0, "a=passed"))
        self.assertEqual(self.kept(), {"a/f": "x\n"})

    def test_patterns_begin_in_the_directory_of_the_job(self) -> None:
        (self.cwd / "d").mkdir()
        self.assertEqual(self.run_jobs(Job("a", "echo x >f", cwd="d", keep=["f"]))[0], 0)
        self.assertEqual(self.kept(), {"a/f": "x\n"})

    def test_trouble_is_a_note_and_changes_no_verdict(self) -> None:
        job = Job("a", "touch f; ln -sfn /nonexistent logs/kept", keep=["f", "$UNSET_NAME"])
        self.assertEqual(self.run_jobs(job), (0, "a=passed"))
        self.assertRegex(self.log("ci"), r"NOTE  a: not all files are kept: ")

    def test_copies_that_take_too_long_do_not_hold_up_the_end(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)

        def hang(*_: object) -> list[str]:
            os.read(reading, 1)
            return []

        with (
            mock.patch.object(kept_files, "BUDGET", 0.05),
            mock.patch.object(kept_files, "STOP", 0.0),
            mock.patch.object(keep_copy, "keep", hang),
        ):
            self.assertEqual(self.run_jobs(Job("a", "true", keep=["f"])), (0, "a=passed"))
            self.assertIn("NOTE  files of jobs are not all kept: 0.05 s were not", self.log("ci"))
            os.close(writing)

    def test_ctrl_c_after_the_verdict_ends_the_copies_and_changes_no_exit_code(self) -> None:
        ended, main = threading.Event(), threading.main_thread().ident or 0

        def hang(*_: object) -> list[str]:
            deadline = time.monotonic() + PATIENCE
            while not self.waits_for_copies(main) and time.monotonic() < deadline:
                time.sleep(0.01)
            signal.pthread_kill(main, signal.SIGINT)
            ended.wait(5)
            return []

        with (
            mock.patch.object(kept_files, "STOP", 0.0),
            mock.patch.object(keep_copy, "keep", hang),
        ):
            self.assertEqual(self.run_jobs(Job("a", "true", keep=["f"])), (0, "a=passed"))
        ended.set()
        self.assertIn("NOTE  files of jobs are not all kept: Ctrl-C came", self.log("ci"))

    def test_copies_that_take_too_long_end_with_the_run(self) -> None:
        copy = keep_copy.keep

        def late(*given: Any) -> list[str]:
            is_stopped, deadline = given[-1], time.monotonic() + PATIENCE
            while not is_stopped() and time.monotonic() < deadline:
                time.sleep(0.01)
            return copy(*given)

        with (
            mock.patch.object(kept_files, "BUDGET", 0.05),
            mock.patch.object(kept_files, "STOP", PATIENCE),
            mock.patch.object(keep_copy, "keep", late),
        ):
            self.assertEqual(self.run_jobs(Job("a", "touch f", keep=["f"])), (0, "a=passed"))
        for thread in threading.enumerate():
            if thread.name == "kept files":
                thread.join(PATIENCE)
        self.assertEqual(self.kept(), {})

    def test_pattern_that_is_none_is_refused(self) -> None:
        for wrong in ("*.xml", [""], [3], ["a\0"]):
            with self.assertRaisesRegex(ValueError, "keep: expected"):
                Job("a", "true", keep=wrong)  # type: ignore[arg-type]
