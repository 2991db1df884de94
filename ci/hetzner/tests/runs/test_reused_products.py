"""Outputs of jobs that are left out come from earlier runs on the same tree only."""

from __future__ import annotations

import re
import subprocess
import unittest

from tests.support.commit_stage import OnStage

MISSING = r"CAUSE playwright-server: output build-wheel:wheel \(.*\) is not there"
ALONE = ("--only-jobs", "playwright-server", "--no-deps")


class LeftOut(OnStage):
    def setUp(self) -> None:
        super().setUp()
        core = self.stage.repo / "packages" / "buckaroo-js-core"
        (core / "src").mkdir()
        for name in ("src/index.ts", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml"):
            (core / name).write_text("1\n")
        self.first = self.stage.commit("sources")

    def passes(self, *words: str) -> None:
        ran = self.stage.run(*words)
        self.assertEqual(ran.code, 0, ran.out)

    def is_missing(self, *words: str) -> None:
        ran = self.stage.run(*words)
        self.assertEqual(ran.code, 1, ran.out)
        self.assertRegex(ran.out, MISSING)

    def test_wheel_of_another_commit_is_not_tested(self) -> None:
        self.passes("--only-jobs", "build-wheel")
        self.stage.commit("second")
        self.is_missing(*ALONE)

    def test_stamp_that_a_job_has_overwritten_is_no_stamp(self) -> None:
        self.passes("--only-jobs", "build-wheel")
        (stamp,) = self.stage.state.glob("work/*/wheel-of")
        stamp.write_bytes(b"\xff")
        self.passes(*ALONE)
        self.assertIn("NOTE  the wheel is the one that was kept of", self.stage.log())

    def test_wheel_that_was_kept_of_the_commit_is_brought(self) -> None:
        self.passes("--only-jobs", "build-wheel")
        self.stage.commit("second")
        self.passes("--only-jobs", "build-wheel")
        self.passes(self.first, *ALONE)
        told = f"NOTE  the wheel is the one that was kept of {self.first}"
        self.assertIn(told, self.stage.log(self.first))
        (generated,) = self.stage.state.glob("work/*/wheel/static")
        self.assertEqual([path.name for path in generated.iterdir()], ["widget.js"])

    def test_wheel_that_was_built_in_place_is_for_runs_in_place_only(self) -> None:
        self.passes("--in-place", "--only-jobs", "build-wheel")
        self.passes("--in-place", *ALONE)
        self.assertIn("NOTE  the wheel is that of an earlier run on", self.stage.log())
        self.is_missing(*ALONE)
        self.is_missing("--in-place", *ALONE)

    def test_wheel_that_phase_5b_took_from_another_commit_is_for_that_run_only(self) -> None:
        self.passes("--only-jobs", "build-wheel")
        self.stage.commit("second")
        self.passes("--phase=5b", f"--wheel-from={self.first}")
        self.assertIn(f"NOTE  the wheel is the one that was kept of {self.first}", self.stage.log())
        self.is_missing(*ALONE)

    def test_phase_5b_in_place_says_that_the_wheel_is_without_the_changes(self) -> None:
        self.passes("--only-jobs", "build-wheel")
        (self.stage.repo / "file").write_text("changed")
        self.passes("--phase=5b", "--in-place")
        self.assertRegex(self.stage.log(), "NOTE  the wheel is .*, without uncommitted changes")

    def test_every_printed_command_runs_its_job_again(self) -> None:
        self.passes()
        for body in ("build_wheel", "pw_storybook", "pw_server"):
            ran = self.stage.run(STAGE_FAIL=body)
            self.assertEqual(ran.code, 1, body)
            (again, *_) = re.findall(r"run it again: (.*)", ran.out)
            done = subprocess.run(
                again,
                shell=True,
                env=self.stage.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 0, f"{again}\n{done.stdout}")

    def test_artifact_of_a_skipped_job_is_restored_for_the_same_sources(self) -> None:
        self.passes("--only-jobs", "build-js")
        self.passes("--only-jobs", "playwright-storybook", "--skip-jobs", "build-js")
        self.assertRegex(self.stage.log(), "NOTE  build-js is left out: restored .*/dist from")
        (self.stage.repo / "packages/buckaroo-js-core/src/index.ts").write_text("2\n")
        self.stage.commit("other sources")
        ran = self.stage.run("--only-jobs", "playwright-storybook", "--skip-jobs", "build-js")
        self.assertEqual(ran.code, 1)
        self.assertRegex(ran.out, "CAUSE playwright-storybook: output build-js:dist")


if __name__ == "__main__":
    unittest.main()
