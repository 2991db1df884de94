"""What a run ran on is written beside its logs, after the verdict, and never changes it."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from dsl import Job, Pipeline
from lib.report import environment_record
from lib.report.environment_differences import differences
from tests.support.commit_stage import OnStage
from tests.support.run_case import RunTest, tagged


class OfLibraryRuns(RunTest):
    def run_in_store(self, **options: Any) -> Path:
        store = self.cwd / "store"
        known = set(store.glob("runs/2*"))
        jobs = [Job("a", "true", requires=["git"])]
        made = Pipeline(jobs, "sha", "", store=store, cwd=self.cwd, console=self.console, **options)
        self.assertEqual(made.run(), 0)
        (run,) = set(store.glob("runs/2*")) - known
        return run

    def record(self, run: Path) -> dict[str, Any]:
        found = json.loads((run / environment_record.FILE).read_text())
        assert isinstance(found, dict)
        return found

    def test_run_in_a_store_has_the_generic_parts(self) -> None:
        first = self.record(self.run_in_store())
        self.assertEqual(set(first["tools"]), {"bash", "git"})
        self.assertEqual(first["kernel"], f"{os.uname().sysname} {os.uname().release}")
        for name in ("system", "architecture", "processors", "memory_mib", "runner"):
            self.assertTrue(first[name], name)
        self.assertEqual(differences(first, self.record(self.run_in_store())), [])

    def test_run_elsewhere_writes_none(self) -> None:
        self.run_jobs(Job("a", "true"))
        self.assertFalse((self.logs / environment_record.FILE).exists())

    def test_secrets_are_masked(self) -> None:
        secret = "do-not-show-this"
        with mock.patch.dict(os.environ, {"CI_SECRET_ZONE": secret, "TZ": secret}):
            found = self.record(self.run_in_store())
        self.assertEqual(found["time_zone"], "***")

    def test_record_that_cannot_be_made_is_a_note(self) -> None:
        with mock.patch.object(environment_record, "generic", side_effect=RuntimeError("odd")):
            run = self.run_in_store()
        self.assertIn(
            "NOTE  could not write what this run ran on: RuntimeError: odd", self.ci_log(run)
        )
        self.assertEqual(json.loads((run / "summary.json").read_text())["exit_code"], 0)

    def ci_log(self, run: Path) -> str:
        return (run / "ci.log").read_text()


class OfCommits(OnStage):
    def test_run_of_a_commit_has_tools_and_settings(self) -> None:
        self.stage.wait_for_version_of_git("lint_python")
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        found = json.loads((self.stage.log_dir() / environment_record.FILE).read_text())
        self.assertTrue(found["tools"]["git"]["version"].startswith("git version"))
        self.assertEqual(found["settings"]["timeout"], 120)
        for part in ("interpreters", "packages", "browsers"):
            self.assertIn(part, found)

    def test_tool_that_has_answered_and_lingers_has_answered(self) -> None:
        told = self.stage.root / "told"
        linger = f"echo 7.8; echo more; touch {told}; exec sleep 98{os.getpid()}"
        (self.stage.root / "tools" / "pnpm").write_text(f"#!/bin/sh\n{linger}\n")
        body = self.stage.root / "runner" / "jobs" / "lint_python.sh"
        body.write_text(f"until [ -e {told} ]; do sleep 0.01; done\n")
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        self.assertIn("pnpm: 7.8\n", (self.stage.log_dir() / "versions.txt").read_text())

    def test_slow_tool_is_not_waited_for(self) -> None:
        slow = self.stage.root / "slow"
        slow.mkdir()
        sleep = f"sleep 97{os.getpid()}"
        (slow / "pnpm").write_text(f"#!/bin/sh\nexec {sleep}\n")
        (slow / "pnpm").chmod(0o755)
        path = f"{slow}:{os.environ['PATH']}"
        self.assertEqual(self.stage.run("--only-jobs", "lint-python", PATH=path).code, 0)
        self.assertIn("pnpm: no answer\n", (self.stage.log_dir() / "versions.txt").read_text())
        self.assertEqual(tagged(sleep), [])


if __name__ == "__main__":
    unittest.main()
