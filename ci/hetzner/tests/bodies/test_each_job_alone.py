"""The two checks of the shared tree: each job ends alone as beside others; none writes the tree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lib.model import events
from lib.model.job import Job
from lib.model.result import Outcome, Result
from tests.bodies import tree_watch
from tests.bodies.tree_watch import TreeWatch
from tests.support.commit_stage import HETZNER, OnStage

STATIC = "packages/buckaroo-js-core/widget.js"  # made by one job, read by another, not promised


class Watch(unittest.TestCase):
    """A tree that jobs change while they run."""

    def setUp(self) -> None:
        self.tree = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.tree / "file").write_text("as it is")
        (self.tree / "packages").mkdir()
        jobs = [Job("a", "true", outputs={"dist": "packages/dist"}), Job("b", "true")]
        self.watch = TreeWatch(self.tree, jobs)

    def starts(self, job: str) -> None:
        self.watch(events.Started(0.0, job, 1))

    def ends(self, job: str) -> None:
        self.watch(events.Finished(0.0, job, Result(job), Outcome.PASSED, ""))

    def test_promised_output_is_no_change(self) -> None:
        self.starts("a")
        (self.tree / "packages" / "dist").mkdir()
        (self.tree / "packages" / "dist" / "x").touch()
        self.ends("a")
        self.assertEqual(self.watch.changes, {})

    def test_change_of_another_jobs_output_counts(self) -> None:
        self.starts("b")
        (self.tree / "packages" / "dist").mkdir()
        self.ends("b")
        self.assertEqual(self.watch.changes, {"packages/dist": {"b"}})

    def test_each_kind_of_change_is_seen_and_is_its_jobs(self) -> None:
        def rewrite() -> None:
            (self.tree / "file").write_text("as it is")

        def come_and_go() -> None:
            (self.tree / "packages" / "x").touch()
            (self.tree / "packages" / "x").unlink()

        for change, name in (
            (rewrite, "file"),
            (lambda: (self.tree / "file").chmod(0o600), "file"),
            (come_and_go, "packages"),
            ((self.tree / "new").touch, "new"),
            ((self.tree / "new").unlink, "new"),
        ):
            self.watch.changes.clear()
            self.starts("a")
            self.ends("a")
            self.starts("b")
            change()
            self.ends("b")
            self.assertEqual(self.watch.changes, {name: {"b"}})

    def test_jobs_that_run_together_are_all_named(self) -> None:
        self.starts("a")
        self.starts("b")
        (self.tree / "new").touch()
        self.ends("a")
        self.ends("b")
        self.assertEqual(self.watch.changes, {"new": {"a", "b"}})
        self.assertIn("a or b changed new", "\n".join(self.watch.lines()))

    def test_modules_and_git_are_apart(self) -> None:
        self.starts("b")
        for name in (".git", "packages/node_modules"):
            (self.tree / name).mkdir()
            (self.tree / name / "x").touch()
        self.ends("b")
        self.assertEqual([c for c in self.watch.changes if c not in (".", "packages")], [])


class Alone(OnStage):
    """Jobs that share more than they say, on a stage."""

    def call(self, script: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, str(HETZNER / "tests" / "bodies" / script), *words]
        env = self.stage.environment()
        return subprocess.run(
            argv, cwd=self.stage.repo, env=env, capture_output=True, text=True, check=False
        )

    def alone(self, names: str) -> subprocess.CompletedProcess[str]:
        words = ["--repo", str(self.stage.repo), "--state-dir", str(self.stage.state)]
        return self.call("each_job_alone.py", *words, "--only", names)

    def say(self, body: str, text: str) -> None:
        with (self.stage.root / "runner" / "jobs" / body).open("a") as file:
            file.write(f"{text}\n")

    def test_jobs_that_share_nothing_end_the_same(self) -> None:
        self.assertEqual(self.stage.run().code, 0)
        done = self.alone("smoke-test-extras,lint-python")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("ALONE each job ended as in the run", done.stdout)

    def test_job_that_reads_a_file_that_another_left_in_the_tree_is_named(self) -> None:
        self.say("build_wheel.sh", f"touch {STATIC}")
        self.say("smoke_test_extras.sh", f"[[ -e {STATIC} ]]")
        self.assertEqual(self.stage.run().code, 0)
        done = self.alone("smoke-test-extras,lint-python")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ALONE smoke-test-extras: green in the run, failed alone", done.stdout)
        self.assertNotIn("ALONE lint-python", done.stdout)

    def test_job_that_has_something_to_test_only_beside_others_is_named(self) -> None:
        self.say("build_wheel.sh", f"touch {STATIC}")
        self.say("test_mcp_wheel.sh", f"[[ -e {STATIC} ]] || exit 5")
        self.assertEqual(self.stage.run().code, 0)
        done = self.alone("test-mcp-wheel")
        self.assertIn("green in the run, green, nothing to test alone", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_job_whose_result_is_in_the_cache_is_run(self) -> None:
        dist = "packages/buckaroo-js-core/dist"
        self.say(
            "build_js.sh", f"mkdir -p {dist}; echo x >{dist}/x; echo x >>{self.stage.root}/ran"
        )
        for name in ("src", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml"):  # of its key
            (self.stage.repo / "packages" / "buckaroo-js-core" / name).write_text("x")
        self.stage.commit("inputs")
        ran = self.stage.root / "ran"
        for runs, outcome in enumerate(("passed", "restored")):
            self.assertEqual(self.stage.run().code, 0)
            self.assertEqual(self.stage.outcomes()["build-js"], outcome)
            done = self.alone("build-js")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(len(ran.read_text().split()), runs + 2)

    def test_red_or_missing_run_is_no_measure(self) -> None:
        self.assertEqual(self.alone("lint-python").returncode, 2)
        self.stage.run(STAGE_FAIL="lint_python")
        self.assertEqual(self.alone("lint-python").returncode, 2)

    def test_job_that_writes_the_tree_makes_a_watched_run_red_and_is_named(self) -> None:
        self.say("lint_python.sh", "echo x >>file")
        done = self.call("tree_watch.py", "--only-jobs", "lint-python")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("TREE WATCH lint-python changed file, and does not promise it", done.stdout)

    def test_watched_run_that_changes_nothing_is_green(self) -> None:
        done = self.call("tree_watch.py", "--only-jobs", "build-js")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("only promised outputs have changed", done.stdout)


class Looking(unittest.TestCase):
    def test_new_file_explains_the_change_of_its_directory(self) -> None:
        before = {"d": (1,), "d/x": (1,), "e": (1,)}
        after = {"d": (2,), "d/x": (1,), "d/y": (1,), "e": (2,)}
        self.assertEqual(tree_watch.changed(before, after), ["d/y", "e"])


if __name__ == "__main__":
    unittest.main()
