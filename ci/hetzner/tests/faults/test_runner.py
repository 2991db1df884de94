"""Faults of the runner itself: signals in its last steps, helpers that linger, parts that break."""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import sys
import threading
import unittest
from unittest import mock

from dsl import Job
from lib.common import interrupts
from lib.common.signal_names import CUSTOMARY, name_of
from lib.model import events
from lib.processes import executor, wait
from lib.scheduler import loop
from tests.support.commit_stage import HETZNER
from tests.support.fault_case import CommitCase, Ended, FaultCase

BROKEN_LISTENER = """
import sys
sys.path.insert(0, {hetzner!r})
import pipeline
from lib.buckaroo import wheels
from lib.common import program_end
from lib.github import job_statuses
from lib.history import recorder
from lib.report import run_log

def broken(self, event):
    raise {error}

{listener}.__call__ = broken
program_end.run(lambda _: pipeline.main([]))
"""


# people's, a timer's, a batch system's, and one of real time, which has no name of its own
SIGNALS: tuple[int, ...] = (*CUSTOMARY, signal.SIGALRM, signal.SIGUSR2)
if sys.platform == "linux":
    SIGNALS += (signal.SIGRTMIN + 1,)


class Listeners(CommitCase):
    def with_broken(self, listener: str, error: str) -> Ended:
        program = BROKEN_LISTENER.format(hetzner=str(HETZNER), listener=listener, error=error)
        process = self.stage.start(CI_JOB_STATUSES="1", program=program)
        with process:
            out, errors = process.communicate(timeout=60)
        return Ended(process.returncode, self.stage.log_dir(), out + errors)

    def test_view_that_breaks_changes_no_result_and_is_told(self) -> None:
        listeners = (
            "recorder.History",
            "wheels.WheelKeeper",
            "job_statuses.JobStatuses",
            "run_log.RunLog",
        )
        errors = ("RuntimeError('no view')", "OSError(28, 'no view')", "RecursionError('no view')")
        for turn, listener in enumerate(listeners):
            with self.subTest(listener):
                ended = self.with_broken(listener, errors[turn % len(errors)])
                name = listener.partition(".")[2]
                self.check(ended, 0, None, f"NOTE  the listener {name} broke: .*no view")
                self.assertEqual(self.status(), "success")
        self.next_run_is_unaffected()


class LastSteps(CommitCase):
    """The jobs are done: only the reports are left."""

    def while_it_tells(self, *numbers: int) -> Ended:
        """Send signals, one after the other, while GitHub does not answer the last status."""
        shutil.rmtree(self.stage.log_dir(), ignore_errors=True)
        self.github.seen.clear()
        with self.stage.start() as process:
            self.wait_until(lambda: bool(self.github.seen), "the pending status")
            self.github.gate = threading.Event()
            log = self.stage.log_dir() / "ci.log"
            self.wait_until(
                lambda: log.exists() and "END   exit code 0" in log.read_text(), "the end of jobs"
            )
            for number in numbers:
                process.send_signal(number)
            if len(numbers) < 2:
                self.github.gate.set()
            out, errors = process.communicate(timeout=60)
        self.github.gate.set()
        self.github.gate = None
        return Ended(process.returncode, self.stage.log_dir(), out + errors)

    def test_signal_after_the_verdict_changes_nothing_of_it(self) -> None:
        for number in SIGNALS:
            with self.subTest(name_of(number)):
                ended = self.while_it_tells(number)
                self.check(ended, 0, None, "END   exit code 0")
                self.assertEqual((ended.summary["exit_code"], self.status()), (0, "success"))
        self.next_run_is_unaffected()

    def test_second_signal_leaves_the_verdict_to_the_next_run_to_tell(self) -> None:
        ended = self.while_it_tells(signal.SIGINT, signal.SIGTERM)
        self.check(
            ended,
            0,
            None,
            "END   exit code 0",
            "NOTE  the next run posts the status",
            "NOTE  a second signal: not all is recorded",
        )
        self.github.seen.clear()
        self.next_run_is_unaffected()
        states = [body["state"] for body in self.github.seen]
        self.assertEqual(states, ["success", "pending", "success"])


class Helpers(CommitCase):
    """Programs of the preparation that linger."""

    def test_signal_ends_a_step_with_all_that_it_started(self) -> None:
        for number in SIGNALS:
            with self.subTest(name_of(number)):
                near, far = self.root / f"near{number}", self.root / f"far{number}"
                self.stage.before_checkout(
                    f"trap '' TERM; setsid {self.stays(far)} & {self.stays(near)} & wait"
                )
                with self.stage.start() as process:
                    for up in (near, far):
                        self.wait_until(up.exists, str(up))
                    process.send_signal(number)
                    out, errors = process.communicate(timeout=60)
                ended = Ended(process.returncode, self.stage.log_dir(), out + errors)
                lines = (
                    "INTERRUPTED",
                    f"END   exit code {128 + number}: ended by {name_of(number)}",
                )
                self.assertEqual(ended.code, 128 + number, ended.console)
                for line in lines:
                    self.assertIn(line, ended.log)
                self.nothing_is_left()
                self.assertEqual(self.status(), "error")
        self.stage.before_checkout(":")
        self.next_run_is_unaffected()

    def test_leftovers_of_a_step_are_stopped_before_the_jobs(self) -> None:
        up = self.root / "up"
        linger = f"env -i setsid {self.stays(up)} </dev/null >/dev/null 2>&1 &"
        self.stage.before_checkout(f"{linger} until [[ -e {up} ]]; do sleep 0.01; done")
        ended = self.commit()
        self.check(ended, 0, None, f"LEAK  of the preparation, stopped: .*{self.sleep}")
        self.assertLess(ended.log.index("LEAK"), ended.log.index("START"))
        self.next_run_is_unaffected()

    def test_tool_that_does_not_tell_its_version_is_ended(self) -> None:
        (self.stage.root / "tools" / "uv").write_text(f"#!/bin/bash\n{self.sleep}; exit\n")
        with self.stage.start() as process:
            self.wait_until(lambda: self.sleep in str(self.living()), self.sleep)
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, out + errors)
        self.nothing_is_left()


class Breaks(FaultCase):
    """An error of the runner passes on, after all trees are stopped and reports written."""

    def breaks(self, owner: object, name: str, error: Exception) -> None:
        handlers = [signal.getsignal(number) for number in interrupts.SIGNALS]
        job = Job("a", f"trap '' TERM; setsid {self.stays()} & {self.sleep}")
        made, console = self.pipeline(job, Job("b", "until [ -e up ]; do sleep .01; done"))
        with (
            mock.patch.object(owner, name, side_effect=error),
            self.assertRaises(type(error)),
        ):
            made.run()
        self.assertTrue((self.root / "up").exists(), "broke before there was a process to stop")
        ended = Ended(1, self.logs, console.getvalue())
        self.check(ended, 1, "a=cancelled b=cancelled", "BUG   the runner broke: .*injected")
        self.assertEqual([signal.getsignal(number) for number in interrupts.SIGNALS], handlers)
        self.next_run_is_unaffected()

    def test_bug_of_the_scheduler(self) -> None:
        self.breaks(loop.Scheduler, "_take", RuntimeError("injected"))

    def test_executor_that_can_wait_no_more(self) -> None:
        self.breaks(executor.ProcessExecutor, "_processes_ended", OSError("injected"))

    def test_executor_that_can_not_be_made(self) -> None:
        handlers = [signal.getsignal(number) for number in interrupts.SIGNALS]
        made, _ = self.pipeline(Job("a", "true"))
        error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        with mock.patch.object(wait, "make", side_effect=error), self.assertRaises(OSError):
            made.run()
        self.assertEqual([signal.getsignal(number) for number in interrupts.SIGNALS], handlers)
        del made
        self.next_run_is_unaffected()

    def test_signal_after_the_last_job_has_ended(self) -> None:
        def interrupt(event: events.Event) -> None:
            if isinstance(event, events.RunEnded):
                os.kill(os.getpid(), signal.SIGTERM)

        ended = self.run_jobs(Job("a", "true"), listeners=[interrupt])
        self.check(ended, 143, "a=passed", "INTERRUPTED by SIGTERM, all jobs had ended")
        self.next_run_is_unaffected()

    def test_first_signal_decides_the_exit_code(self) -> None:
        def interrupt(event: events.Event) -> None:
            if isinstance(event, events.RunEnded):
                os.kill(os.getpid(), signal.SIGINT)

        job = Job("a", f"kill -TERM $PPID; {self.sleep}")
        ended = self.run_jobs(job, listeners=[interrupt])
        self.check(ended, 143, "a=cancelled", "END   exit code 143: ended by SIGTERM")
        self.next_run_is_unaffected()

    def test_signal_after_the_summary_was_written(self) -> None:
        class Interrupting(io.StringIO):
            def write(self, text: str) -> int:
                if text.startswith("job "):
                    os.kill(os.getpid(), signal.SIGTERM)
                return super().write(text)

        ended = self.run_jobs(Job("a", "true"), console=Interrupting())
        self.check(ended, 143, "a=passed")
        self.next_run_is_unaffected()

    def test_console_without_a_reader(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as console:
            made, _ = self.pipeline(Job("a", "true"), console=console)
            ended = Ended(made.run(), self.logs, "")
        self.check(ended, 0, "a=passed", "PASS  a")
        self.next_run_is_unaffected()


class Console(CommitCase):
    def test_reader_that_goes_away_changes_no_result(self) -> None:
        with self.stage.start() as process:
            assert process.stdout is not None
            process.stdout.close()
            process.wait(timeout=60)
            assert process.stderr is not None
            errors = process.stderr.read()
        self.check(
            Ended(process.returncode, self.stage.log_dir(), errors), 0, None, "END   exit code 0"
        )
        self.assertEqual(errors, "")
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
