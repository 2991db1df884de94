"""Runs on several checkouts at once: they share environments, and no tree."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from lib.buckaroo import environments, settings
from tests.support.commit_stage import HETZNER, OnStage
from tests.support.waiting import PATIENCE

# uv makes an environment whose ruff shows a file of the tree in which it is called
UV = """#!/bin/bash
[[ $1 == sync ]] || exit 0
echo "$UV_PROJECT_ENVIRONMENT" >>"$UV_CALLS"
bin=$UV_PROJECT_ENVIRONMENT/bin
mkdir -p "$bin"
sleep 0.2 # long enough for the other run to come
printf '#!/bin/sh\\n{ echo 3.13 >&3; } 2>/dev/null; exit 0\\n' >"$bin/python"
printf '#!/bin/sh\\ncat file\\n' >"$bin/ruff"
chmod +x "$bin"/*
"""


class Together(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.calls = self.stage.root / "uv-calls"
        self.stage.variables["UV_CALLS"] = str(self.calls)
        (self.stage.root / "tools" / "uv").write_text(UV)
        for body in ("prepare_python", "lint_python"):
            self.body(body, f'exec bash {HETZNER}/jobs/{body}.sh "$@"')
        self.body("test_js", "cat file")
        for name in environments.LOCKED_BY:
            (self.stage.repo / name).write_text("the lock\n")
        self.stage.commit("first")

    def body(self, name: str, text: str) -> None:
        (self.stage.root / "runner" / "jobs" / f"{name}.sh").write_text(f"{text}\n")

    def checkout(self, name: str) -> Path:
        """Return another checkout with a commit of its own, whose file has its name."""
        self.stage.git(self.stage.root, "clone", "-q", "origin.git", name)
        checkout = self.stage.root / name
        (checkout / "file").write_text(name)
        self.stage.git(checkout, "commit", "-qam", name)
        return checkout

    def run_together(self, *checkouts: Path) -> dict[str, str]:
        """Run two jobs on each at the same time; return the output of each run by checkout."""
        words = ("--only-jobs", "lint-python,test-js", "--repo")
        started = [self.stage.start(*words, str(checkout)) for checkout in checkouts]
        told = {}
        for checkout, process in zip(checkouts, started, strict=True):
            with process:
                out, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0, out + errors)
            told[checkout.name] = out
        return told

    def test_each_tests_its_own_tree_with_the_one_environment(self) -> None:
        checkouts = [self.checkout("one"), self.checkout("two")]
        self.run_together(*checkouts)
        for checkout in checkouts:
            sha = self.stage.git(checkout, "rev-parse", "HEAD")
            summary = json.loads((self.stage.state / "logs" / sha / "summary.json").read_text())
            outcomes = {job["name"]: job["outcome"] for job in summary["jobs"]}
            self.assertEqual((outcomes["lint-python"], outcomes["test-js"]), ("passed", "passed"))
            for job in ("lint-python", "test-js"):
                log = (self.stage.state / "logs" / sha / f"{job}.log").read_text()
                self.assertEqual(log, checkout.name)
        (made,) = self.calls.read_text().splitlines()
        venvs = settings.load({"state_dir": self.stage.state}, {}, checkouts[0]).venvs_dir
        self.assertEqual(environments.find(venvs, checkouts[0], "3.13"), Path(made))

    def test_switch_between_checkouts_makes_nothing_again(self) -> None:
        checkouts = [self.checkout("one"), self.checkout("two")]
        for _ in range(2):
            for checkout in checkouts:
                told = self.run_together(checkout)[checkout.name]
        self.assertIn("PASS  python-3.13  (restored: done before for this uv.lock)", told)
        self.assertEqual(len(self.calls.read_text().splitlines()), 1)

    def test_other_lock_leaves_the_environment_of_the_first_alone(self) -> None:
        one, two = self.checkout("one"), self.checkout("two")
        (two / "uv.lock").write_text("another lock\n")
        self.stage.git(two, "commit", "-qam", "another lock")
        self.run_together(one, two)
        self.run_together(two, one)
        made = self.calls.read_text().splitlines()
        self.assertEqual((len(made), len(set(made))), (2, 2))


if __name__ == "__main__":
    unittest.main()
