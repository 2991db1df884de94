"""Variables, filters, priority and processors of jobs."""

from __future__ import annotations

import os
import sys
import unittest

from dsl import Job
from tests.support.run_case import LINUX, RunTest


class Environment(RunTest):
    def test_dependents_get_the_absolute_paths_of_outputs(self) -> None:
        code, _ = self.run_jobs(
            Job("my-job", "mkdir -p d; echo x > d/f", outputs={"the.file": "d/f"}),
            Job("b", 'echo "$CI_OUT_MY_JOB_THE_FILE"', ["my-job"]),
            Job("c", 'echo "[$CI_OUT_MY_JOB_THE_FILE]"'),
        )
        self.assertEqual((code, self.log("b")), (0, f"{self.cwd}/d/f\n"))
        self.assertEqual(self.log("c"), "[]\n")

    def test_filters_and_workers_reach_jobs(self) -> None:
        show = 'echo "$PYTEST_K_FILTER/$PW_GREP_FILTER/$PYTEST_WORKERS"'
        self.pipeline(Job("a", show)).run(only_testcases="a, b", pytest_workers=7)
        self.assertEqual(self.log("a"), "a or b/a|b/7\n")

    def test_job_that_honours_no_filter_is_not_told_of_one(self) -> None:
        show = 'echo "[$PYTEST_K_FILTER$PW_GREP_FILTER]"'
        self.pipeline(Job("a", show, testcases=False)).run(only_testcases="x")
        self.assertEqual(self.log("a"), "[]\n")

    def test_filtered_phase_first_then_all(self) -> None:
        jobs = (
            Job("a", 'echo "[$PYTEST_K_FILTER]" >> seen'),
            Job("w", "echo w >> seen", testcases=False),
        )
        self.assertEqual(self.pipeline(*jobs, max_parallel=1).run(first_testcases="x"), 0)
        self.assertEqual(sorted((self.cwd / "seen").read_text().split()), ["[]", "[x]", "w"])

    def test_lines_of_a_phase_have_the_outcomes_of_that_phase(self) -> None:
        jobs = (Job("a", '[ -z "$PYTEST_K_FILTER" ]'), Job("b", "true", ["a"]))
        self.assertEqual(self.run_jobs(*jobs)[0], 0)
        code = self.pipeline(*jobs).run(first_testcases="x")
        first, second = self.log("ci").split("PHASE all test cases\n")
        self.assertIn("CAUSE a: exit code 1\n", first)
        self.assertIn("SKIP  b (dependency failed: a)\n", first)
        self.assertEqual(
            [line.partition("] ")[2] for line in second.splitlines()[:-1]],
            [
                "START a (attempt 2)",
                "PASS  a",
                "NOTE  a counts as failed: exit code 1 (in the first pass)",
                "START b",
                "PASS  b",
                "NOTE  b counts as skipped: dependency failed: a (in the first pass)",
                "NOTE  'x' matched in a; no test in b",
            ],
        )
        self.assertEqual(code, 1)
        self.assertIn("--- a: exit code 1 (in the first pass) ", self.console.getvalue())

    def test_secrets_do_not_reach_jobs_and_are_masked_in_all_texts_of_the_runner(self) -> None:
        env = dict(os.environ, GITHUB_TOKEN="s3cret-token", CI_SECRET_X="other-s3cret", KEPT="k")
        self.run_jobs(
            Job("a", "env; cat /proc/$PPID/environ 2>/dev/null | grep -c s3cret-tok; true"),
            Job("b", ["no-such-s3cret-token"]),
            env=env,
        )
        self.assertNotIn("s3cret-token", self.log("a"))
        self.assertNotIn("other-s3cret", self.log("a"))
        self.assertIn("KEPT=k", self.log("a"))
        self.assertIn("no-such-***", self.log("ci"))
        self.assertNotIn("s3cret-token", self.log("ci"))

    def test_environment_of_the_job_goes_over_the_common_one(self) -> None:
        self.run_jobs(Job("a", "echo $X", env={"X": "job"}), env=dict(os.environ, X="common"))
        self.assertEqual(self.log("a"), "job\n")

    @unittest.skipUnless(LINUX, "affinity belongs to Linux")
    def test_niceness_and_processors_are_in_force_before_the_body_and_for_its_children(
        self,
    ) -> None:
        if sys.platform != "linux":
            self.skipTest("affinity belongs to Linux")
        cpu = min(os.sched_getaffinity(0))
        self.run_jobs(
            Job("a", "nice; bash -c nice; taskset -pc $$", nice=7, cpus=[cpu]), Job("b", "nice")
        )
        base = os.getpriority(os.PRIO_PROCESS, 0)
        lines = self.log("a").split()
        self.assertEqual(lines[:2], [str(base + 7)] * 2)
        self.assertEqual(lines[-1], str(cpu))
        self.assertEqual(self.log("b").strip(), str(base))

    @unittest.skipUnless(LINUX, "affinity belongs to Linux")
    def test_processor_that_cannot_be_is_said_and_no_failure(self) -> None:
        for cpu in (4000, 2**40):
            self.assertEqual(self.run_jobs(Job("a", "true", cpus=[cpu])), (0, "a=passed"))
            self.assertIn(f"not permitted, so jobs run without it: cpus {cpu}", self.log("ci"))

    def test_placement_that_is_not_permitted_is_said_once_and_no_failure(self) -> None:
        code, _ = self.run_jobs(Job("a", "true", cpus=[4000]), Job("b", "true", cpus=[4000]))
        self.assertEqual(code, 0)
        self.assertEqual(self.log("ci").count("cpus 4000"), 1)


if __name__ == "__main__":
    unittest.main()
