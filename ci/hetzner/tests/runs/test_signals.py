"""Every signal that would end the runner ends it well; a question changes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.common import interrupts, signal_names
from lib.common.redact import Redactor
from lib.report import running_jobs
from tests.support.commit_stage import HETZNER, OnStage
from tests.support.waiting import PATIENCE, wait_for, wait_until

LINUX = sys.platform == "linux"
ASKED = signal_names.ASKED
# of queues, timers, limits, power, devices, and real time
SEVERAL = [
    number
    for name in ("USR2", "ALRM", "VTALRM", "PROF", "XCPU", "PWR", "IO", "STKFLT", "RTMIN", "RTMAX")
    if (number := getattr(signal, f"SIG{name}", None))
]
PROGRAM = """
import sys
sys.path.insert(0, {hetzner!r})
from dsl import Job, Pipeline
sys.exit(Pipeline([{jobs}], "sha", "main", "logs", cwd=".", grace=1).run())
"""
LONG = "Job('long', 'echo $$ > pid; mv pid up; sleep 60 & wait')"
STATES = "grep -E 'Sig(Blk|Ign)' /proc/self/status > states"


def default_action_ends(number: int) -> bool:
    """Whether a process that handles nothing is ended by a signal: tried out."""
    child = os.fork()
    if not child:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.kill(os.getpid(), number)
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False
    return os.WIFSIGNALED(status)


class Names(unittest.TestCase):
    def test_all_whose_default_ends_a_program_are_heeded_but_faults_and_pythons_own(self) -> None:
        others = {"KILL", "USR1", "PIPE", "XFSZ"}  # cannot be caught; a question; Python ignores
        others |= {"SEGV", "BUS", "FPE", "ILL", "ABRT", "TRAP", "SYS"}  # a program that is broken
        numbers = {getattr(signal, f"SIG{name}") for name in others}
        tried = set(map(int, signal.valid_signals())) - numbers - {signal.SIGSTOP}
        self.assertEqual({n for n in tried if default_action_ends(n)}, set(signal_names.ENDING))

    def test_every_signal_has_a_name(self) -> None:
        self.assertEqual(signal_names.name_of(signal.SIGTERM), "SIGTERM")
        self.assertEqual(signal_names.name_of(99), "signal 99")
        if hasattr(signal, "SIGRTMIN"):
            names = [signal_names.name_of(signal.SIGRTMIN + plus) for plus in (0, 1)]
            self.assertEqual(names, ["SIGRTMIN", "SIGRTMIN+1"])


# 32 and 33 are the C library's own (nptl(7)), which its posix_spawn ignores in children
INTERNAL = 1 << 31 | 1 << 32
# with it the handlers of signals share a stack that is too small for many at one instant
WITHOUT_STACKS = {n: v for n, v in os.environ.items() if n != "PYTHONFAULTHANDLER"}


class Runner(unittest.TestCase):
    """A program that runs a pipeline of its own."""

    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    @contextlib.contextmanager
    def running(
        self, jobs: str = LONG, through: Sequence[str] = (), where: str = "."
    ) -> Iterator[subprocess.Popen[str]]:
        """Start the program, and wait until its job `long` is up."""
        place = self.root / where
        place.mkdir(exist_ok=True)
        program = PROGRAM.format(hetzner=str(HETZNER), jobs=jobs)
        with subprocess.Popen(
            [*through, sys.executable, "-c", program],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=WITHOUT_STACKS,
        ) as process:
            try:
                up = place / "up"
                wait_until(lambda: up.exists() or process.poll() is not None, str(up))
                yield process
            finally:
                process.kill()

    def ends_well(self, process: subprocess.Popen[str], number: int, where: str = ".") -> None:
        said, _ = process.communicate(timeout=PATIENCE)
        place, code = self.root / where, 128 + number
        self.assertEqual(process.returncode, code, said)
        self.assertFalse(Path("/proc", (place / "up").read_text().strip()).exists())
        name = re.escape(signal_names.name_of(number))
        log = (place / "logs/ci.log").read_text()
        self.assertRegex(log, rf"INTERRUPTED by {name}, running: long")
        self.assertRegex(log, rf"END   exit code {code}: ended by {name}\n")
        summary = json.loads((place / "logs/summary.json").read_text())
        self.assertEqual(summary["exit_code"], code)

    def test_each_signal_that_would_end_it_ends_it_well(self) -> None:
        with contextlib.ExitStack() as stack:
            started = [
                (number, stack.enter_context(self.running(where=str(number))))
                for number in (*signal_names.CUSTOMARY, *SEVERAL)
            ]
            for number, process in started:
                process.send_signal(number)
            for number, process in started:
                with self.subTest(signal_names.name_of(number)):
                    self.ends_well(process, number, str(number))

    def masked(self, *numbers: int) -> list[str]:
        """Return a command that runs another one with these signals blocked."""
        block = f"signal.pthread_sigmask(signal.SIG_BLOCK, {list(map(int, numbers))})"
        run = f"import os, signal, sys; {block}; os.execvp(sys.argv[1], sys.argv[1:])"
        return [sys.executable, "-c", run]

    def test_signals_that_were_blocked_at_the_start_are_heeded(self) -> None:
        through = self.masked(signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, ASKED)
        for number in (signal.SIGTERM, signal.SIGUSR2):
            with self.running(through=through, where=str(number)) as process:
                process.send_signal(number)
                self.ends_well(process, number, str(number))

    @unittest.skipUnless(LINUX, "proc(5) tells of masks")
    def test_ignored_signals_stay_ignored_and_jobs_start_with_default_actions(self) -> None:
        names = ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "TSTP", "PIPE", "ALRM")
        ignore = ["bash", "-c", f'trap "" {" ".join(names)}; exec "$@"', "bash"]
        body = f"{STATES}; echo $$ > up; until test -e go; do sleep .01; done"
        jobs = f"Job('long', {body!r})"
        for placement in ("", ", nice=1"):
            where = f"at{len(placement)}"
            placed = jobs[:-1] + placement + ")"
            with self.running(placed, [*ignore, *self.masked(signal.SIGTERM)], where) as process:
                for name in names[:-2]:
                    process.send_signal(getattr(signal, f"SIG{name}"))
                (self.root / where / "go").touch()
                said, _ = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0, said)
            states = (self.root / where / "states").read_text().split()[1::2]
            self.assertEqual([int(state, 16) & ~INTERNAL for state in states], [0, 0])

    def test_question_is_answered_on_log_and_console_and_changes_nothing(self) -> None:
        talks = r"echo one; printf 'meter 1\rmeter 2\r\n'; echo $$ > up"
        jobs = f"Job('long', {f'{talks}; until test -e go; do sleep .01; done; echo two'!r})"
        with self.running(f"{jobs}, Job('late', 'true', ['long'])") as process:
            log = self.root / "logs/ci.log"
            for turn in range(1, 3):
                process.send_signal(ASKED)
                wait_until(lambda n=turn: log.read_text().count("RUNNING") == n, "an answer")  # type: ignore[misc]
            (self.root / "go").touch()
            said, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, said)
        for text in (said, log.read_text()):
            self.assertRegex(text, r"ASKED what runs: 1 job, 1 waiting, 0 ended, [\d.]+ s since")
            self.assertRegex(text, r"RUNNING long \([\d.]+ s\): meter 2\n")
        self.assertIn("two", (self.root / "logs/long.log").read_text())


class Owners(unittest.TestCase):
    """The signal handlers of the host program are given back, and some are left to it."""

    def setUp(self) -> None:
        self.before = {n: signal.getsignal(n) for n in signal_names.ENDING}
        self.addCleanup(
            lambda: [signal.signal(n, h) for n, h in self.before.items() if h is not None]
        )

    def test_handlers_and_mask_are_given_back(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        try:
            before = {n: signal.getsignal(n) for n in signal.valid_signals()}
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            with interrupts.noted():
                self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), set())
                self.assertIs(signal.getsignal(signal.SIGHUP), interrupts.ignore)
            self.assertEqual({n: signal.getsignal(n) for n in before}, before)
            self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), mask)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def test_timer_of_the_host_program_ends_no_run(self) -> None:
        came = []
        signal.signal(signal.SIGALRM, lambda number, frame: came.append(number))
        with interrupts.noted() as noted:
            os.kill(os.getpid(), signal.SIGALRM)
        self.assertEqual((came, noted.came), ([signal.SIGALRM], []))


class Answers(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def last_line(self, text: str) -> str:
        (self.root / "a.log").write_text(text)
        return running_jobs.last_line(self.root / "a.log", Redactor(["secret-1234"]))

    def test_last_line_is_masked_before_it_is_cut(self) -> None:
        told = {
            "": "(its log is empty)",
            "one\ntwo\n\n": "two",
            "half": "half",
            "1 %\r2 %\r": "2 %",
            "x secret-1234 y": "x *** y",
            "secret-1234" + "x" * 195: "***" + "x" * 195,
            "secret-1234" + "x" * 198: "…*" + "x" * 198,
        }
        self.assertEqual({text: self.last_line(text) for text in told}, told)
        self.assertEqual(self.last_line("a\n" * 99999 + "b"), "b")

    def test_last_line_of_anything_but_a_file_is_not_waited_for(self) -> None:
        os.mkfifo(self.root / "pipe.log")
        self.assertIn("something else", running_jobs.last_line(self.root / "pipe.log", str))
        self.assertIn("cannot be read", running_jobs.last_line(self.root / "none.log", str))


class Commits(OnStage):
    def test_question_is_answered_while_a_run_waits_prepares_and_runs(self) -> None:
        up, go = self.stage.root / "up", self.stage.root / "go"
        self.stage.before_checkout(f"touch {up}; until test -e {go}; do sleep .01; done")
        words = ("--only-jobs", "lint-python")
        with self.stage.start(*words) as first:
            wait_for(up)
            first.send_signal(ASKED)
            wait_until(lambda: "RUNNING" in self.stage.log(), "an answer")
            with self.stage.start(*words) as second:
                assert second.stdout
                self.assertIn("waiting for", second.stdout.readline())
                second.send_signal(ASKED)
                self.assertRegex(second.stdout.readline(), r"ASKED what runs: no job, .* since the")
                go.touch()
                said, errors = first.communicate(timeout=PATIENCE)
                second.communicate(timeout=PATIENCE)
        self.assertEqual((first.returncode, second.returncode), (0, 0), said + errors)
        self.assertRegex(said, r"ASKED what runs: no job, .*\n.*RUNNING \d+ .*git")


if __name__ == "__main__":
    unittest.main()
