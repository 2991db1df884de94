"""pipeline.py as its users call it: one commit, from the command line to the status."""

from __future__ import annotations

import json
import subprocess
import unittest
from pathlib import Path
from typing import Any

from lib.common import version
from lib.run_directories.run_store import RunStore
from tests.support.commit_stage import JOBS, PREPARE, OnStage


class Runs(OnStage):
    def test_red_run_names_the_job_shows_its_log_and_how_to_run_it_again(self) -> None:
        ran = self.stage.run("--only-jobs", "test-js,playwright-storybook", STAGE_FAIL="test_js")
        self.assertEqual(ran.code, 1)
        self.assertEqual(
            self.stage.outcomes(),
            {"build-js": "passed", "test-js": "failed", "playwright-storybook": "passed"},
        )
        self.assertRegex(self.stage.log(), r"FAIL  test-js  \(see .*/test-js.log\)\n")
        self.assertIn("CAUSE test-js: exit code 3\n", self.stage.log())
        lines = ran.out.splitlines()
        first = lines.index(next(line for line in lines if line.startswith("--- test-js: ")))
        self.assertEqual(lines[first + 1 : first + 21], [f"    {n}" for n in range(11, 31)])
        again = lines[first + 21].removeprefix("    run it again: ")
        environment = self.stage.environment()
        done = subprocess.run(again, shell=True, env=environment, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, again)
        self.assertEqual(self.stage.outcomes(), {"test-js": "passed"})

    def test_second_run_of_a_commit_keeps_the_logs_of_the_first(self) -> None:
        for _ in range(2):
            self.assertEqual(self.stage.run("--only-jobs", "test-js").code, 0)
        second, first = RunStore(self.stage.state).runs()
        for run in (first, second):
            self.assertTrue((run.path / "test-js.log").exists())
            self.assertEqual(run.state, "passed")
        self.assertEqual(self.link(), second.path)

    def test_green_run_of_one_job_does_not_take_the_place_of_a_red_run_of_all(self) -> None:
        self.assertEqual(self.stage.run(STAGE_FAIL="test_js").code, 1)
        red = self.stage.log_dir()
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        self.assertEqual(self.stage.run("--in-place").code, 0)
        self.assertEqual(len(RunStore(self.stage.state).runs()), 3)
        self.assertEqual(self.link(), red)
        self.assertEqual(self.stage.run().code, 0)
        self.assertEqual(self.link(), self.stage.log_dir())

    def test_full_disk_ends_a_run_before_it_starts_with_the_remedy(self) -> None:
        self.assertEqual(self.stage.run("--only-jobs", "test-js", CI_KEEP_RUNS="1").code, 0)
        old = self.stage.log_dir()
        ran = self.stage.run(CI_FREE_BYTES=str(10**15), CI_KEEP_RUNS="1")
        self.assertEqual(ran.code, 1)
        told = r"ERROR expected 1000.0 TB free on the disk of .*, found .*pipeline.py gc"
        self.assertRegex(self.stage.log(), told)
        self.assertNotIn("START", self.stage.log())
        self.assertFalse(old.exists())  # a clean-up came before

    def test_old_runs_are_removed_after_the_verdict(self) -> None:
        for _ in range(3):
            self.assertEqual(self.stage.run("--only-jobs", "test-js", CI_KEEP_RUNS="2").code, 0)
        # the one that is ending counts, and never goes
        self.assertEqual(len(RunStore(self.stage.state).runs()), 2)
        told = self.stage.run("gc", "--dry-run", CI_KEEP_RUNS="1")
        self.assertEqual(told.code, 0, told.errors)
        self.assertIn("more than 1 run\n1 thing would be removed", told.out)
        self.assertEqual(self.stage.run("gc", CI_KEEP_RUNS="1").code, 0)
        self.assertEqual(len(RunStore(self.stage.state).runs()), 1)

    def link(self) -> Path:
        """Return the directory that logs/<sha> leads to."""
        sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        return (self.stage.state / "logs" / sha).resolve()

    def test_durations_of_a_run_are_known_to_the_next(self) -> None:
        self.assertIn("never timed", self.stage.run("--dry-run").out)
        self.assertEqual(self.stage.run("simulate").code, 2)
        self.assertEqual(self.stage.run().code, 0)
        self.assertNotIn("never timed", self.stage.run("--dry-run").out)
        told = self.stage.run("simulate")
        self.assertEqual(told.code, 0, told.out)
        self.assertIn(f"s for {JOBS - len(PREPARE)} jobs, with cpu=", told.out)
        self.assertNotIn("never timed", told.out)

    def test_a_secret_that_is_too_short_to_be_masked_is_named(self) -> None:
        ran = self.stage.run("--only-jobs", "test-js", CI_SECRET_PIN="abc", CI_SECRET_B="abcdef")
        self.assertEqual(ran.code, 0, ran.out)
        notes = [line[11:] for line in self.stage.log().splitlines() if " is not masked" in line]
        self.assertEqual(notes, ["NOTE  CI_SECRET_PIN is not masked: it has under 4 characters"])

    def test_seed_of_a_shuffled_run_is_told(self) -> None:
        ran = self.stage.run("--shuffle=7", "--only-jobs", "test-js")
        self.assertEqual(ran.code, 0, ran.out)
        self.assertIn("--shuffle=7 gives it again", self.stage.log())


class Histories(OnStage):
    def test_broken_history_is_said_once_kept_and_begun_anew_and_changes_no_result(self) -> None:
        past = self.stage.state / "history.db"
        past.parent.mkdir()
        past.write_text("garbage " * 200)
        for failing, code in (("", 0), ("lint_python", 1)):
            ran = self.stage.run("--only-jobs", "lint-python", STAGE_FAIL=failing)
            self.assertEqual((ran.code, ran.errors), (code, ""), ran.out)
            self.assertEqual(ran.out.count("history.db"), 0 if failing else 2, ran.out)
            self.assertNotIn("NOTE  the listener", self.stage.log())
        self.assertIn("garbage", past.with_name("history.db.broken").read_text())
        self.assertEqual(self.stage.run("simulate", "--only-jobs", "lint-python").code, 0)

    def test_run_is_in_the_history_with_its_tree_and_its_jobs(self) -> None:
        for failing, code in (("", 0), ("lint_python", 1)):
            ran = self.stage.run("--only-jobs", "lint-python", STAGE_FAIL=failing)
            self.assertEqual(ran.code, code, ran.out)
        told = self.stage.run("history", "--json")
        (figures,) = json.loads(told.out)["jobs"]
        self.assertEqual(
            (figures["job"], figures["runs"], figures["passed"]), ("lint-python", 2, 1)
        )
        (flaky,) = json.loads(self.stage.run("history", "--flaky", "--json").out)["flaky"]
        self.assertEqual((flaky["trees"], flaky["flaky_trees"]), (1, 1))

    def test_view_says_that_the_history_is_broken_and_leaves_it(self) -> None:
        past = self.stage.state / "history.db"
        past.parent.mkdir()
        past.write_text("garbage " * 200)
        ran = self.stage.run("--dry-run")
        self.assertEqual(ran.code, 0)
        self.assertEqual(ran.errors.count("history.db"), 1)
        self.assertIn("garbage", past.read_text())


class JupyterAlone(OnStage):
    def test_missing_wheel_is_named(self) -> None:
        ran = self.stage.run("--phase=5b")
        self.assertEqual(ran.code, 1)
        self.assertRegex(self.stage.log(), r"ERROR no wheel of [0-9a-f]{40} is kept in .*run build")

    def test_dry_run_tells_that_the_wheel_is_missing(self) -> None:
        for words, told in (
            ([], r"\Ano job would run: no wheel of [0-9a-f]{40} is kept in .*run build-wheel"),
            (["--wheel-from=nowhere"], r"\Ano job would run: .*has no commit 'nowhere'"),
        ):
            ran = self.stage.run("--phase=5b", "--dry-run", *words)
            self.assertEqual((ran.code, ran.errors), (0, ""))
            self.assertRegex(ran.out, told)
            self.assertIn("start playwright-jupyter", ran.out)
        self.assertEqual(self.stage.run("--only-jobs", "build-wheel").code, 0)
        self.assertNotIn("no job would run", self.stage.run("--phase=5b", "--dry-run").out)

    def test_wheel_is_kept_the_moment_it_is_built_though_the_run_fails(self) -> None:
        self.assertEqual(self.stage.run(STAGE_FAIL="test_mcp_wheel").code, 1)
        self.assertEqual(self.stage.run("--phase=5b").code, 0, self.stage.log())
        outcomes = self.stage.outcomes()
        ran = {name for name, outcome in outcomes.items() if outcome == "passed"}
        self.assertEqual(ran, {"jupyter-warmup", "install-wheel", "playwright-jupyter"})

    def test_wheel_of_another_commit(self) -> None:
        self.assertEqual(self.stage.run("--only-jobs", "build-wheel").code, 0)
        first = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        self.stage.commit("second")
        self.assertEqual(self.stage.run("--phase=5b").code, 1)
        self.assertEqual(self.stage.run("--phase=5b", f"--wheel-from={first}").code, 0)


class Selections(OnStage):
    def test_mistyped_job_is_bad_usage_with_a_suggestion_and_nothing_runs(self) -> None:
        for flag in ("--only-jobs", "--skip-jobs", "--first-jobs"):
            with self.subTest(flag):
                ran = self.stage.run(flag, "test-jss")
                self.assertEqual(ran.code, 2)
                self.assertIn("'test-jss' is not a job; did you mean 'test-js'?", ran.errors)
        self.assertFalse((self.stage.state / "logs").exists())

    def test_words_that_exclude_each_other_are_refused(self) -> None:
        for words in (
            ["--no-deps"],
            ["--phase=5b", "--only-jobs", "test-js"],
            ["--phase=5b", "--skip-jobs", "test-js"],
            ["--wheel-from=HEAD"],
            ["--in-place", "HEAD"],
            ["--demo", "--in-place"],
            ["--demo", "--repo", "."],
            ["--only-jobs", "test-js", "--skip-jobs", "test-js"],
            ["--only-testcases", "a", "--first-testcases", "b"],
            ["--list", "--graph"],
            ["--only-jobs", ","],
            ["-j", "0"],
            ["--timeout", "never"],
            ["--no-such-flag"],
        ):
            with self.subTest(words):
                ran = self.stage.run(*words)
                self.assertEqual(ran.code, 2, ran.out)
                self.assertTrue(ran.errors)

    def test_first_jobs_come_in_a_phase_of_their_own(self) -> None:
        ran = self.stage.run("--only", "lint-python,test-js", "--first-jobs", "test-js")
        self.assertEqual(ran.code, 0)
        told = [line[11:] for line in self.stage.log().splitlines()]
        order = ["PHASE phase A", "PASS  test-js", "PHASE phase B", "START lint-python"]
        self.assertEqual([line for line in told if line in order], order)

    def test_views_run_nothing(self) -> None:
        for words, expected in (
            (["--list"], r"(?m)^playwright-jupyter\b"),
            (["--list", "--only", "lint-*"], r"\Apython-3.13 .*\nlint-python .*\n\Z"),
            (["--dry-run"], r"start build-wheel: after build-js"),
            (["--graph"], r'"build-js" -> "build-wheel"'),
            (["--graph=mermaid"], r"(?s)\[\"build-js\"\].* j0 --> j1"),
            (["--help"], r"exit codes: 0 passed"),
        ):
            with self.subTest(words):
                ran = self.stage.run(*words)
                self.assertEqual((ran.code, ran.errors), (0, ""))
                self.assertRegex(ran.out, expected)
        self.assertFalse((self.stage.state / "logs").exists())

    def test_wrong_settings_are_all_named(self) -> None:
        ran = self.stage.run(CI_TIMEOUT="soon", CI_PORT_MCP="0")
        self.assertEqual(ran.code, 2)
        for name in ("CI_TIMEOUT", "CI_PORT_MCP"):
            self.assertIn(name, ran.errors)

    def test_outside_of_a_checkout_the_error_has_a_remedy(self) -> None:
        ran = self.stage.run("--repo", str(self.stage.root / "tools"))
        self.assertEqual(ran.code, 2)
        self.assertIn("--repo", ran.errors)


class Summary(OnStage):
    def told(self) -> dict[str, Any]:
        """Return what summary.json of HEAD tells of the run as a whole."""
        found = json.loads((self.stage.log_dir() / "summary.json").read_text())
        return {name: value for name, value in found.items() if name != "jobs"}

    def test_version_is_told_by_the_flag_the_log_and_the_summary(self) -> None:
        told = self.stage.run("--version")
        self.assertEqual((told.code, told.out), (0, f"pipeline.py {version.full()}\n"))
        self.stage.run("--only-jobs", "lint-python")
        self.assertIn(f", runner {version.full()}\n", self.stage.log())
        summary = json.loads((self.stage.log_dir() / "summary.json").read_text())
        self.assertEqual(summary["runner"], version.full())

    def test_run_of_a_commit_tells_its_tree(self) -> None:
        self.stage.run("--only-jobs", "lint-python")
        tree = self.stage.git(self.stage.repo, "rev-parse", "HEAD^{tree}")
        facts = {"tree": tree, "dirty": False, "in_place": False, "whole": False}
        self.assertEqual(self.told(), {**self.told(), **facts})
        self.assertEqual(self.told()["selection"]["only_jobs"], ["lint-python"])
        self.stage.run()
        self.assertIs(self.told()["whole"], True)

    def test_run_in_place_reports_the_tree_with_uncommitted_changes(self) -> None:
        (self.stage.repo / "new").write_text("text\n")
        self.stage.run("--in-place", "--only-jobs", "lint-python", "--only-testcases", "test_x")
        told = self.told()
        facts = {"dirty": True, "in_place": True, "whole": False}
        self.assertEqual(told, {**told, **facts})
        self.assertEqual(told["filter"]["only_testcases"], "test_x")
        self.stage.git(self.stage.repo, "add", "--all")
        self.assertEqual(told["tree"], self.stage.git(self.stage.repo, "write-tree"))

    def test_state_directory_in_the_checkout_is_no_change_of_the_tree(self) -> None:
        self.stage.variables["CI_STATE_DIR"] = str(self.stage.repo / "state")
        clean = self.stage.git(self.stage.repo, "rev-parse", "HEAD^{tree}")
        for changed in (False, True):
            if changed:
                (self.stage.repo / "file").write_text("changed\n")
            self.stage.run("--in-place", "--only-jobs", "lint-python")
            sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
            logs = self.stage.repo / "state" / "logs" / sha
            told = json.loads((logs / "summary.json").read_text())
            self.assertIs(told["dirty"], changed)
            if changed:
                self.stage.git(self.stage.repo, "add", "--", "file")
            self.assertEqual(told["tree"], self.stage.git(self.stage.repo, "write-tree"))
        self.assertNotEqual(told["tree"], clean)

    def test_run_in_place_of_a_tree_that_git_cannot_hash_says_so_and_goes_on(self) -> None:
        self.stage.git(self.stage.repo, "init", "-q", "inner")  # without a commit
        ran = self.stage.run("--in-place", "--only-jobs", "lint-python")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)
        self.assertIn("NOTE  the hash of the tree is not known", ran.out)
        self.assertEqual((self.told()["tree"], self.told()["dirty"]), (None, True))

    def test_run_says_running_before_it_prepares_the_tree(self) -> None:
        seen = self.stage.root / "seen"
        script = f"#!/bin/sh\ncp {self.stage.log_dir()}/summary.json {seen}\necho 1\n"
        (self.stage.root / "tools" / "uv").write_text(script)  # asked for its version
        self.stage.run("--only-jobs", "lint-python")
        early = json.loads(seen.read_text())
        self.assertEqual((early["state"], early["exit_code"], early["jobs"]), ("running", None, []))
        self.assertEqual(early["sha"], self.told()["sha"])
        self.assertEqual(self.told()["state"], "ended")

    def test_branch_is_that_of_head_unless_named(self) -> None:
        for words, branch in (([], "main"), (["HEAD", "other"], "other")):
            self.stage.run(*words, "--only-jobs", "lint-python")
            summary = json.loads((self.stage.log_dir() / "summary.json").read_text())
            self.assertEqual(summary["branch"], branch)


if __name__ == "__main__":
    unittest.main()
