"""Consoles and listeners that break: no result of a run depends on a view."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dsl import Job
from lib.common.console import NOBODY_READS, Console
from lib.model import events
from tests.support.commit_stage import HETZNER, OnStage
from tests.support.run_case import RunTest

BUFFERED = {"PYTHONUNBUFFERED": ""}  # as stdout is by default
LIBRARY = f"""
import sys
sys.path.insert(0, {str(HETZNER)!r})
from dsl import Job, Pipeline
code = Pipeline([Job("a", "true"), Job("b", "true", ["a"])], "s", "b", "logs", cwd=".").run()
print(code, file=sys.stderr)
sys.exit(code)
"""


class Broken(io.StringIO):
    """Raises a given error, once or for ever."""

    def __init__(self, error: BaseException, times: int = 10**9) -> None:
        super().__init__()
        self.error, self.times = error, times

    def write(self, text: str) -> int:
        if self.times:
            self.times -= 1
            raise self.error
        return super().write(text)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class UnspeakableListener:
    @property
    def __name__(self) -> str:
        raise RuntimeError("no name")

    def __call__(self, event: events.Event) -> None:
        raise UnspeakableError


class Runs(RunTest):
    def with_console(self, console: io.StringIO | io.TextIOWrapper, **options: Any) -> None:
        """Assert that a red and a green job end as they do elsewhere."""
        self.console = console  # type: ignore[assignment]
        told = self.run_jobs(Job("a", "true"), Job("b", "exit 3"), **options)
        self.assertEqual(told, (1, "a=passed b=failed"))
        for line in ("START a", "PASS  a", "CAUSE b: exit code 3"):
            self.assertIn(line, self.log("ci"))
        self.assertIn('"exit_code": 1', (self.logs / "summary.json").read_text())

    def test_console_that_raises_any_error_changes_no_result(self) -> None:
        for error in (RuntimeError("no"), OSError(errno.EPIPE, "gone"), ValueError("closed")):
            with self.subTest(error):
                self.with_console(Broken(error))
                self.assertRegex(
                    self.log("ci"), "NOTE  the summary could not be shown: .*(no|gone|closed)\n"
                )

    def test_console_whose_error_has_no_text_changes_no_result(self) -> None:
        self.with_console(Broken(UnspeakableError()))

    def test_console_that_is_full_for_a_moment_shows_later_lines(self) -> None:
        console = Broken(BlockingIOError(errno.EAGAIN, "full"), times=2)
        self.with_console(console)
        self.assertIn("CAUSE b: exit code 3", console.getvalue())
        self.assertRegex(console.getvalue(), r"(?m)^b +failed")

    def test_pipe_that_does_not_block_and_is_full_changes_no_result(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fill(writer)
        with os.fdopen(writer, "w") as console:
            self.with_console(console)

    def test_characters_that_the_console_lacks_are_shown_with_backslashes(self) -> None:
        raw = io.BytesIO()
        with io.TextIOWrapper(raw, encoding="ascii") as console:
            self.with_console(console, log_url="http://bücher/")
            shown = raw.getvalue()
        self.assertIn(rb"(see http://b\xfccher/b.log)", shown)
        self.assertIn("http://bücher/b.log", self.log("ci"))

    def test_listener_that_breaks_in_every_way_changes_no_result(self) -> None:
        code, outcomes = self.run_jobs(Job("a", "true"), listeners=[UnspeakableListener()])
        self.assertEqual((code, outcomes), (0, "a=passed"))
        told = "NOTE  the listener UnspeakableListener broke: UnspeakableError"
        self.assertEqual(self.log("ci").count(told), 1)

    def test_console_or_listener_that_would_end_the_program_changes_no_result(self) -> None:
        self.with_console(Broken(SystemExit(0)))

        def leaver(event: events.Event) -> None:
            raise SystemExit(0)

        code, outcomes = self.run_jobs(Job("a", "exit 3"), listeners=[leaver])
        self.assertEqual((code, outcomes), (1, "a=failed"))
        self.assertEqual(self.log("ci").count("NOTE  the listener leaver broke: SystemExit: 0"), 1)

    def test_rerun_that_breaks_loses_its_own_command_alone(self) -> None:
        seen: list[events.Event] = []
        asked: list[str] = []

        def rerun(job: str) -> str:
            asked.append(job)
            return {"a": "make a"}[job]

        jobs = (Job("a", "echo first; exit 3"), Job("b", "echo second; exit 3"))
        code, _ = self.run_jobs(*jobs, rerun=rerun, listeners=[seen.append])
        self.assertEqual((code, sorted(asked)), (1, ["a", "b"]))
        for line in ("    first\n    run it again: make a\n", "    second\n"):
            self.assertIn(line, self.console.getvalue())
        told = "NOTE  b: no command to run again: rerun broke: KeyError: 'b'"
        self.assertEqual(self.log("ci").count(told), 1)
        words = [each.words for each in seen if isinstance(each, events.RunAgain)]
        self.assertEqual(words, [("make", "a")])


class Streams(RunTest):
    def test_dropped_text_is_not_left_for_the_end_of_the_program(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stream:
            console = Console(stream)
            self.assertFalse(console.show("x"))
            console.settle()
            self.assertTrue(os.fstat(writer).st_ino)
        with self.assertRaises(OSError):
            os.fstat(writer)  # `with` has closed it, and nothing was raised

    def test_program_that_uses_the_library_ends_with_the_code_of_its_run(self) -> None:
        ended = closed([sys.executable, "-c", LIBRARY], self.cwd, dict(os.environ, **BUFFERED))
        self.assertEqual(ended, (0, "0\n"))


def fill(pipe: int) -> None:
    """Make a pipe one that does not block, and full."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(pipe, b"x" * size)


def closed(argv: list[str], cwd: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run a program without a reader of its output; return its exit code and its errors."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as output:
        done = subprocess.run(
            argv, cwd=cwd, env=env, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    return done.returncode, done.stderr


class Programs(OnStage):
    def closed(self, *words: str, **extra: str) -> tuple[int, str]:
        argv = [sys.executable, str(HETZNER / "pipeline.py"), *words]
        return closed(argv, self.stage.repo, self.stage.environment(**extra))

    def test_view_without_a_reader_ends_quietly_as_by_sigpipe(self) -> None:
        for words in (
            ["--list"],
            ["--graph"],
            ["--graph=mermaid"],
            ["--dry-run"],
            ["simulate", "--shape", "predecessor"],
            ["simulate", "--set", "test-js=3", "--only-jobs", "test-js"],
            ["simulate", "--json", "--set", "test-js=3", "--only-jobs", "test-js"],
        ):
            for extra in (BUFFERED, {"PYTHONUNBUFFERED": "1"}):
                with self.subTest(words, **extra):
                    self.assertEqual(self.closed(*words, **extra), (NOBODY_READS, ""))

    def test_view_that_cannot_be_written_says_why(self) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, str(HETZNER / "pipeline.py"), "--list"],
                cwd=self.stage.repo,
                env=self.stage.environment(**BUFFERED),
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Athe answer could not be printed: .*No space left")

    def test_help_without_a_reader_ends_quietly(self) -> None:
        self.assertEqual(self.closed("--help", **BUFFERED), (0, ""))

    def test_commit_is_green_without_a_reader_of_its_run(self) -> None:
        self.assertEqual(self.closed("--only-jobs", "lint-python,test-js", **BUFFERED), (0, ""))
        self.assertIn("END   exit code 0: 4 jobs passed", self.stage.log())

    def test_commit_is_green_without_readers_of_output_and_errors(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer) as output:
            argv = [sys.executable, str(HETZNER / "pipeline.py"), "--only-jobs", "lint-python"]
            env = self.stage.environment(**BUFFERED)
            code = subprocess.run(
                argv, cwd=self.stage.repo, env=env, stdout=output, stderr=output, check=False
            ).returncode
        self.assertEqual(code, 0)

    def test_commit_whose_output_is_full_and_does_not_block_is_as_green_as_any(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fill(writer)
        with os.fdopen(writer) as output:
            done = subprocess.run(
                [sys.executable, str(HETZNER / "pipeline.py"), "--only-jobs", "lint-python"],
                cwd=self.stage.repo,
                env=self.stage.environment(**BUFFERED),
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_commit_whose_run_has_no_output_at_all_is_as_green_as_any(self) -> None:
        ran = self.stage.run(
            "--only-jobs", "lint-python", through=["bash", "-c", 'exec "$@" >&- 2>&-', "bash"]
        )
        self.assertEqual(ran.code, 0)
        self.assertIn("END   exit code 0: 2 jobs passed", self.stage.log())

    def test_cleaning_up_goes_on_without_a_reader(self) -> None:
        argv = [sys.executable, str(HETZNER / "lib" / "cleanup.py"), "pkill", "no-such-pattern"]
        ended = closed(argv, self.stage.root, self.stage.environment(**BUFFERED))
        self.assertEqual(ended, (0, ""))


if __name__ == "__main__":
    import unittest

    unittest.main()
