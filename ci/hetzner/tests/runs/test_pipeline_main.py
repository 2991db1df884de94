"""The command line of a pipeline in a few lines: flags, commands, errors, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest

from tests.support.ten_lines import END, TenLines
from tests.support.waiting import PATIENCE, wait_for

JOBS = """[
    Job("build", "echo built >out", outputs={"out": "out"}, testcases=False),
    Job("lint", 'echo "$PYTEST_WORKERS"', ok_codes=(0,), testcases=False),
    Job("test-a", 'echo "k=$PYTEST_K_FILTER"; exit ${A:-0}', ["build"], fast_fail=True),
    Job("test-b", "sleep ${B:-0}"),
]"""


class Flags(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS)

    def passes(self, line: str, *jobs: str) -> str:
        code, out, errors = self.ran(*line.split())
        self.assertEqual((code, errors), (0, ""), out)
        ran = {job for job, outcome in self.outcomes().items() if outcome == "passed"}
        self.assertEqual(ran, set(jobs), line)
        return out

    def test_jobs_are_selected(self) -> None:
        everything = ("build", "lint", "test-a", "test-b")
        self.passes("", *everything)
        self.passes("--only test-a,lint", "build", "lint", "test-a")
        self.passes("--only-jobs=test-a --no-deps", "test-a")
        self.passes("--skip lint --skip-jobs test-b", "build", "lint", "test-a")
        out = self.passes("--first-jobs lint --shuffle=3 --pressure 100 -j 2", *everything)
        self.assertIn("PHASE", out)

    def test_test_cases_and_workers_reach_the_jobs(self) -> None:
        self.passes("--only test-a,lint --only-testcases x --pytest-workers 7", *self.NEEDS)
        logs = self.root / "logs"
        self.assertEqual((logs / "test-a.log").read_text(), "k=x\n")
        self.assertEqual((logs / "lint.log").read_text(), "7\n")
        out = self.passes("--only test-a,lint --first-testcases y", *self.NEEDS)
        self.assertIn("all test cases", out)

    NEEDS = ("build", "lint", "test-a")

    def test_limits_of_the_command_line_outrank_those_of_the_file(self) -> None:
        code, out, _ = self.ran("--timeout", "0.5", B="50")
        self.assertEqual(code, 124, out)
        _, out, _ = self.ran("--dry-run", "-j", "1")
        self.assertEqual(out.splitlines()[1].split()[:4], ["1.0", "s", "start", "lint:"])

    def test_a_failure_ends_with_1_and_tells_how_to_run_the_job_again(self) -> None:
        code, out, errors = self.ran("--fast-fail", A="3", B="50")
        self.assertEqual((code, errors), (1, ""))
        self.assertIn("FAST-FAIL", out)
        command = f"cd {self.root} && python3 {self.file} --only-jobs test-a --no-deps"
        self.assertIn(f"run it again: {command}\n", out)
        again = ["bash", "-c", command]
        for a, code in (("0", 0), ("3", 1)):
            env = {**os.environ, "A": a}
            done = subprocess.run(again, capture_output=True, env=env, check=False)
            self.assertEqual(done.returncode, code)

    def test_command_runs_the_failed_test_cases_alone_where_a_filter_selects_them(self) -> None:
        self.write("""[
            Job("test", '''echo "k=$PYTEST_K_FILTER"
            case='<testcase classname="m" name="test_one"><failure/></testcase>'
            echo "<testsuite name='${NAME-pytest}'>$case<testcase classname='m' name='test_two'/>\
            </testsuite>" >r.xml
            exit $CODE''', junit="*.xml", ok_codes=(0, 5)),
        ]""")
        for name, words in (("pytest", " --only-testcases test_one"), ("unknown", "")):
            _, out, _ = self.ran(CODE="1", NAME=name)
            self.assertIn("FAILED m::test_one\n", out)
            command = f"cd {self.root} && python3 {self.file} --only-jobs test --no-deps{words}"
            self.assertIn(f"run it again: {command}\n", out)
        again = ["--only-jobs", "test", "--no-deps", "--only-testcases", "test_one"]
        for ended, code in (("1", 1), ("0", 0), ("5", 4)):  # 5: no test matched
            self.assertEqual(self.ran(*again, CODE=ended)[0], code)
            self.assertEqual((self.root / "logs" / "test.log").read_text(), "k=test_one\n")

    def test_a_module_is_named_and_a_text_has_no_command_to_run_it_again(self) -> None:
        text = self.file.read_text()
        for start, told in ((["-m", "ci"], "python3 -m ci --only-jobs"), (["-c", text], "")):
            done = subprocess.run(
                [sys.executable, *start],
                cwd=self.root,
                env={**os.environ, "A": "3"},
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 1)
            self.assertEqual("run it again" in done.stdout, bool(told))
            self.assertIn(told, done.stdout)

    def test_views_run_nothing(self) -> None:
        for line, part in (
            ("--list", "test-a"),
            ("--dry-run", "start test-a: after build"),
            ("--graph", '"build" -> "test-a"'),
            ("--graph=mermaid", "flowchart"),
            ("--graph=mermaid --skip build", "flowchart"),
            ("--version", "ci.py, runner "),
            ("--help", "\n  status    "),
        ):
            code, out, errors = self.ran(*line.split())
            self.assertEqual((code, errors), (0, ""))
            self.assertIn(part, out)
        self.assertFalse((self.root / "logs").exists())


class Errors(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS)

    def test_bad_usage_ends_with_2_and_a_sentence_and_nothing_runs(self) -> None:
        for line, part in (
            ("statsu", "ci.py: expected a command, found 'statsu'; did you mean 'status'?\n"),
            ("--only lnt", "ci.py: only_jobs: 'lnt' is not a job; did you mean 'lint'?\n"),
            ("--only lint --skip lint", "--only-jobs and --skip-jobs name the same job\n"),
            ("--no-deps", "--no-deps: say with --only-jobs which jobs\n"),
            ("-j 0", "expected a number of 1 or more, found '0'\n"),
            ("--timeout never", "expected seconds, more than 0, found 'never'\n"),
            ("--onyl lint", "unrecognized arguments: --onyl lint; did you mean '--only'?\n"),
            ("--list --dry-run", "not allowed with argument --list\n"),
            ("--dry-run --only nope", "only_jobs: 'nope' is not a job"),
            ("status --nope", "unrecognized arguments: --nope\n"),
        ):
            with self.subTest(line):
                code, out, errors = self.ran(*line.split())
                self.assertEqual((code, out), (2, ""))
                self.assertIn(part, errors)
                self.assertNotIn("Traceback", errors)
        self.assertFalse((self.root / "logs").exists())

    def test_a_command_asks_the_store_of_the_pipeline(self) -> None:
        ask = """
from lib.commands import front_door
class Ask:
    SUMMARY = "Ask."
    def arguments(self, parser): pass
    def main(self, given, site):
        print(site.kept(), *site.program, len(site.jobs()))
        return site.run(["--only", "lint"])
front_door.load = lambda name: Ask()
"""
        end = f"{ask}sys.exit(Pipeline(jobs, 's', 'b', %s, cwd='.').main())\n"
        self.write(JOBS, end % "store='kept'")
        code, out, _ = self.ran("show")
        self.assertEqual(out.splitlines()[0], f"{self.root}/kept python3 {self.file} 4")
        self.assertIn("PASS  lint", out)
        self.assertEqual(code, 0)
        self.write(JOBS, end % "log_dir='logs'")
        code, out, errors = self.ran("show")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("ci.py show: expected a pipeline with a store, found one without", errors)

    def test_the_usual_seconds_of_jobs_are_those_of_the_runs_in_its_store(self) -> None:
        self.write(JOBS, "sys.exit(Pipeline(jobs, 's', 'b', store='kept', cwd='.').main())\n")
        self.assertIn("start lint: needs nothing (never timed", self.ran("--dry-run")[1])
        self.assertEqual(self.ran()[0], 0)
        self.assertRegex(self.ran("--dry-run")[1], "start lint: needs nothing[^(]*\n")
        (self.root / "kept" / "history.db").write_text("damaged")
        code, out, errors = self.ran("--dry-run")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("cannot be read", out)
        code, out, errors = self.ran("--only", "lint")
        self.assertEqual((code, errors), (0, ""), out)
        self.assertIn("history.db cannot be read", out)

    def test_a_filter_that_matches_no_test_ends_with_4(self) -> None:
        self.write('[Job("test", "exit 5")]')
        self.assertEqual(self.ran("--only-testcases", "x")[0], 4)

    def test_a_directory_that_cannot_be_made_is_told_in_a_sentence(self) -> None:
        (self.root / "logs").write_text("in the way")
        code, _, errors = self.ran()
        self.assertEqual(code, 1)
        self.assertNotIn("Traceback", errors)

    def test_main_without_arguments_ends_the_program_with_the_code(self) -> None:
        self.write('[Job("red", "exit 3")]', END.replace("sys.exit(", "", 1).replace("))", ")"))
        self.assertIn("\nPipeline(", self.file.read_text())
        self.assertEqual(self.ran()[0], 1)
        self.assertEqual(self.ran("--list")[0], 0)
        self.assertEqual(self.ran("--bad")[0], 2)

    def test_words_in_one_string_are_refused_with_the_list_that_was_meant(self) -> None:
        self.write(
            JOBS, 'p = Pipeline(jobs, "s", "b", "logs", cwd=".")\nsys.exit(p.main("status"))\n'
        )
        code, out, errors = self.ran()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("expected a list of words such as ['status'], found 'status'", errors)

    def test_main_takes_words_and_returns_the_exit_code(self) -> None:
        end = 'p = Pipeline(jobs, "s", "b", "logs", cwd=".")\n'
        calls = (["--list"], ["--bad"], ["--only", "lint"], ["statsu"])
        lines = [f"print(p.main({words!r}), file=sys.stderr)\n" for words in calls]
        self.write(JOBS, end + "".join(lines))
        codes = [line for line in self.ran()[2].splitlines() if line.isdigit()]
        self.assertEqual(codes, ["0", "2", "0", "2"])


class Signals(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS)

    def test_a_signal_ends_the_run_well_with_its_code(self) -> None:
        self.write('[Job("long", "sleep 1000")]')
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            code, out, _ = self.interrupted(number, "START long")
            self.assertEqual(code, 128 + number, out)
            self.assertIn(f"INTERRUPTED by {number.name}", out)
            self.assertEqual(self.outcomes(), {"long": "cancelled"})

    def test_sigusr1_tells_what_runs_and_changes_nothing(self) -> None:
        self.write('[Job("long", "until [ -e go ]; do sleep 0.02; done")]')
        with self.start() as process:
            assert process.stdout
            for line in process.stdout:
                if "START long" in line:
                    process.send_signal(signal.SIGUSR1)
                if "RUNNING long (" in line:
                    break
            (self.root / "go").touch()
            out, errors = process.communicate(timeout=60)
        self.assertIn("RUNNING long (", line)
        self.assertEqual(process.returncode, 0, out + errors)

    def test_run_ends_with_the_pipe_of_its_starter_and_tells_its_name(self) -> None:
        self.write('[Job("long", "sleep 30")]', END.replace('"logs"', 'store="store"'))
        told = self.root / "name"
        words = [sys.executable, "ci.py", "--until-eof", "--name-to", str(told)]
        process = subprocess.Popen(
            words, cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process:
            self.addCleanup(process.kill)
            wait_for(told)
            out, _ = process.communicate(timeout=PATIENCE)  # closes the pipe
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, out)
        run = self.root / "store" / "runs" / told.read_text().rstrip("\n")
        self.assertTrue((run / "summary.json").exists(), out)

    def test_what_a_starter_cannot_have_is_refused(self) -> None:
        self.write('[Job("quick", "true")]')
        for flags, wanted in (
            ("--name-to x", "expected a pipeline with a store"),
            (
                "--until-eof",
                "expected a pipe as standard input",
            ),
        ):
            done = subprocess.run(
                [sys.executable, "ci.py", *flags.split()],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(wanted, done.stderr)

    def test_a_closed_stdout_ends_a_view_quietly_and_no_run(self) -> None:
        for words, code in ((["--list"], 141), ([], 0)):
            reader, writer = os.pipe()
            os.close(reader)
            with os.fdopen(writer, "wb") as nobody:
                done = subprocess.run(
                    [sys.executable, "ci.py", *words],
                    cwd=self.root,
                    stdout=nobody,
                    stderr=subprocess.PIPE,
                    check=False,
                )
            self.assertEqual((done.returncode, done.stderr), (code, b""))
        self.assertEqual(set(self.outcomes().values()), {"passed"})


if __name__ == "__main__":
    unittest.main()
