"""A pipeline with a store: each run makes its own directory in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dsl import Job, Pipeline
from lib.run_directories.run_store import RunStore
from tests.support.run_case import RunTest

SHA = "abc1234" + "0" * 33


class Store(RunTest):
    def in_store(self, *jobs: Job, sha: str = SHA, **options: Any) -> Pipeline:
        options = {"store": self.cwd / "store", "cwd": self.cwd, "timeout": 60, **options}
        return Pipeline(list(jobs), sha, "main", console=self.console, **options)

    def linked(self) -> Path:
        return (self.cwd / "store" / "logs" / SHA).resolve()

    def test_each_run_has_its_directory_and_owns_it_while_it_lives(self) -> None:
        see = "ls -d store/runs/*/.lock; cat store/logs/*/.lock store/logs/*/summary.json"
        made = self.in_store(Job("a", see))
        self.assertEqual([made.run(), made.run()], [0, 0])
        second, first = RunStore(self.cwd / "store").runs()
        self.assertEqual((first.state, second.state), ("passed", "passed"))
        self.assertIn("(pid ", (first.path / "a.log").read_text())
        self.assertIn('"state": "running"', (first.path / "a.log").read_text())
        self.assertEqual(self.linked(), second.path)
        told = json.loads((second.path / "summary.json").read_text())
        self.assertEqual((told["asked_for_all"], told["sha"]), (True, SHA))
        self.assertEqual(told["jobs"][0]["log"], f"{second.path}/a.log")

    def test_run_of_some_jobs_or_on_a_changed_tree_does_not_take_the_link(self) -> None:
        jobs = Job("a", "true"), Job("b", "exit 3")
        self.assertEqual(self.in_store(*jobs).run(), 1)
        red = self.linked()
        self.assertEqual(self.in_store(*jobs).run(only_jobs=["a"]), 0)
        self.assertEqual(self.in_store(jobs[0], dirty=True).run(), 0)
        self.assertEqual(len(RunStore(self.cwd / "store").runs()), 3)
        self.assertEqual(self.linked(), red)

    def test_log_lines_lead_to_the_run(self) -> None:
        self.in_store(Job("a", "exit 3"), log_url="https://box/").run()
        (run,) = RunStore(self.cwd / "store").runs()
        log = (run.path / "ci.log").read_text()
        self.assertIn(f"FAIL  a  (see https://box/{run.name}/a.log)", log)

    def test_store_takes_the_place_of_log_dir_and_one_of_them_is_needed(self) -> None:
        self.assertEqual(self.in_store(Job("a", "true"), log_dir=self.logs).run(), 0)
        self.assertFalse(self.logs.exists())
        with self.assertRaisesRegex(ValueError, "log_dir: expected .*or store=DIR .*pass one"):
            self.in_store(Job("a", "true"), store=None)
        with self.assertRaisesRegex(ValueError, "store: expected the path of a directory, found 3"):
            self.in_store(Job("a", "true"), store=3)
