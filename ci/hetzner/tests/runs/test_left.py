"""A run in a store says what it left on the machine; a run elsewhere does not count it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import unittest
from typing import Any

from dsl import Job, Pipeline
from lib.model import events
from tests.support.run_case import RunTest


class Left(RunTest):
    def run_once(self, **place: Any) -> tuple[dict[str, Any], list[events.Left]]:
        seen: list[events.Event] = []
        made = Pipeline(
            [Job("a", "echo $PPID")],
            "sha",
            "main",
            cwd=self.cwd,
            console=self.console,
            listeners=[seen.append],
            **place,
        )
        self.assertEqual(made.run(), 0)
        (summary,) = self.cwd.rglob("summary.json")
        told = json.loads(summary.read_text())
        return told, [event for event in seen if isinstance(event, events.Left)]

    def test_amounts_before_and_after_are_in_the_summary(self) -> None:
        summary, (event,) = self.run_once(store=self.cwd / "store")
        left = summary["left"]
        self.assertIn("disk_free_bytes", left)
        self.assertEqual(event.amounts, {name: each["difference"] for name, each in left.items()})
        for each in left.values():
            self.assertEqual(each["difference"], each["after"] - each["before"])

    def test_a_run_in_a_directory_of_its_caller_counts_nothing(self) -> None:
        summary, told = self.run_once(log_dir=self.logs)
        self.assertNotIn("left", summary)
        self.assertEqual(told, [])

    def test_amounts_of_a_run_are_in_the_history(self) -> None:
        summary, _ = self.run_once(store=self.cwd / "store")
        with contextlib.closing(sqlite3.connect(self.cwd / "store" / "history.db")) as opened:
            ((kept,),) = opened.execute("SELECT leftovers FROM runs").fetchall()
        left = {name: each["difference"] for name, each in summary["left"].items()}
        self.assertEqual(json.loads(kept), left)


if __name__ == "__main__":
    unittest.main()
