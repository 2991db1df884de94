"""The results of test cases in the files that jobs kept."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.history import database
from lib.history.recorder import History, RunFields
from lib.test_results import junit_file, run_tests
from lib.test_results.test_case import TestCase
from tests.support.fakes import jobs, play

PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="4">
<testcase classname="tests.test_a.TestA" name="test_one[x]" time="0.25" />
<testcase classname="tests.test_a" name="test_two" time="1,000.5"><failure message="m">E</failure>
</testcase>
<testcase classname="tests.test_a" name="test_three" time="nan"><skipped type="x"/></testcase>
<testcase classname="tests.test_a" name="test_four" time="0.5"/>
<testcase classname="tests.test_a" name="test_four" time="0.5"><error>teardown</error></testcase>
</testsuite></testsuites>"""
LAUGHS = """<!DOCTYPE testsuite [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""
COVERAGE = '<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "x.dtd"><coverage version="5"/>'


class Run(unittest.TestCase):
    """The directory of a run."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.run_directory = Path(directory.name)
        self.kept = self.run_directory / "kept"

    def keep(self, text: str, path: str = "a/out/junit.xml") -> Path:
        target = self.kept / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target


class Kept(Run):
    def read(self) -> tuple[list[TestCase], list[str]]:
        run_tests.forget()  # a test writes a file of one name several times
        found, faults = run_tests.read(self.run_directory, ["a"])
        return found.get("a", []), faults

    def told(self) -> dict[str, tuple[str, float]]:
        cases, faults = self.read()
        self.assertEqual(faults, [])
        return {case.name: (case.outcome, case.seconds) for case in cases}

    def test_outcome_and_seconds_of_each_case_are_told(self) -> None:
        self.keep(PYTEST)
        self.assertEqual(
            self.told(),
            {
                "tests.test_a.TestA::test_one[x]": ("passed", 0.25),
                "tests.test_a::test_two": ("failed", 1000.5),
                "tests.test_a::test_three": ("skipped", 0.0),
                "tests.test_a::test_four": ("failed", 1.0),
            },
        )

    def test_case_that_passed_at_its_own_second_try_is_flaky(self) -> None:
        self.keep('<testsuite><testcase name="t"><flakyFailure/></testcase></testsuite>')
        self.assertEqual(self.told(), {"t": ("flaky", 0.0)})

    def test_titles_of_several_lines_are_two_tests(self) -> None:
        self.keep(
            '<testsuite><testcase name="t&#10;a"/><testcase name="t&#13;&#10;b"/></testsuite>'
        )
        self.assertEqual(list(self.told()), ["t a", "t b"])

    def test_titles_of_jest_junit_are_not_taken_for_full_names(self) -> None:
        for name, tool in (("jest tests", "jest-junit"), (junit_file.JEST_SUITES, "jest")):
            self.keep(f'<testsuite name="{name}"><testcase name="t"/></testsuite>')
            self.assertEqual([case.tool for case in self.read()[0]], [tool])

    def test_files_of_jobs_that_did_not_run_are_not_read(self) -> None:
        self.keep(PYTEST, "other/junit.xml")
        self.assertEqual(self.told(), {})

    def test_xml_of_another_kind_is_no_fault(self) -> None:
        self.keep(COVERAGE, "a/coverage.xml")
        self.keep("<html><testcase name='x'/></html>", "a/page.xml")
        self.assertEqual(self.told(), {})

    def fault(self) -> str:
        self.keep(PYTEST, "a/whole.xml")
        cases, faults = self.read()
        self.assertEqual(len(cases), 4, "the other file is read all the same")
        (line,) = faults
        self.assertTrue(line.isprintable())
        return line

    def test_document_type_is_refused(self) -> None:
        self.keep(LAUGHS)
        self.assertIn("expected no document type", self.fault())

    def test_damaged_file_is_told_and_the_others_are_read(self) -> None:
        self.keep(PYTEST[:-30], "a/cut\n\x1b[2J.xml")
        self.assertRegex(self.fault(), r"cut··\[2J.xml: it is no whole XML")

    def test_encoding_that_is_none_is_told(self) -> None:
        for encoding in ("xyz", "rot13", "utf-7", "base64"):
            self.keep(PYTEST.replace("utf-8", encoding), "a/other.xml")
            self.assertIn("other.xml", self.fault())

    def test_file_that_is_too_large_is_not_read(self) -> None:
        path = self.keep(PYTEST, "a/large.xml")
        os.truncate(path, junit_file.LARGEST + 1)
        self.assertIn("expected at most 50000000 bytes, found 50000001", self.fault())

    def test_link_or_pipe_in_the_place_of_a_file_is_not_read(self) -> None:
        self.keep("", "a/x").unlink()
        (self.kept / "a" / "link.xml").symlink_to("/proc/self/environ")
        self.assertIn("found a symlink", self.fault())
        (self.kept / "a" / "link.xml").unlink()
        os.mkfifo(self.kept / "a" / "pipe.xml")
        self.assertIn("found a pipe", self.fault())

    def test_link_in_the_place_of_a_directory_is_not_followed(self) -> None:
        self.kept.mkdir()
        self.keep(PYTEST, "../elsewhere/junit.xml")
        (self.kept / "a").symlink_to("../elsewhere")
        self.assertEqual(self.told(), {})

    def test_number_of_files_and_cases_is_bounded(self) -> None:
        for name in "bcd":
            self.keep(PYTEST.replace("test_a", f"test_{name}"), f"a/{name}.xml")
        for bound, most, kept in (("MOST_FILES", 2, 8), ("MOST_CASES", 5, 8), ("PATIENCE", -1, 0)):
            with self.subTest(bound), mock.patch.object(run_tests, bound, most):
                cases, faults = self.read()
                self.assertEqual(len(cases), kept)
                self.assertRegex(faults[0], "some test results are not read")

    def test_long_name_is_cut_after_its_secrets_are_masked(self) -> None:
        secret = "s3cr3t-value-of-a-test"
        with mock.patch.dict(os.environ, {"CI_SECRET_X": secret}):
            self.keep(f'<testsuite><testcase name="{"x" * 290}{secret}"/></testsuite>')
            ((name, _),) = self.told().items()
        self.assertEqual(name, "x" * 290 + "***")

    def test_run_records_the_cases_of_its_jobs(self) -> None:
        past = self.run_directory / "history.db"
        self.keep(PYTEST)
        for run in ("r1", "r2"):
            listener = History(past, self.run_directory)
            for event in play(jobs("a")).events:
                listener(event)
            self.assertEqual(listener.write(RunFields(run, "sha")), [])
        with database.reading(past) as opened:
            assert opened
            self.assertEqual(opened.execute("SELECT count(*) FROM test_names").fetchone(), (4,))
            rows = opened.execute(
                "SELECT runs.run, job, tests.outcome, tests.seconds FROM tests "
                "JOIN runs ON runs.id = tests.run JOIN test_names ON test_names.id = test "
                "WHERE name = 'tests.test_a::test_two'"
            ).fetchall()
        self.assertEqual(rows, [("r1", "a", "failed", 1000.5), ("r2", "a", "failed", 1000.5)])


class Once(Run):
    """A program asks for the same files again and again."""

    def setUp(self) -> None:
        super().setUp()
        run_tests.forget()
        self.files = self.enterContext(
            mock.patch.object(junit_file, "read", side_effect=junit_file.read)
        )

    def test_each_file_is_read_once_and_a_damaged_or_slow_one_is_not_tried_again(self) -> None:
        self.keep(PYTEST, "a/whole.xml")
        self.keep(PYTEST[:-30], "a/damaged.xml")
        self.keep(COVERAGE, "a/coverage.xml")
        self.keep(PYTEST, "b/whole.xml")
        first = run_tests.read(self.run_directory, ["a"], 2.0)
        self.assertEqual(self.files.call_count, 3)
        for _ in range(2):
            self.assertEqual(run_tests.read(self.run_directory, ["a"]), first)
            self.assertEqual({*run_tests.tests_of(self.run_directory)}, {"a", "b"})
        self.assertEqual(self.files.call_count, 4)

    def test_file_that_has_changed_or_that_two_jobs_have_is_read_again(self) -> None:
        self.keep('<testsuite><testcase name="x"/></testsuite>', "a/r.xml")
        run_tests.tests_of(self.run_directory)
        path = self.keep('<testsuite><testcase name="other"/></testsuite>', "a/r.xml")
        (self.kept / "b").mkdir()
        os.link(path, self.kept / "b" / "r.xml")
        found = run_tests.tests_of(self.run_directory)
        self.assertEqual([*map(str, found)], ["a", "b"])
        self.assertEqual(
            {(c.job, c.name) for cases in found.values() for c in cases},
            {("a", "other"), ("b", "other")},
        )

    def test_time_is_one_for_all_calls_and_known_files_need_none(self) -> None:
        self.keep(PYTEST, "b/r.xml")
        cases = run_tests.tests_of(self.run_directory)
        self.keep(PYTEST, "a/r.xml")
        with mock.patch.object(run_tests._latest, "left", -1.0):
            for _ in range(2):
                found, faults = run_tests.read(self.run_directory)
                self.assertEqual(found, cases)
                self.assertRegex("".join(faults), "^some test results are not read")
        self.assertEqual(self.files.call_count, 1)

    def test_time_that_files_take_is_gone_for_the_next_ones(self) -> None:
        self.keep(PYTEST, "a/r.xml")
        run_tests.tests_of(self.run_directory)
        left = run_tests._latest.left
        self.assertLess(left, run_tests.PATIENCE)
        run_tests.tests_of(self.run_directory)
        self.assertEqual(run_tests._latest.left, left)

    def test_new_run_in_the_directory_of_the_one_before_has_all_its_time(self) -> None:
        self.keep(PYTEST, "a/r.xml")
        run_tests.tests_of(self.run_directory)
        run_tests.forget()
        run_tests.tests_of(self.run_directory)
        self.assertEqual(self.files.call_count, 2)

    def test_fault_is_news_once_in_a_run(self) -> None:
        run, other = self.run_directory, self.run_directory / "other"
        self.assertEqual(run_tests.news(run, ["x", "y"]), ["x", "y"])
        self.assertEqual(run_tests.news(run, ["y", "z"]), ["z"])
        self.assertEqual(run_tests.news(other, ["y"]), ["y"])


class Attempts(Run):
    """The files of jobs that declare them, `junit/<job>/latest/` and those before."""

    def write(self, outcomes: str, path: str) -> None:
        """Write a file of `"x=failed y=passed"`."""
        cases = (pair.split("=") for pair in outcomes.split())
        made = "".join(
            f'<testcase name="{name}">{"<failure/>" if outcome == "failed" else ""}</testcase>'
            for name, outcome in cases
        )
        self.keep(f"<testsuite>{made}</testsuite>", f"../junit/{path}/r.xml")

    def found(self) -> dict[str, str]:
        run_tests.forget()
        return {
            job: " ".join(f"{case.name}={case.outcome}" for case in cases)
            for job, cases in run_tests.tests_of(self.run_directory).items()
        }

    def test_test_that_failed_in_an_attempt_before_is_flaky(self) -> None:
        self.write("x=failed y=failed z=passed", "a/latest.1")
        self.write("x=failed y=passed z=passed", "a/latest.10")
        self.write("x=passed y=failed z=failed new=passed", "a/latest")
        self.assertEqual(self.found(), {"a": "x=flaky y=failed z=failed new=passed"})

    def test_attempt_without_files_has_no_tests_of_the_one_before(self) -> None:
        self.write("x=failed", "a/latest.1")
        self.assertEqual(self.found(), {})

    def test_files_that_a_job_keeps_otherwise_do_not_count_beside_them(self) -> None:
        self.write("x=passed", "a/latest")
        self.write("x=failed", "../kept/a")
        self.write("y=failed", "../kept/b")
        self.write("z=failed", "../kept/b.1")  # of an attempt before
        self.write("z=failed", "../kept/c.1")  # a job of this name
        self.assertEqual(self.found(), {"a": "x=passed", "b": "y=failed", "c.1": "z=failed"})

    def test_links_are_not_followed(self) -> None:
        self.write("x=failed", "../elsewhere/latest")
        (self.run_directory / "junit" / "b").mkdir(parents=True, exist_ok=True)
        (self.run_directory / "junit" / "a").symlink_to("../elsewhere")
        (self.run_directory / "junit" / "b" / "latest").symlink_to("../../elsewhere/latest")
        self.assertEqual(self.found(), {})
        self.assertEqual(run_tests.read(self.run_directory, ["a", "b"]), ({}, []))


if __name__ == "__main__":
    unittest.main()
