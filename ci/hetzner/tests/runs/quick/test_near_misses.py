"""Exit codes 126 and 127 are explained, and files near a missing output are named."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import pipeline
from dsl import Job
from lib.common import redact
from lib.outputs import near_misses
from lib.processes import not_executable
from lib.run_directories.log_directory import DirectoryInUseError
from tests.support.run_case import RunTest


class Hinting(RunTest):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(near_misses, "MOST_SECONDS", 60))

    def reason(self, job: Job, code: int = 1) -> str:
        """Return why a job failed, which its CAUSE line tells too."""
        pipeline = self.pipeline(job)
        self.assertEqual(pipeline.run(), code)
        reason = pipeline.results[job.name].reason
        if code:
            self.assertIn(f"CAUSE {job.name}: {reason}", self.log("ci"))
        return reason

    def put(self, name: str, text: str, mode: int = 0o755) -> None:
        (self.cwd / name).parent.mkdir(parents=True, exist_ok=True)
        (self.cwd / name).write_text(text)
        (self.cwd / name).chmod(mode)
        self.wait_for_clock()

    def wait_for_clock(self) -> None:
        """Wait until the clock that files are stamped with has moved: 10 ms, as a rule."""
        with tempfile.NamedTemporaryFile(dir=self.cwd.parent) as file:

            def stamp() -> int:
                os.utime(file.fileno())
                return os.fstat(file.fileno()).st_ctime_ns

            first = stamp()
            while stamp() == first:
                time.sleep(0.001)


class CannotBeExecuted(Hinting):
    def test_script_that_is_not_executable(self) -> None:
        self.put("tool.sh", "#!/bin/sh\n", 0o644)
        for cmd in ("./tool.sh", "echo begins\n./tool.sh", ["sh", "-c", "./tool.sh"]):
            reason = self.reason(Job("a", cmd))
            self.assertRegex(reason, r"\Aexit code 126: \./tool\.sh is not executable: chmod \+x ")

    def test_script_that_another_calls(self) -> None:
        self.put("tool.sh", "#!/bin/sh\n", 0o644)
        self.put("all.sh", "#!/bin/bash\n./tool.sh\n")
        self.assertIn("./tool.sh is not executable: chmod +x", self.reason(Job("a", "./all.sh")))

    def test_program_that_a_program_calls(self) -> None:
        self.put("tool.sh", "#!/bin/sh\n", 0o644)
        for caller in ("env", "nice", "timeout 5", "echo | xargs", "exec"):
            with self.subTest(caller):
                reason = self.reason(Job("a", f"{caller} ./tool.sh"))
                self.assertIn("tool.sh is not executable: chmod +x", reason)

    def test_directory(self) -> None:
        (self.cwd / "tool").mkdir()
        self.assertIn("exit code 126: ./tool is a directory", self.reason(Job("a", "./tool")))

    def test_interpreter_that_is_not_there(self) -> None:
        self.put("tool.sh", "#!/no/such/bash -e\n")
        self.assertRegex(
            self.reason(Job("a", "./tool.sh")),
            r"\Aexit code 12[67]: \./tool\.sh names an interpreter .* not there: /no/such/bash\Z",
        )

    def test_interpreter_that_env_does_not_find(self) -> None:
        self.put("tool.py", "#!/usr/bin/env python9\n")
        reason = self.reason(Job("a", "./tool.py"))
        self.assertRegex(reason, r"\Aexit code 127: .*python9.* was not found on PATH \(")

    def test_line_ends_of_windows(self) -> None:
        self.put("tool.sh", "#!/bin/sh\r\necho\r\n")
        self.assertIn("./tool.sh has the line ends of Windows", self.reason(Job("a", "./tool.sh")))
        self.put("tool.sh", "#!/usr/bin/env bash\r\necho\r\n")
        self.assertIn("line ends of Windows", self.reason(Job("a", "./tool.sh")))
        self.put("lines.sh", "true\r\n")
        self.assertRegex(
            self.reason(Job("a", "bash lines.sh")),
            r"\Aexit code 127: lines\.sh has the line ends of Windows",
        )

    def test_program_that_is_on_no_path(self) -> None:
        reason = self.reason(Job("a", "no-such-tool --fast", env={"PATH": "/usr/bin:/bin"}))
        told = "no-such-tool was not found on PATH (/usr/bin:/bin)"
        self.assertEqual(reason, f"exit code 127: {told}")

    def test_program_that_is_in_the_working_directory_and_on_no_path(self) -> None:
        self.put("tool", "#!/bin/sh\n")
        self.assertIn("; there is ./tool: call it so", self.reason(Job("a", "tool")))

    def test_missing_path_is_reported_with_its_directory_and_similar_names(self) -> None:
        self.put("scripts/test.sh", "#!/bin/sh\n")
        self.assertEqual(
            self.reason(Job("a", "scripts/tst.sh")),
            f"exit code 127: scripts/tst.sh was not found in {self.cwd}/scripts; there is test.sh",
        )
        self.assertIn(
            "script/test.sh was not found in", self.reason(Job("a", "bash script/test.sh"))
        )

    def test_code_without_a_line_that_tells_which_is_explained_all_the_same(self) -> None:
        self.assertIn("exit code 126: a program was found but", self.reason(Job("a", "exit 126")))
        self.assertIn("exit code 127: a program was not found", self.reason(Job("a", "exit 127")))

    def test_long_line_is_searched_in_little_time_and_its_program_is_named(self) -> None:
        for unit in ("open ", "x: ", "command execute ", "a", "'", "$'\\r'"):
            line = f"{unit * (16_000 // len(unit))} sh: 1: no-such-tool: not found"
            for text in (f"{line}\n", f"{unit * (16_000 // len(unit))}\n", f"{line[:780]}\n" * 20):
                self.put("text", text)
                began = time.thread_time()
                told = not_executable.after(127, self.cwd / "text", {"PATH": "/bin"}, self.cwd)
                self.assertLess(time.thread_time() - began, 0.5, unit)
                self.assertEqual("no-such-tool was not" in told, "no-such-tool" in text)

    def test_secret_that_a_long_line_or_the_part_that_is_read_begins_in_is_not_told(self) -> None:
        secret = "".join(f"{n:03d}" for n in range(100))
        most = not_executable.READ + redact.LONGEST_SECRET
        with mock.patch.dict(os.environ, {"CI_SECRET_A": secret}):
            for cut in range(20, 400, 40):
                for end in (
                    f"{secret}{'y' * (not_executable.LONGEST - cut)}: not found\n",
                    f"{secret}: not found\n".ljust(not_executable.READ + cut, "\n"),
                    f"{secret}: not found\n".ljust(most + cut, "\n"),
                ):
                    self.put("text", end.rjust(40_000, "x"))
                    told = not_executable.after(127, self.cwd / "text", {}, self.cwd)
                    self.assertNotIn(secret[-9:], told)

    def test_other_codes_and_codes_that_pass_are_as_before(self) -> None:
        missing = "nothing-like-it || true; exit "
        self.assertEqual(self.reason(Job("a", f"{missing} 3")), "exit code 3")
        self.assertEqual(self.reason(Job("a", f"{missing} 127", ok_codes=(127,)), 0), "")

    def test_log_that_cannot_be_read_hides_no_exit_code(self) -> None:
        reason = self.reason(Job("a", "rm logs/a.log; mkfifo logs/a.log; exit 127"))
        self.assertTrue(reason.startswith("exit code 127"))

    def test_service_that_cannot_be_executed(self) -> None:
        self.put("serve", "#!/bin/sh\n", 0o644)
        service = Job("a", "./serve", service=True, outputs={"up": "up"})
        self.assertIn("./serve is not executable", self.reason(service))


class CannotBeStarted(Hinting):
    def test_list_command_says_why(self) -> None:
        self.put("plain", "#!/bin/sh\n", 0o644)
        self.put("windows", "#!/bin/sh\r\n")
        self.put("bare", "echo\n")
        self.put("orphan", "#!/no/such/sh\n")
        for name, told in (
            ("no-such-tool", "no-such-tool was not found on PATH ("),
            ("./no-such-tool", f"./no-such-tool was not found in {self.cwd}"),
            ("./plan", "; there is plain"),
            ("./plain", "./plain is not executable: chmod +x"),
            ("./windows", "./windows has the line ends of Windows (CR LF)"),
            ("./bare", "./bare has no first line #!…"),
            ("./orphan", "not there: /no/such/sh"),
            ("./logs", "./logs is a directory"),
        ):
            with self.subTest(name):
                reason = self.reason(Job("a", [name]))
                self.assertIn(f"could not start {name}: ", reason)
                self.assertIn(told, reason)

    def test_errors_that_are_none_of_the_program_are_told_as_they_are(self) -> None:
        error = OSError(7, "Argument list too long", "/bin/sh")
        told = not_executable.to_start(["/bin/sh"], error, {}, Path("/"))
        self.assertEqual(told, "Argument list too long")

    def test_working_directory_that_is_gone_is_named(self) -> None:
        error = FileNotFoundError(2, "No such file or directory", "/gone")
        told = not_executable.to_start(["sh"], error, {}, Path("/gone"))
        self.assertIn("its working directory /gone cannot be entered", told)


class Near(Hinting):
    def missing(self, script: str, path: str) -> str:
        reason = self.reason(Job("a", script, outputs={"tool": path}))
        before, _, hint = reason.partition("; ")
        self.assertEqual(before, f"exit code 0, but it did not write its output tool ({path})")
        return hint

    def test_new_file_with_another_name_is_shown_and_no_older_one(self) -> None:
        self.put("out/older", "x")
        self.put("out/tools", "x")
        self.assertEqual(self.missing("echo x >out/tool", "out/tol"), "new near it: out/tool")

    def test_new_file_in_another_directory_is_shown(self) -> None:
        self.put("out/older", "x")
        hint = self.missing("mkdir -p build/bin; touch build/bin/tool", "out/tool")
        self.assertEqual(hint, "new near it: build/bin/tool")
        hint = self.missing("mkdir -p dists; touch dists/tool", "dist/tool")
        self.assertEqual(hint, "new near it: dists/tool")

    def test_new_directory_is_shown_if_it_is_much_like_it(self) -> None:
        self.assertEqual(self.missing("mkdir dits", "dist"), "new near it: dits")

    def test_most_similar_name_comes_first_and_at_most_three_are_shown(self) -> None:
        script = "mkdir out; touch out/zzz out/b.log out/app-1.0.tgz out/x out/y"
        hint = self.missing(script, "out/app.tgz")
        self.assertTrue(hint.startswith("new near it: out/app-1.0.tgz, "))
        self.assertEqual(hint.count(","), 2)

    def test_file_of_an_earlier_run_that_is_like_it_is_said_to_be_one(self) -> None:
        self.put("out/tool", "x")
        self.assertEqual(
            self.missing("true", "out/tol"), "nothing new is near it, but tool as it was before"
        )

    def test_output_that_is_left_over_is_said_to_be_there(self) -> None:
        self.put("out/tool", "x")
        hint = self.missing("true", "out/tool")
        self.assertEqual(hint, "out/tool is there, but was not written since the job began")

    def test_directory_that_is_not_there_is_named(self) -> None:
        hint = self.missing("true", "out/deep/tool")
        self.assertIn(f"the directory {self.cwd}/out/deep is not there", hint)

    def test_logs_of_the_run_and_packages_are_not_near(self) -> None:
        script = "mkdir -p node_modules .git; touch node_modules/tool .git/tool"
        self.assertEqual(self.missing(script, "tol"), "")

    def test_every_missing_output_is_looked_for(self) -> None:
        outputs = {"a": "aaa.bin", "b": "bbb.bin"}
        reason = self.reason(Job("a", "touch aaaa.bin bbbb.bin", outputs=outputs))
        self.assertIn("; new near it: aaaa.bin, bbbb.bin; new near it: bbbb.bin, aaaa.bin", reason)

    def test_look_is_bounded(self) -> None:
        for number in range(100):
            (self.cwd / f"{number}").mkdir()
            (self.cwd / f"{number}" / "tool").touch()
        with mock.patch.object(near_misses, "MOST_ENTRIES", 50):
            budget = near_misses._Budget()
            self.assertEqual(len(list(near_misses._below(self.cwd, budget, (), self.cwd))), 50)
            self.assertEqual(list(near_misses._below(self.cwd, budget, (), self.cwd)), [])
        with mock.patch.object(near_misses, "MOST_SECONDS", 0):
            self.assertEqual(
                list(near_misses._below(self.cwd, near_misses._Budget(), (), self.cwd)), []
            )

    def test_loop_of_links_and_closed_directories_are_passed_over(self) -> None:
        script = "mkdir closed; touch closed/tool; ln -s . loop; chmod 0 closed; touch tool"
        hint = self.missing(script, "tol")
        (self.cwd / "closed").chmod(0o755)
        self.assertTrue(hint.startswith("new near it: tool"))


class StateDirectory(unittest.TestCase):
    """An error of the system is said to be of the state directory only if it may be."""

    def setUp(self) -> None:
        self.state = self.enterContext(tempfile.TemporaryDirectory())

    def said(self, error: OSError) -> str:
        """Return what pipeline.py says of an error that ends it."""
        words = ["--state-dir", self.state, "--list"]
        told = io.StringIO()
        with (
            mock.patch.object(pipeline, "_run", side_effect=error),
            contextlib.redirect_stderr(told),
        ):
            self.assertEqual(pipeline.main(words), 1)
        self.assertIn(str(error), told.getvalue())
        return told.getvalue()

    def test_place_in_it_or_a_write_that_finds_no_room_is_asked_about(self) -> None:
        inside = os.path.join(self.state, "logs", "x")  # noqa: PTH118 - as the system gives it
        for error in (
            PermissionError(errno.EACCES, "Permission denied", inside),
            FileNotFoundError(errno.ENOENT, "No such file or directory", self.state),
            OSError(errno.ENOSPC, "No space left on device"),
        ):
            self.assertIn("can the state directory be written?", self.said(error))

    def test_other_place_or_none_is_not(self) -> None:
        for error in (
            PermissionError(errno.EACCES, "Permission denied", "/elsewhere/x"),
            DirectoryInUseError("log_dir: in use by another: wait for its end"),
            OSError(errno.EMFILE, "too many open files (ulimit -n)"),
            OSError("the listeners of a port cannot be found on this system: install lsof"),
        ):
            self.assertNotIn("state directory", self.said(error))


if __name__ == "__main__":
    unittest.main()
