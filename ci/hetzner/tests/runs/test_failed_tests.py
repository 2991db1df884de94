"""Failed test cases of a job with JUnit files are named, and no file changes an outcome."""

from __future__ import annotations

import json
import os
import threading
from typing import Any
from unittest import mock

from dsl import Job
from lib.report import run_inputs
from lib.run import job_files
from lib.run_directories import keep_copy, kept_files
from lib.test_results import junit_file, run_tests
from tests.support.run_case import RunTest

CASES = '<testsuite name="pytest"><testcase classname="m" name="ok"/>{}</testsuite>'
FAILED = '<testcase classname="m" name="{}"><failure message="m">E</failure></testcase>'


def writes(*failed: str, path: str = "r.xml", then: str = "exit 1") -> str:
    text = CASES.format("".join(FAILED.format(name) for name in failed))
    return f"cat >{path} <<'E'\n{text}\nE\n{then}"


class Named(RunTest):
    def failed_in_summary(self) -> dict[str, list[str]]:
        summary = json.loads((self.logs / "summary.json").read_text())
        return {job["name"]: job["failed_tests"] for job in summary["jobs"]}

    def test_failed_tests_of_a_failed_job_are_in_its_result_and_the_summary(self) -> None:
        made = self.pipeline(Job("a", writes("x", "y"), junit="*.xml"), Job("b", "exit 1"))
        self.assertEqual(made.run(), 1)
        self.assertEqual(made.results["a"].failed_tests, ("m::x", "m::y"))
        self.assertEqual(self.failed_in_summary(), {"a": ["m::x", "m::y"], "b": []})

    def test_patterns_may_be_several_and_hold_variables(self) -> None:
        body = f"{writes('x', path='one.xml', then='')}\n{writes('y', path='$D/two.xml')}"
        (self.cwd / "d").mkdir()
        job = Job("a", body, env={"D": str(self.cwd / "d")}, junit=["one.xml", "$D/t*.xml"])
        self.assertEqual(self.run_jobs(job), (1, "a=failed"))
        self.assertEqual(self.failed_in_summary(), {"a": ["m::x", "m::y"]})

    def test_test_that_passes_in_a_later_attempt_is_flaky(self) -> None:
        first = writes("x", "y", then="touch again; exit 1")
        body = f"if test -e again; then\n{writes('y', then='exit 1')}\nfi\n{first}"
        self.assertEqual(self.run_jobs(Job("a", body, retries=1, junit="*.xml"))[0], 1)
        self.assertEqual(self.failed_in_summary(), {"a": ["m::y"]})
        (self.logs / "junit/a/latest/r.xml").write_text(CASES.format('<testcase name="m::x"/>'))
        (_, case) = run_tests.tests_of(self.logs)["a"]
        self.assertEqual((case.name, case.outcome, case.message), ("m::x", "flaky", "m"))

    def test_file_of_an_earlier_run_does_not_count(self) -> None:
        (self.cwd / "r.xml").write_text(CASES.format(FAILED.format("old")))
        os.utime(self.cwd / "r.xml", (1, 1))
        first = Job("b", "sleep 0.15")
        self.run_jobs(first, Job("a", "exit 1", ["b"], junit="*.xml"))
        self.assertEqual(self.failed_in_summary()["a"], [])

    def test_summary_names_a_bounded_number(self) -> None:
        self.run_jobs(Job("a", writes(*map(str, range(103))), junit="*.xml"))
        summary = json.loads((self.logs / "summary.json").read_text())
        (job,) = summary["jobs"]
        self.assertEqual((len(job["failed_tests"]), job["failed_tests_left_out"]), (100, 3))

    def test_hostile_files_change_no_outcome_and_are_notes(self) -> None:
        for name, body, said in (
            ("damaged", "echo '<testsuite><testcase' >r.xml", "r.xml: it is no whole XML"),
            ("entities", "echo '<!DOCTYPE testsuite [<!ENTITY a \"b\">]>' >r.xml", "document type"),
            ("a pipe", "mkfifo r.xml", ""),
            ("a link", "ln -s /etc/passwd r.xml", ""),
            ("too large", "truncate -s 51000000 r.xml", "expected at most 50000000 bytes"),
            ("no pattern", "true $NOPE", ""),
        ):
            with self.subTest(name):
                for code in (0, 1):
                    job = Job("a", f"rm -f r.xml; {body}; exit {code}", junit="*.xml")
                    ended = ("passed", "failed")[code]
                    self.assertEqual(self.run_jobs(job), (code, f"a={ended}"))
                self.assertIn(said, self.log("ci"))

    def test_end_of_a_run_waits_for_the_files_only_so_long(self) -> None:
        go_on = threading.Event()

        def hang(*_: Any) -> list[str]:
            go_on.wait(10)
            return []

        with (
            mock.patch.object(job_files, "COPYING", 0.01),
            mock.patch.object(kept_files, "BUDGET", 0.01),
            mock.patch.object(kept_files, "STOP", 0.0),
            mock.patch.object(keep_copy, "keep", hang),
        ):
            self.assertEqual(self.run_jobs(Job("a", writes("x"), junit="*.xml"))[0], 1)
        go_on.set()
        self.assertIn("NOTE  a: its failed tests are not named: its files took", self.log("ci"))

    def test_each_file_is_read_once_for_the_end_the_history_and_all_views(self) -> None:
        damaged = "echo '<testsuite>' >z.xml"
        job = Job("a", f"{damaged}\n{writes('x')}", junit="*.xml")
        made = self.pipeline(job, store=self.cwd / "store")
        with mock.patch.object(junit_file, "read", side_effect=junit_file.read) as files:
            self.assertEqual(made.run(), 1)
            told = run_inputs.load(made.logs_of_run)
            self.assertEqual([case.name for case in told.tests["a"]], ["m::ok", "m::x"])
        self.assertEqual(files.call_count, 2)
        log = (made.logs_of_run / "ci.log").read_text()
        self.assertEqual(log.count("z.xml: it is no whole XML"), 1)

    def filter_of(self, *jobs: Job, **choice: str) -> str:
        """Return the filter that runs the failed tests of these jobs again."""
        made = self.pipeline(*jobs)
        made.run(**choice)  # type: ignore[arg-type]
        return made._files.testcases([job.name for job in jobs])

    def test_filter_selects_the_failed_tests_of_jobs_that_failed_by_them_alone(self) -> None:
        first = Job("a", writes("one", "two"), junit="r.xml")
        other = Job("b", writes("three", path="z.xml"), junit="z.xml")
        self.assertEqual(self.filter_of(first), "one,two")
        self.assertEqual(self.filter_of(first, other), "one,two,three")
        self.assertEqual(self.filter_of(first, Job("b", "exit 1", testcases=False)), "one,two")
        for also in (
            Job("b", "exit 1"),  # no tests are known
            other.but(cmd=writes("three", path="z.xml", then="sleep 60"), timeout=0.3),
            other.but(cmd=writes("three", path="z.xml", then="kill -9 $$")),
            other.but(cmd=writes(path="z.xml")),  # exit code 1, and no failed test
        ):
            with self.subTest(also.cmd):
                self.assertEqual(self.filter_of(first, also), "")

    def test_filter_of_a_run_with_one_is_the_same(self) -> None:
        job = Job("a", writes("one", "two"), junit="r.xml")
        for given in ("one and not one_more,two", "o"):  # another test may have the word, too
            self.assertEqual(self.filter_of(job, only_testcases=given), given)
        self.assertEqual(self.filter_of(job, first_testcases="one"), "")

    def test_pattern_that_is_none_is_refused(self) -> None:
        for wrong in ("", [""], [3], 3, "a\0", b"x"):
            with self.assertRaisesRegex(ValueError, "junit: expected"):
                Job("a", "true", junit=wrong)  # type: ignore[arg-type]
