"""report.html: its parts, their order, and what none of them lets through."""

from __future__ import annotations

import re
import unittest
from html.parser import HTMLParser
from pathlib import Path

from lib.page import report_page
from lib.page.verdict_header import INCOMPLETE
from lib.report.run_inputs import RunInputs
from lib.sampling.samples import Samples
from lib.test_results.test_case import FLAKY, TestCase
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from tests.support import example_runs


class Read(HTMLParser):
    """Takes the text of a page, its elements, and its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(page.partition("</style>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(record: RunRecord) -> str:
    """Return the page of a run of which nothing else is known."""
    return report_page.view(RunInputs(record, Path("run")))


class Parts(unittest.TestCase):
    def test_verdict_comes_first_then_what_broke_then_the_timeline(self) -> None:
        text = Read(report_page.view(example_runs.inputs(red=True))).text
        words = ("Failed", "test_summary_of_an_empty_frame", "Timeline", "assert nan == 0")
        places = [text.index(word) for word in words]
        self.assertEqual(places, sorted(places))

    def test_green_run_has_no_failures(self) -> None:
        read = Read(report_page.view(example_runs.inputs()))
        self.assertIn("Passed", read.text)
        self.assertNotIn("Failures", read.text)

    def test_each_link_within_the_page_has_its_target(self) -> None:
        for inputs in (example_runs.inputs(red=True), example_runs.inputs()):
            read = Read(report_page.view(inputs))
            ids = [value for name, value in read.attributes if name == "id"]
            links = {v[1:] for name, v in read.attributes if name == "href" and v[:1] == "#"}
            self.assertEqual(len(ids), len(set(ids)))
            self.assertLessEqual(links, set(ids))

    def test_verdict_is_that_of_the_exit_code(self) -> None:
        words = {0: "Passed", 1: "Failed", 4: "Failed", 124: "Timed out", 130: "Interrupted"}
        for code, word in words.items():
            self.assertIn(f">{word}</span>", page(RunRecord(seconds=1.0, exit_code=code)))
        self.assertIn(">No verdict</span>", page(RunRecord(now=1.0)))

    def test_sentence_of_a_red_run_without_a_broken_job_is_shown(self) -> None:
        sentence = "the filter of test cases matched no test"
        self.assertIn(sentence, page(RunRecord(seconds=1.0, exit_code=4, verdict=sentence)))

    def test_allowed_failure_is_said_to_be_one_and_not_to_have_broken_the_run(self) -> None:
        job = JobRecord("a", outcome="failed", allowed=True, started=0.0, ended=1.0)
        made = page(RunRecord(seconds=1.0, exit_code=0, jobs=(job,)))
        self.assertIn("failed, allowed", made)
        self.assertIn("Failures", made)
        self.assertNotIn("What broke", made)

    def test_lines_of_the_log_stand_for_tests_whose_names_are_not_known(self) -> None:
        inputs = example_runs.inputs(red=True)
        lines = ["collected 3 items", "FAILED a.py::test_b - assert 1 == 2", "1 failed"]
        made = report_page.view(inputs._replace(tests={}, excerpts={example_runs.RED: lines}))
        head = Read(made.partition("<main>")[0]).text
        self.assertIn("FAILED a.py::test_b - assert 1 == 2", head)
        self.assertNotIn("collected", head)

    def test_command_that_runs_a_job_again_is_shown_as_a_user_types_it(self) -> None:
        words = ("bash", "-c", "cd /repo && python3 ci.py --only-jobs a")
        job = JobRecord("a", outcome="failed", started=0.0, ended=1.0, rerun=words)
        made = page(RunRecord(seconds=1.0, exit_code=1, jobs=(job,)))
        shown = Read(made).text.count("cd /repo && python3 ci.py --only-jobs a")
        self.assertEqual(shown, 2)  # with the verdict, and with the failure
        self.assertNotIn("bash -c", made)

    def test_jobs_that_were_cut_off_show_the_end_of_their_logs(self) -> None:
        job = JobRecord("a", outcome="cancelled", reason="the run's timeout", started=0.0)
        waited = JobRecord("b", outcome="cancelled", reason="the run's timeout")
        record = RunRecord(seconds=1.0, exit_code=124, jobs=(job, waited))
        coloured = {"a": ["waits for a lock"]}
        made = report_page.view(RunInputs(record, Path("run"), coloured=coloured))
        self.assertIn("waits for a lock", made)
        self.assertEqual(made.count('class="failure"'), 1)

    def test_legend_names_what_the_bars_show_jobs_to_wait_for(self) -> None:
        pool = JobRecord("a", resources={"cpu": 1}, waited_for="cpu", ready_at=0.0, started=2.0)
        made = page(RunRecord(now=3.0, jobs=(pool, JobRecord("b", ready_at=0.0, started=1.0))))
        self.assertIn("waited for a pool or a free slot", made)
        self.assertNotIn("its delay", made)

    def test_fact_without_a_value_is_left_out(self) -> None:
        inputs = example_runs.inputs()._replace(environment={"browsers": {}, "kernel": "6.1"})
        text = Read(report_page.view(inputs)).text
        self.assertIn("kernel", text)
        self.assertNotIn("browsers", text)

    def test_command_breaks_in_no_flag(self) -> None:
        again = ("python3", "ci.py", "--only-testcases", "a b")
        job = JobRecord("a", outcome="failed", started=0.0, ended=1.0, rerun=again)
        made = page(RunRecord(seconds=1.0, exit_code=1, jobs=(job,)))
        flag = '<span class="flag">--only-testcases</span>'
        self.assertEqual(made.count(f"python3 ci.py {flag} &#x27;a b&#x27;</code>"), 2)

    def test_record_of_which_nothing_is_known_has_a_page(self) -> None:
        for job in (JobRecord("a"), JobRecord("a", started=1.0), JobRecord("a", ended=1.0)):
            self.assertIn("No verdict", page(RunRecord(jobs=(job,))))


class Gaps(unittest.TestCase):
    def test_damaged_lines_of_its_files_are_told(self) -> None:
        record = RunRecord(seconds=1.0, exit_code=0, skipped=2)
        inputs = RunInputs(record, Path("run"), samples=Samples(skipped=1))
        read = Read(report_page.view(inputs))
        self.assertIn("2 damaged lines of events.jsonl", read.text)
        self.assertIn("1 damaged line of samples.jsonl", read.text)
        self.assertIn(INCOMPLETE, read.text.partition("Files and notes")[0])

    def test_page_of_a_whole_record_tells_of_no_damage(self) -> None:
        made = page(RunRecord(seconds=1.0, exit_code=0))
        self.assertNotIn("damaged", made)
        self.assertNotIn(INCOMPLETE, made)

    def test_amounts_that_the_jobs_changed_on_the_machine_are_told(self) -> None:
        record = RunRecord(seconds=1.0, exit_code=0, left={"processes": 2, "shm_bytes": -4500})
        self.assertIn("processes +2, shm_bytes -4.5 kB", page(record))
        self.assertNotIn("On the machine", page(record._replace(left={})))


class Flaky(unittest.TestCase):
    def test_job_and_tests_that_did_not_pass_at_once_are_named(self) -> None:
        job = JobRecord("a", outcome="flaky", reason="passed on attempt 2 of 2", log="a.log")
        record = RunRecord(seconds=1.0, exit_code=0, jobs=(job, JobRecord("b", outcome="passed")))
        tests = {"b": [TestCase("b", "t.py::test_c", FLAKY, 1.0)]}
        text = Read(report_page.view(RunInputs(record, Path("run"), tests=tests))).text
        section = text.partition("Flaky")[2]
        self.assertIn("passed on attempt 2 of 2", section)
        self.assertIn("t.py::test_c", section)
        self.assertNotIn("Failures", text)


class Table(unittest.TestCase):
    def test_restored_job_leads_to_its_log_of_the_run_in_which_it_ran(self) -> None:
        job = JobRecord("a", outcome="restored", earlier_run="20261130T140510Z-1")
        made = page(RunRecord(seconds=1.0, exit_code=0, jobs=(job,)))
        self.assertIn('href="./../20261130T140510Z-1/a.log"', made)
        self.assertIn("of a in 20261130T140510Z-1", Read(made).text)

    def test_column_in_which_no_job_has_anything_is_left_out(self) -> None:
        tried = AttemptSpan(1, 0.0, 1.0, "passed")
        job = JobRecord("a", outcome="passed", attempts=(tried,), started=0.0, ended=1.0)
        heads = re.findall('<th scope="col"[^>]*>(\\w+)', page(RunRecord(seconds=1.0, jobs=(job,))))
        self.assertEqual(heads, ["Job", "Began", "Took"])

    def test_each_attempt_has_a_link_to_its_log(self) -> None:
        tries = (AttemptSpan(1, 0, 1, "failed"), AttemptSpan(2, 2, 3, "passed"))
        job = JobRecord("a", outcome="flaky", attempts=tries, started=0, ended=3, log="a.log")
        made = page(RunRecord(seconds=3.0, exit_code=0, jobs=(job,)))
        table = made.partition("<table")[2]
        self.assertEqual(re.findall('href="(./a[^"]*)"', table), ["./a.log", "./a.log.1"])

    def test_slow_job_is_said_to_be_slow_in_words_too(self) -> None:
        for usual, seconds, said in ((2.0, 5.0, True), (3.0, 5.9, False), (0.04, 0.1, False)):
            tried = AttemptSpan(1, 0.0, seconds, "passed")
            job = JobRecord("a", usual=usual, outcome="passed", attempts=(tried,))
            job = job._replace(started=0.0, ended=seconds)
            made = page(RunRecord(seconds=seconds, exit_code=0, jobs=(job,)))
            self.assertEqual("× usual" in made, said, usual)

    def test_wait_that_is_too_short_to_be_told_is_left_out(self) -> None:
        job = JobRecord("a", ready_at=0.0, started=0.02, ended=1.0, outcome="passed")
        self.assertNotIn("slot", page(RunRecord(seconds=1.0, exit_code=0, jobs=(job,))))


class Hostile(unittest.TestCase):
    def test_no_text_of_a_run_becomes_markup(self) -> None:
        made = report_page.view(example_runs.hostile())
        read = Read(made)
        self.assertFalse({"script", "img", "iframe", "object", "link"} & read.tags)
        self.assertIn("<script>alert(1)</script>", read.text)
        self.assertTrue(made.replace("\n", "").isprintable())
        self.assertNotIn("\u202e", made)
        for name, value in read.attributes:
            self.assertFalse(name.startswith("on"), name)
            if name == "href":
                self.assertRegex(value, r"^(#|\./)")

    def test_page_names_no_address_to_load(self) -> None:
        made = report_page.view(example_runs.inputs(red=True))
        self.assertIsNone(re.search(r"(src=|@import|url\()", made))
        self.assertIn("default-src &#x27;none&#x27;", made.replace("'", "&#x27;"))

    def test_branch_that_is_no_text_is_shown_all_the_same(self) -> None:
        header = {"branch": ["a"], "sha": 3, "dirty": None, "whole": 0}
        self.assertIn("[&#x27;a&#x27;]", page(RunRecord(header=header)))


if __name__ == "__main__":
    unittest.main()
