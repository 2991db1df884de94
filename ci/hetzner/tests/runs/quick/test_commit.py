"""pipeline.py as its users call it: a green run of a commit and a red one."""

from __future__ import annotations

import signal
import unittest

from tests.support.commit_stage import JOBS, PREPARE, OnStage
from tests.support.waiting import PATIENCE, wait_for


class Runs(OnStage):
    def test_whole_run_is_green_and_leaves_its_reports(self) -> None:
        self.stage.wait_for_version_of_git("lint_python")
        ran = self.stage.run()
        self.assertEqual((ran.code, ran.errors), (0, ""), ran.out)
        self.assertEqual(set(self.stage.outcomes().values()), {"passed"})
        self.assertEqual(len(self.stage.outcomes()), JOBS - len(PREPARE))
        self.assertIn("git: git version", (self.stage.log_dir() / "versions.txt").read_text())
        self.assertRegex(ran.out, r"(?m)^job +outcome +seconds +waited for$")
        self.assertRegex(self.stage.log(), rf"END   exit code 0: {JOBS} jobs passed in \d+ s\n")

    def test_failure_skips_its_dependents_and_is_named(self) -> None:
        self.assertEqual(self.stage.run(STAGE_FAIL="build_wheel").code, 1)
        outcomes = self.stage.outcomes()
        skipped = {name for name, outcome in outcomes.items() if outcome == "skipped"}
        self.assertEqual(outcomes["build-wheel"], "failed")
        self.assertEqual(
            skipped,
            {
                "install-wheel",
                "playwright-jupyter",
                "playwright-marimo",
                "playwright-server",
                "smoke-test-extras",
                "test-mcp-wheel",
            },
        )
        self.assertIn("SKIP  playwright-jupyter (dependency failed: build-wheel)", self.stage.log())

    def test_signal_between_the_steps_and_the_jobs_end_gives_128_plus_n(self) -> None:
        started = self.stage.root / "started"
        with self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as process:
            wait_for(started)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, out)
        self.assertEqual(self.stage.outcomes()["test-js"], "cancelled")


if __name__ == "__main__":
    unittest.main()
