"""`pipeline.py rerun --failed` and `--failed-first`: what runs again, and what is restored."""

from __future__ import annotations

import json
from pathlib import Path

from lib.buckaroo import environments, settings
from tests.support.commit_stage import PREPARE, OnStage, Ran

REST = ["rerun", "--failed"]
WARMUP = "jupyter-warmup"


class Rerun(OnStage):
    def setUp(self) -> None:
        super().setUp()
        core = self.stage.repo / "packages" / "buckaroo-js-core"
        (core / "src").mkdir()
        for name in ("src/index.ts", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml"):
            (core / name).write_text("1\n")
        self.sha = self.stage.commit("sources")

    def broken(self, body: str) -> Path:
        """Break a body by a file that no tree holds."""
        path = self.stage.root / f"broken-{body}"
        path.touch()
        return path

    def fails(self, *words: str) -> str:
        """Run, expect a red run, and return the name of its directory."""
        ran = self.stage.run(*words)
        self.assertEqual(ran.code, 1, ran.out)
        return self.stage.log_dir().name

    def again(self, *words: str, code: int = 0) -> Ran:
        ran = self.stage.run("rerun", "--failed", *words)
        self.assertEqual((ran.code, ran.errors), (code, ""), ran.out)
        return ran

    def ran(self) -> set[str]:
        """Return the jobs that were not restored in the newest run, but those that prepare."""
        return self.not_restored() - PREPARE

    def not_restored(self, sha: str = "") -> set[str]:
        return {n for n, outcome in self.stage.outcomes(sha).items() if outcome != "restored"}

    def test_one_broken_test_runs_again_alone(self) -> None:
        broken = self.broken("test_js")
        first = self.fails()
        told = self.stage.run("show").out.rpartition("run again what failed: ")[2].split()
        repo, state = str(self.stage.repo), str(self.stage.state)
        self.assertEqual(told[2:], [*REST, self.sha, "--repo", repo, "--state-dir", state])
        broken.unlink()
        ran = self.again(*told[4:])
        self.assertEqual(self.ran(), {"test-js"})
        self.assertIn(f"NOTE  test-js runs again: it failed in {first}", ran.out)
        self.assertIn(f"PASS  build-js  (restored: passed in {first})", ran.out)
        summary = json.loads((self.stage.log_dir() / "summary.json").read_text())
        self.assertEqual((summary["whole"], summary["exit_code"]), (True, 0))

    def test_the_wheel_and_the_service_of_a_broken_test_are_there_again(self) -> None:
        broken = self.broken("pw_jupyter")
        self.fails()
        broken.unlink()
        ran = self.again()
        # a fresh server has no wheel installed
        self.assertEqual(self.ran(), {WARMUP, "install-wheel", "playwright-jupyter"})
        self.assertIn(f"NOTE  {WARMUP} runs again: playwright-jupyter, which runs, needs", ran.out)
        self.assertIn("NOTE  install-wheel runs again: it used the service", ran.out)

    def test_a_wheel_of_another_commit_in_between_is_not_tested(self) -> None:
        broken = self.broken("pw_server")
        self.fails()
        self.stage.commit("second")
        self.fails()
        broken.unlink()
        ran = self.again(self.sha)
        self.assertIn("NOTE  the wheel is the one that was kept of", ran.out)
        found = self.not_restored(self.sha) - PREPARE
        self.assertEqual(found, {"playwright-server"}, ran.out)

    def test_a_dist_that_the_checkout_removed_is_brought_from_its_cache(self) -> None:
        broken = self.broken("pw_storybook")
        self.fails()
        broken.unlink()
        ran = self.again()
        self.assertEqual(self.ran(), {"playwright-storybook"}, ran.out)

    def make_environment(self, python: str) -> None:
        """Make an environment of Python 3.13 for the tree's lock, with this interpreter."""
        config = settings.load({"state_dir": self.stage.state, "repo": str(self.stage.repo)}, {})
        path = self.stage.root / "python"
        path.write_text(python)
        path.chmod(0o755)
        made = environments.place(config.venvs_dir, self.stage.repo, "3.13", str(path))
        (made / "bin").mkdir(parents=True)
        (made / "bin" / "python").symlink_to(path)
        environments.stamp(made, self.stage.repo)

    def test_another_interpreter_runs_again_what_its_environment_serves(self) -> None:
        (self.stage.repo / "uv.lock").touch()
        self.stage.commit("lock")
        self.make_environment("#!/bin/sh\n")
        broken = self.broken("test_js")
        self.fails()
        broken.unlink()
        self.make_environment("#!/bin/sh\n: another\n")
        ran = self.again()
        self.assertIn("NOTE  python-3.13 runs again: its environment changed since", ran.out)
        self.assertIn("test-python-3.13", self.ran())
        self.assertNotIn("test-python-3.12", self.ran())

    def test_another_browser_runs_everything(self) -> None:
        self.broken("test_js")
        self.fails()
        (self.stage.root / "tools" / "chromium").write_text("#!/bin/sh\necho 22\n")
        self.assertIn("the browser changed", self.again(code=1).out)

    def test_a_changed_body_of_the_runner_runs_everything(self) -> None:
        broken = self.broken("test_js")
        self.fails()
        broken.unlink()
        script = self.stage.root / "runner" / "jobs" / "lint_python.sh"
        script.write_text(f"{script.read_text()}\n: changed")
        ran = self.again()
        self.assertIn("the sources of the runner changed", ran.out)
        restored = self.stage.outcomes().keys() - self.not_restored()
        self.assertLessEqual(restored, {"build-js", *PREPARE})  # by a cache, or already there

    def test_in_place_the_same_files_count_committed_or_not(self) -> None:
        (self.stage.repo / "file").write_text("not committed")
        broken = self.broken("test_js")
        self.fails("--in-place")
        broken.unlink()
        self.again("--in-place")
        self.assertEqual(self.ran(), {"test-js"})
        (self.stage.repo / "file").write_text("changed again")
        ran = self.again("--in-place")
        self.assertIn("no earlier run was one of everything on this tree", ran.out)

    def test_in_place_a_change_during_a_run_that_is_taken_back_is_not_trusted(self) -> None:
        script = self.stage.root / "runner" / "jobs" / "lint_python.sh"
        script.write_text(f'{script.read_text()}\necho edit >"$CI_REPO_DIR/file"\n')
        broken = self.broken("test_js")
        self.fails("--in-place")
        broken.unlink()
        (self.stage.repo / "file").write_text("sources")
        ran = self.again("--in-place")
        self.assertIn("files of its tree changed while it ran", ran.out)

    def test_a_dry_run_tells_the_same_and_starts_nothing(self) -> None:
        self.broken("test_js")
        first = self.fails()
        ran = self.again("--dry-run")
        self.assertIn(f"NOTE  test-js runs again: it failed in {first}", ran.out)
        self.assertIn(f"restored lint-python: passed in {first}", ran.out)
        self.assertRegex(ran.out, r"start test-js")
        self.assertNotRegex(ran.out, r"start lint-python")
        self.assertEqual(self.stage.log_dir().name, first)

    def test_what_failed_goes_first(self) -> None:
        broken = self.broken("test_js")
        self.fails()
        broken.unlink()
        ran = self.stage.run("--failed-first")
        self.assertEqual(ran.code, 0, ran.out)
        self.assertIn("NOTE  first what failed when it last ran: test-js", ran.out)
        self.assertLess(ran.out.index("PASS  test-js"), ran.out.index("START lint-python"))
        ran = self.stage.run("--failed-first", "--dry-run")
        self.assertIn("NOTE  nothing failed when it last ran", ran.out)

    def test_flags_that_choose_are_refused(self) -> None:
        for words in (["--only-jobs", "lint-python"], ["--phase=5b"], ["--only-testcases", "x"]):
            ran = self.stage.run("rerun", "--failed", *words)
            self.assertEqual(ran.code, 2, words)
            self.assertIn("--only-failed (rerun --failed)", ran.errors)
