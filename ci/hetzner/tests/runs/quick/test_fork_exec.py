"""A process is started alike by the function below `Popen` and by `Popen` itself."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from lib.processes import fork_exec
from lib.processes.environment import Environment

SHOW = """
echo "$0 $1 $(pwd) $(env | grep -v ^_= | sort | tr '\\n' ' ')"
ps -o pid=,pgid=,sid= -p $$ | tr -s ' '; ls -l /proc/$$/fd | grep -c /; cat; echo to stderr >&2
"""
DESCRIPTORS = "import os,sys; print(sorted(set(map(int, os.listdir('/proc/self/fd'))) - {0,1,2}))"


@unittest.skipUnless(sys.platform == "linux", "/proc shows the arguments of a process")
class Start(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.null = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, self.null)

    def run_program(
        self,
        *argv: str,
        program: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "",
        keep: tuple[int, ...] = (),
    ) -> tuple[int, str]:
        """Return the exit code of a program and its output."""
        path = self.directory / "log"
        with path.open("wb") as log:
            pid = fork_exec.start(
                argv,
                program=program,
                cwd=cwd or str(self.directory),
                env=Environment.of({"PATH": os.environ["PATH"]} if env is None else env),
                null=self.null,
                log=log.fileno(),
                keep=keep,
            )
        self.pid = pid
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), os.fsdecode(path.read_bytes())

    def both_ways(self, *argv: str, **more: object) -> list[tuple[int, str]]:
        """Return what becomes of a program by either way, each with its own pid as PID."""
        found = []
        for known in (True, False):
            with mock.patch.object(fork_exec, "KNOWN", known):
                code, text = self.run_program(*argv, **more)  # type: ignore[arg-type]
            found.append((code, text.replace(str(self.pid), "PID")))
        return found

    def test_descriptors_directory_session_and_environment_are_the_same(self) -> None:
        env = {"PATH": os.environ["PATH"], "A": "ä = b", "B": "", "C": "two\nlines", "D": "\udcff"}
        below, popen = self.both_ways("bash", "-c", SHOW, "zero", program="/bin/bash", env=env)
        self.assertEqual(below, popen)
        self.assertRegex(below[1], r"\n ?PID PID PID\n")
        self.assertTrue(below[1].endswith("to stderr\n"), below)

    def test_only_named_descriptors_are_inherited(self) -> None:
        for inherited in (False, True):
            handle = os.open(os.devnull, os.O_RDONLY)
            self.addCleanup(os.close, handle)
            os.set_inheritable(handle, inherited)
        keep = os.dup(self.null)
        self.addCleanup(os.close, keep)
        below, popen = self.both_ways(sys.executable, "-c", DESCRIPTORS, keep=(keep,))
        self.assertEqual(below, popen)
        self.assertIn(str(keep), below[1])
        self.assertNotIn(f"{handle}", below[1])

    def test_signals_that_python_ignores_have_their_default_action(self) -> None:
        below, popen = self.both_ways("/bin/bash", "-c", "kill -PIPE $$; sleep 60")
        self.assertEqual(below[0], -signal.SIGPIPE)
        self.assertEqual(below, popen)

    def test_program_that_cannot_be_started_raises_the_error_of_popen(self) -> None:
        text = self.directory / "text"
        text.write_text("no program")
        text.chmod(0o755)
        (self.directory / "data").touch()
        cases: list[tuple[str, dict[str, object]]] = [
            ("/no/such/program", {}),
            (str(self.directory / "data"), {}),
            (str(text), {}),
            ("/bin/true", {"cwd": "/no/such/directory"}),
            ("/bin/true", {"env": {"A=B": "c"}}),
            ("/bin/true", {"env": {"A": "b\0c"}}),
        ]
        for program, more in cases:
            raised = []
            for known in (True, False):
                with (
                    self.subTest(program, known=known, **more),
                    mock.patch.object(fork_exec, "KNOWN", known),
                    self.assertRaises((OSError, ValueError)) as caught,
                ):
                    self.run_program(program, **more)  # type: ignore[arg-type]
                raised.append((type(caught.exception), getattr(caught.exception, "errno", 0)))
            self.assertEqual(raised[0], raised[1], program)
        with self.assertRaises(ChildProcessError):  # none of them is left to be reaped
            os.waitpid(-1, os.WNOHANG)

    def test_starts_leave_no_descriptor_open(self) -> None:
        before = os.listdir("/proc/self/fd")  # noqa: PTH208
        for program in ("/bin/true", "/no/such/program"):
            try:
                self.run_program(program)
            except FileNotFoundError:
                continue
        self.assertEqual(os.listdir("/proc/self/fd"), before)  # noqa: PTH208


if __name__ == "__main__":
    unittest.main()
