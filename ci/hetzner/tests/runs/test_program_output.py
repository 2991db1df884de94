"""`--json`, `--events` and `report`: what programs read of a run, while it goes on and later."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.event_stream import reading
from lib.timeline.critical_path import critical_path
from tests.support.commit_stage import OnStage
from tests.support.ten_lines import TenLines

JOBS = """[
    Job("build", "echo built >out", outputs={"out": "out"}),
    Job("test-a", "echo 'E   boom'; exit 3", ["build:out"]),
    Job("test-b", "true", ["test-a"]),
]"""
STORE = 'sys.exit(Pipeline(jobs, "1a2b3c4", "main", store="store", cwd=".").main())\n'
# one test fails, one passes, in a file for each way to end
TESTED = """
def job(name, end, **more):
    cases = '<testcase name="ok" classname="m"/><testcase name="bad" classname="m">'
    text = f'<testsuite name="pytest">{cases}<failure/></testcase></testsuite>'
    return Job(name, f"echo '{text}' >{name}.xml; {end}", junit=f"{name}.xml", **more)
jobs = [
    job("code", "exit 1"),
    job("late", "sleep 60", timeout=1),
    job("killed", "kill -9 $$"),
    job("unfiltered", "exit 1", testcases=False),
    job("lacking", "true", outputs={"o": "never"}),
]"""


class Answers(TenLines):
    # json_schemas also checks it
    read: Callable[[str], Any] = staticmethod(json.loads)

    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS)

    def answer(self, *words: str) -> tuple[int, dict[str, Any], str]:
        code, out, errors = self.ran("--json", *words)
        told: dict[str, Any] = self.read(out)
        self.assertEqual(told["exit_code"], code)
        return code, told, errors

    def test_answer_stands_alone_on_stdout(self) -> None:
        code, told, errors = self.answer()
        self.assertEqual((code, told["verdict"]), (1, "failed"))
        self.assertIn("] START build\n", errors)
        self.assertIsNone(told["page"])  # a run in a directory of its caller's has none
        jobs = {job["name"]: job for job in told["jobs"]}
        self.assertEqual(jobs["test-a"]["excerpt"], ["E   boom"])
        log = Path(told["directory"], jobs["test-a"]["log"])
        self.assertEqual(log.read_text(), "E   boom\n")
        self.assertEqual(jobs["test-b"]["cause"], "dependency")
        again = subprocess.run(jobs["test-a"]["rerun"], capture_output=True, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"START test-a", again.stdout)

    def test_answer_on_jobs_that_pass_and_on_words_that_make_no_sense(self) -> None:
        self.assertEqual(self.answer("--only", "build")[1]["verdict"], "passed")
        self.assertEqual(self.ran("--json", "--only", "buidl")[:2], (2, ""))
        self.assertEqual(self.ran("--json", "--list")[:2], (2, ""))

    def test_only_a_failure_by_test_cases_alone_runs_again_on_them_alone(self) -> None:
        """Console, events and answer tell the same words, whatever the end of the job."""
        self.write(f"[]{TESTED}")
        _, told, errors = self.answer("--events=seen.jsonl")
        seen = map(json.loads, (self.root / "seen.jsonl").read_text().splitlines())
        by_event = {each["job"]: each["words"] for each in seen if each["event"] == "RunAgain"}
        self.assertEqual({job["name"]: job["rerun"] for job in told["jobs"]}, by_event)
        shown = re.findall(r"^    run it again: (.*)$", errors, re.MULTILINE)
        self.assertCountEqual(shown, [words[-1] for words in by_event.values()])
        on_tests = [name for name, words in by_event.items() if "--only-testcases" in words[-1]]
        self.assertEqual((len(shown), on_tests), (5, ["code"]))

    def test_words_of_the_program_itself_go_aside(self) -> None:
        speaks = "listeners=[lambda event: print('a word')]"
        self.write(JOBS, f'Pipeline(jobs, "1", "main", "logs", cwd=".", {speaks}).main()\n')
        self.assertIn("a word\n", self.answer()[2])


class Followed(TenLines):
    read: Callable[[str], Any] = staticmethod(json.loads)

    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS, STORE)

    def events(self, text: str) -> list[dict[str, Any]]:
        return [self.read(line) for line in text.splitlines()]

    def run_directory(self) -> Path:
        (found,) = (self.root / "store" / "runs").iterdir()
        return found

    def test_file_and_store_get_the_same_events(self) -> None:
        self.assertEqual(self.ran("--events=seen.jsonl")[0], 1)
        seen = (self.root / "seen.jsonl").read_text()
        self.assertEqual(seen, (self.run_directory() / "events.jsonl").read_text())
        kinds = [event["event"] for event in self.events(seen)]
        self.assertEqual((kinds[0], kinds[-1]), ("RunDeclared", "RunConcluded"))
        self.assertIn("OutputReady", kinds)
        record = reading.read(self.run_directory())
        links = critical_path(record).links
        self.assertAlmostEqual(sum(each.seconds for each in links), record.seconds or 0.0, 3)
        self.assertEqual([job.name for job in record.jobs], ["build", "test-a", "test-b"])

    def test_last_line_on_the_console_and_the_answer_name_the_page(self) -> None:
        _, out, _ = self.ran()
        page = self.run_directory() / "report.html"
        self.assertRegex(out.splitlines()[-1], rf"^\[[\d:]+\] PAGE  {re.escape(str(page))}$")
        self.assertTrue(page.is_file())
        self.assertNotIn("PAGE", (page.parent / "ci.log").read_text())
        _, out, _ = self.ran("--json", LOG_URL="http://ci/logs/")
        told = json.loads(out)
        self.assertEqual(told["page"], f"http://ci/logs/{told['run']}/report.html")
        self.assertNotIn("PAGE", self.ran("--quiet")[1])

    def ran_with(self, events: int, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program with a descriptor that gets its events."""
        return subprocess.run(
            [sys.executable, "ci.py", f"--events={events}", *words],
            cwd=self.root,
            pass_fds=[events],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_descriptor_gets_them_and_one_that_is_not_open_is_refused(self) -> None:
        out, end = os.pipe()
        with os.fdopen(out) as reader:
            done = self.ran_with(end, "--json")
            os.close(end)
            self.assertEqual(self.events(reader.read())[-1]["event"], "RunConcluded")
        self.assertEqual(json.loads(done.stdout)["verdict"], "failed")
        code, out_text, errors = self.ran("--events=77")
        self.assertEqual((code, out_text), (2, ""))
        self.assertIn("expected a file, or a descriptor", errors)

    def test_path_that_cannot_be_written_to_is_refused_and_nothing_runs(self) -> None:
        os.mkfifo(self.root / "pipe")
        for wrong, found in (
            ("none/x", "none/x: No such file or directory"),
            ("pipe", "pipe: expected a file, found a pipe"),
            (".", ".: expected a file, found a directory"),
            ("/dev/full", "/dev/full: expected a file, found a device"),
        ):
            with self.subTest(wrong):
                code, out, errors = self.ran(f"--events={wrong}")
                self.assertEqual((code, out), (2, ""))
                self.assertIn("--events: expected a file, or a descriptor that is open", errors)
                self.assertIn(found, errors)

    def test_reader_that_reads_nothing_or_is_gone_does_not_change_the_run(self) -> None:
        many = "[" + "".join(f'Job("j{number}", "true"),' for number in range(300)) + "]"
        self.write(many, STORE)
        for gone in (False, True):
            out, end = os.pipe()
            if gone:
                os.close(out)
            done = self.ran_with(end)
            os.close(end)
            if not gone:
                os.close(out)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(done.stdout.count("its events end here"), 1)

    def test_report_is_written_again_from_the_directory_alone(self) -> None:
        self.ran()
        run = self.run_directory()
        views = {path.name: path for path in run.iterdir() if path.suffix in (".html", ".svg")}
        for path in views.values():
            path.unlink()
        code, out, errors = self.ran("report")
        self.assertEqual((code, errors), (0, ""))
        self.assertTrue(Path(out.strip()).exists())
        self.assertTrue(all(path.exists() for path in views.values()))
        (run / "trace.json").unlink()
        (run / "trace.json").mkdir()
        code, out, errors = self.ran("report")
        self.assertEqual((code, out.strip()), (0, str(run / "report.html")))
        self.assertIn("trace.json is not written: expected a file, found a directory\n", errors)
        (run / "report.html").unlink()
        (run / "report.html").mkdir()
        code, out, errors = self.ran("report")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("report.html is not written: expected a file", errors)
        (run / "events.jsonl").unlink()
        code, _, errors = self.ran("report")
        self.assertEqual(code, 1)
        self.assertIn("found none", errors)


class OfCommits(OnStage):
    read: Callable[[str], Any] = staticmethod(json.loads)

    def test_run_of_a_commit_answers_and_one_without_a_checkout_as_well(self) -> None:
        ran = self.stage.run("--json", "--only-jobs", "test-js", STAGE_FAIL="test_js")
        told = self.read(ran.out)
        job = next(each for each in told["jobs"] if each["name"] == "test-js")
        self.assertEqual((told["exit_code"], job["outcome"]), (1, "failed"))
        self.assertEqual(told["page"], str(Path(told["directory"], "report.html")))
        self.assertRegex(ran.errors, rf"PAGE  {re.escape(told['page'])}\n$")
        record = reading.read(self.stage.log_dir())
        links = critical_path(record).links
        self.assertEqual(links[0].kind, "prepare")
        self.assertAlmostEqual(sum(each.seconds for each in links), record.seconds or 0.0, 3)
        env = self.stage.environment()
        done = subprocess.run(job["rerun"], env=env, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0)

        ran = self.stage.run("--json", CI_FREE_BYTES=str(10**15))
        told = self.read(ran.out)
        self.assertEqual((told["verdict"], told["jobs"]), ("failed", []))
        self.assertIsNotNone(told["page"])  # it tells why no job ran
        self.assertIn("on the disk", told["sentence"])


if __name__ == "__main__":
    unittest.main()
