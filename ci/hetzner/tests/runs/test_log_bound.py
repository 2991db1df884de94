"""The log of a job has a bound, while the job runs and afterwards; its head and its tail stay."""

from __future__ import annotations

import errno
import json
import os
import unittest
from typing import Any
from unittest import mock

from dsl import Cache, Job
from lib.common import holes
from lib.common.log_bytes import LEAST as BOUND
from tests.support.commit_stage import OnStage
from tests.support.run_case import LINUX, RunTest

LINES = "tr '\\0' x </dev/zero | fold -w 1000 | head -c"


class LogBound(RunTest):
    def run_bound(self, *jobs: Job, **options: Any) -> tuple[int, str]:
        return self.run_jobs(*jobs, log_bytes=BOUND, **options)

    def loud(self, megabytes: int = 30, end: str = "") -> str:
        """Return a command that writes so much between its first and its last line."""
        return f"set +o pipefail; echo first; {LINES} {megabytes}000000; echo; echo last; {end}"

    def size(self, name: str = "loud.log") -> int:
        return (self.logs / name).stat().st_size

    def said(self) -> str:
        return (self.logs / "ci.log").read_text()

    def left_out(self) -> dict[str, int]:
        jobs = json.loads((self.logs / "summary.json").read_text())["jobs"]
        return {job["name"]: job["log_left_out"] for job in jobs}

    def is_cut(self, name: str = "loud.log", bound: int = BOUND) -> None:
        text = (self.logs / name).read_text()
        self.assertLessEqual(len(text), bound)
        self.assertTrue(text.startswith("first\n"), text[:50])
        self.assertTrue(text.endswith("last\n"), text[-50:])
        self.assertEqual(text.count("bytes were left out here"), 1)
        self.assertNotIn("\0", text)

    def test_head_and_tail_stay_and_it_is_said(self) -> None:
        done = self.run_bound(Job("loud", self.loud()), Job("quiet", "true"))
        self.assertEqual(done, (0, "loud=passed quiet=passed"))
        self.is_cut()
        self.assertEqual(self.size("quiet.log"), 0)
        self.assertRegex(self.said(), r"NOTE  loud.log was cut: 25\.\d MB of its middle")
        left_out = self.left_out()
        self.assertEqual(left_out["quiet"], 0)
        self.assertAlmostEqual(left_out["loud"], 25_000_000, delta=200_000)

    def test_a_failure_is_shown_from_a_cut_log(self) -> None:
        done = self.run_bound(Job("loud", self.loud(end="echo 'FAILED test_a'; exit 3")))
        self.assertEqual(done, (1, "loud=failed"))
        self.assertIn("    FAILED test_a\n", self.console.getvalue())

    @unittest.skipUnless(LINUX, "holes are of Linux")
    def test_the_disk_holds_the_bound_while_the_job_runs(self) -> None:
        log = self.logs / "loud.log"
        small = f"""
            until set -- $(stat -c '%s %b' {log} 2>/dev/null) && [ "${{1:-0}}" -gt 30000000 ] &&
                  [ $(($2 * 512)) -le {BOUND + 100_000} ]; do sleep 0.1; done; touch small"""
        wait = "until [ -e small ]; do sleep 0.1; done; echo last"
        done = self.run_bound(Job("loud", self.loud(end=wait)), Job("watch", small))
        self.assertEqual(done, (0, "loud=passed watch=passed"))
        self.is_cut()

    def test_without_holes_the_log_is_cut_while_the_job_runs(self) -> None:
        none = OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        small = f"""
            until [ -e begun ] && [ "$(wc -c <{self.logs}/loud.log)" -lt {BOUND + 1} ]
            do sleep 0.1; done; touch small"""
        wait = "touch begun; until [ -e small ]; do sleep 0.1; done; echo last"
        with mock.patch.object(holes, "punch", side_effect=none):
            done = self.run_bound(Job("loud", self.loud(end=wait)), Job("watch", small))
        self.assertEqual(done, (0, "loud=passed watch=passed"))
        self.is_cut()
        self.assertAlmostEqual(self.left_out()["loud"], 25_000_000, delta=200_000)

    def test_the_attempts_of_a_job_share_its_bound(self) -> None:
        command = self.loud(end="[ -e again ] || { touch again; echo last; exit 1; }")
        done = self.run_jobs(Job("loud", command, retries=1), log_bytes=2 * BOUND)
        self.assertEqual(done, (0, "loud=flaky"))
        self.is_cut("loud.log")
        self.is_cut("loud.log.1")

    def test_what_a_cached_job_said_is_its_end(self) -> None:
        cache = Cache("echo key", "made", self.cwd / "store")
        job = Job("loud", self.loud(end="touch made"), outputs={"made": "made"}, cache=cache)
        self.assertEqual(self.run_bound(job), (0, "loud=passed"))
        self.is_cut()
        self.assertEqual(self.run_bound(job), (0, "loud=restored"))
        self.assertTrue(self.log("loud").endswith("last\n"), self.log("loud")[-200:])

    def test_a_log_that_the_job_removed_or_replaced_is_left_alone(self) -> None:
        ways = {
            "removed": "true",
            "other": "echo mine >$log",
            "fifo": "mkfifo $log",
            "link": "ln -s /dev/full $log",
        }
        begin = f"log={self.logs}/$CI_JOB.log; rm $log; "
        jobs = [Job(name, f"{begin}{way}; {self.loud()} sleep 1.5") for name, way in ways.items()]
        self.assertEqual(self.run_bound(*jobs)[0], 0)
        self.assertNotIn("was cut", self.said())
        self.assertEqual(set(self.left_out().values()), {0})
        self.assertEqual(self.log("other"), "mine\n")

    def test_a_log_that_was_cut_off_with_its_run_is_bounded(self) -> None:
        self.assertEqual(
            self.run_bound(Job("loud", self.loud(end=self.sleeper())), timeout=2),
            (124, "loud=cancelled"),
        )
        self.assertLessEqual(self.size(), BOUND)

    def test_a_bound_that_is_too_small_is_refused(self) -> None:
        for bound in (0, -1, BOUND - 1, 1e9, None, "100 MB"):
            with self.assertRaisesRegex(ValueError, "log_bytes: expected 5000000 or more"):
                self.pipeline(Job("a", "true"), log_bytes=bound)


class OfCommits(OnStage):
    def test_bound_is_a_setting(self) -> None:
        script = self.stage.root / "runner" / "jobs" / "lint_python.sh"
        script.write_text("head -c 6000000 /dev/zero | tr '\\0' x | fold -w 1000\n")
        only = ("--only-jobs", "lint-python")
        self.assertEqual(self.stage.run(*only, CI_LOG_BYTES=str(BOUND)).code, 0)
        self.assertIn("NOTE  lint-python.log was cut", self.stage.log())
        self.assertLessEqual((self.stage.log_dir() / "lint-python.log").stat().st_size, BOUND)
        refused = self.stage.run(*only, CI_LOG_BYTES="1000")
        self.assertEqual(refused.code, 2)
        self.assertIn("CI_LOG_BYTES: expected a whole number from 5000000", refused.errors)


if __name__ == "__main__":
    unittest.main()
