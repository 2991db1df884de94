"""A run that is told for people and for programs, whatever its directory holds."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
from pathlib import Path

from lib.commands import export, show
from lib.event_stream import event_file
from lib.model import events
from lib.model.job import Job
from tests.support.stored_runs import JOB, LOG, NAME, SHA, SUMMARY, WithStore


class Show(WithStore):
    def show(self, *words: str) -> str:
        parser = argparse.ArgumentParser()
        show.arguments(parser)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(show.main(parser.parse_args(words), self.site), 0)
        return out.getvalue()

    def test_verdict_commit_jobs_log_and_kept_files_are_told(self) -> None:
        self.make(files={"kept/test/trace.zip": "x" * 1500})
        text = self.show()
        for part in (
            f"FAILED  {NAME}\nfailed in 4 s: test (exit code 1)\n",
            SHA,
            "main",
            f"{'f' * 40}, with changes that no commit holds",
            "only_jobs: test; no_deps",
            "2026-11-30T10:11:12+0000, took 4.2 s",
            "kept/test/trace.zip (1.5 kB)",
            "left         processes +2\n",
            "--- test: exit code 3\n    one\n    two\n",
        ):
            self.assertIn(part, text)
        self.assertRegex(text, r"\ntest +failed +2\.5 +2 +build +exit code 3\n")

    def test_command_that_runs_the_failures_again_is_told_where_it_applies(self) -> None:
        self.site = self.site._replace(
            jobs=lambda: [Job("test", "false")], rerun=lambda sha: f"again {sha or 'here'}"
        )
        whole = {**SUMMARY, "whole": True, "dirty": False}
        for changes, told in (
            ({}, f"again {SHA}\n"),
            ({"in_place": True}, "again here\n"),
            ({"tree": None}, ""),
            ({"whole": False}, ""),
            ({"jobs": [JOB, {**JOB, "name": "of-another-program"}]}, ""),
        ):
            shutil.rmtree(self.store.directory, ignore_errors=True)
            self.make({**whole, **changes})
            self.assertEqual(self.show().partition("run again what failed: ")[2], told)
        shutil.rmtree(self.store.directory)
        self.make(whole)
        self.make(whole, name="20261130T101113Z-0123456")
        self.assertNotIn("run again", self.show(NAME))
        self.assertIn("run again", self.show())

    def test_failed_tests_and_the_command_that_runs_them_are_told(self) -> None:
        tests = [f"tests.test_a::test_{n}" for n in range(25)]
        path = self.make(
            {**SUMMARY, "jobs": [{**JOB, "failed_tests": tests, "failed_tests_left_out": 3}]}
        )
        words = ("python3", "p.py", "--only-testcases", "a or b")
        file = event_file.in_directory(path, str)
        for event in (events.RunStarted(0.0, ("test",), ()), events.RunAgain(1.0, "test", words)):
            file(event)
        file.close()
        told = self.show()
        self.assertIn("    two\n    FAILED tests.test_a::test_0\n", told)
        self.assertIn("test_19\n    … and 8 more\n", told)
        self.assertIn("    run it again: python3 p.py --only-testcases 'a or b'\n", told)
        self.assertEqual(json.loads(self.show("--json"))["rerun"], {"test": list(words)})

    def test_failed_tests_that_are_none_are_left_out(self) -> None:
        damaged: tuple[object, ...] = (None, "a::b", 3, {}, [1e999, None, "\x1b[2J"])
        for tests in damaged:
            shutil.rmtree(self.store.directory, ignore_errors=True)
            self.make({**SUMMARY, "jobs": [{**JOB, "failed_tests": tests}]})
            self.assertNotIn("\x1b", self.show())

    def test_file_that_is_no_run_is_told_in_a_sentence(self) -> None:
        (self.root / "link.tar.gz").symlink_to("elsewhere")
        for name, found in (
            ("nope.tar.gz", r"none that can be read \(No such file or directory\)"),
            ("", "a directory"),
            ("link.tar.gz", "a symlink"),
        ):
            with self.assertRaisesRegex(
                LookupError, f"expected a file that `export` wrote, found {found}; .* by its name"
            ):
                self.show(f"{self.root}/{name}")

    def test_place_that_takes_no_file_is_told_in_a_sentence(self) -> None:
        self.make()
        parser = argparse.ArgumentParser()
        export.arguments(parser)
        target = f"{self.root}/nope/x"
        with self.assertRaises(OSError) as caught:
            export.main(parser.parse_args(["-o", target]), self.site)
        expected = f"-o: expected a place that can be written to, found {target}: No such file "
        self.assertIn(expected, str(caught.exception))

    def test_each_state_has_a_sentence(self) -> None:
        path = self.make({**SUMMARY, "exit_code": None, "state": "running"})
        (path / "ci.log").write_text("[10:11:12] START test\n")
        self.assertIn(
            "CUT OFF  20261130T101112Z-0123456\nits process was killed before it had a verdict; "
            "then ran: test\n",
            self.show(),
        )
        (path / "summary.json").write_text("{")
        self.assertIn("UNKNOWN", self.show())
        self.assertIn("there is no verdict", self.show())
        passed = {**SUMMARY, "exit_code": 0, "jobs": [{**JOB, "outcome": "passed"}]}
        (path / "summary.json").write_text(json.dumps(passed))
        self.assertIn("PASSED", self.show())
        self.assertNotIn("rerun", self.show())

    def test_run_without_an_end_has_the_outcomes_that_its_log_tells(self) -> None:
        jobs = [
            {**JOB, "name": name, "outcome": None, "log": None, "reason": ""} for name in "abcd"
        ]
        path = self.make({**SUMMARY, "exit_code": None, "jobs": jobs}, {"b.log": "said\n"})
        told = (
            "START a",
            "PASS  a",
            "START b",
            "FAIL  b  (see x)",
            "CAUSE b: exit code 3",
            "START c",
        )
        (path / "ci.log").write_text("".join(f"[10:11:12] {line}\n" for line in told))
        text = self.show()
        for row in (r"a +passed", r"b +failed .* exit code 3", r"c +running", r"d +- "):
            self.assertRegex(text, rf"\n{row}")
        self.assertIn("--- b: exit code 3\n    said\n", text)

    def test_programs_get_the_summary_and_the_verdict(self) -> None:
        self.make()
        fields = json.loads(self.show("--json"))
        self.assertEqual(fields["summary"], SUMMARY)
        self.assertEqual((fields["state"], fields["name"]), ("failed", NAME))

    def test_exported_run_is_shown_without_a_store(self) -> None:
        self.make()
        expected = self.show()
        file = self.root / "x.tar.gz"
        parser = argparse.ArgumentParser()
        export.arguments(parser)
        with contextlib.redirect_stdout(io.StringIO()):
            export.main(parser.parse_args(["-o", str(file)]), self.site)
        shutil.rmtree(self.store.directory)
        found = self.show(str(file))
        self.assertEqual(self.without_place(found), self.without_place(expected))

    @staticmethod
    def without_place(text: str) -> str:
        return "".join(line for line in text.splitlines(True) if not line.startswith("place "))

    def test_hostile_names_cannot_move_the_terminal(self) -> None:
        bad = "\x1b[2J\x07\x9b\n\r\u202e"
        summary = {**SUMMARY, "branch": bad, "sha": bad, "selection": {bad: [bad]}}
        job = {name: bad if isinstance(value, str) else value for name, value in JOB.items()}
        path = self.make(
            {**summary, "jobs": [job, {**JOB, "reason": bad}]}, {"test.log": f"{bad}\n"}
        )
        (path / "ci.log").write_text(LOG.replace("in 4 s", bad.replace("\n", "")))
        (path / "kept").mkdir()
        (path / "kept" / bad).touch()
        text = self.show()
        self.assertFalse([c for c in text if not c.isprintable() and c != "\n"])

    def test_job_whose_name_is_a_path_shows_no_other_file(self) -> None:
        secret = self.root / "secret.log"
        secret.write_text("hidden\n")
        for name in (str(secret)[:-4], "../../../secret", "../secret"):
            shutil.rmtree(self.store.directory, ignore_errors=True)
            self.make({**SUMMARY, "jobs": [{**JOB, "name": name}]})
            self.assertNotIn("hidden", self.show())

    def test_anything_in_the_place_of_a_file_is_told(self) -> None:
        for name in ("summary.json", "ci.log", "test.log", "kept"):
            for kind in ("directory", "pipe", "link", "loop", "empty", "zeros", "missing"):
                shutil.rmtree(self.store.directory, ignore_errors=True)
                with self.subTest(name, kind=kind):
                    self.put(self.make() / name, kind)
                    self.assertIn(NAME, self.show())
                    json.loads(self.show("--json"))

    @staticmethod
    def put(path: Path, kind: str) -> None:
        path.unlink(missing_ok=True)
        match kind:
            case "directory":
                path.mkdir()
            case "pipe":
                os.mkfifo(path)
            case "link":
                path.symlink_to("/etc/passwd")
            case "loop":
                path.symlink_to(path.name)
            case "empty":
                path.touch()
            case "zeros":
                path.write_bytes(b"\0" * 5000)
