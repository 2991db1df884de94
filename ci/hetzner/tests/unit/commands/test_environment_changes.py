"""A failed run is told with what changed around it since the last green run of its branch."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import unittest

from lib.commands import show
from lib.commands.environment_changes import Changes, since_green
from tests.support.stored_runs import SUMMARY, WithStore

GREEN = {**SUMMARY, "exit_code": 0, "whole": True}
OLD, NEW = {"kernel": "6.1", "image": None}, {"kernel": "6.2", "image": "1a2b3c4"}


class EnvironmentChanges(WithStore):
    def add(self, hour: int, summary: object, environment: object) -> str:
        name = f"20261130T{hour:02}0000Z-0123456"
        self.make(summary, {"environment.json": json.dumps(environment)}, name)
        return name

    def changes(self, name: str) -> Changes:
        return since_green(self.store.find(name), self.store.runs())

    def test_compared_with_the_newest_whole_green_run_of_its_branch_before_it(self) -> None:
        self.add(1, GREEN, {"kernel": "5.0"})
        green = self.add(2, GREEN, OLD)
        self.add(3, {**GREEN, "branch": "other"}, NEW)
        self.add(4, {**GREEN, "whole": False}, NEW)
        self.add(5, SUMMARY, NEW)
        red = self.add(6, SUMMARY, NEW)
        self.add(7, GREEN, {"kernel": "7.0"})
        self.assertEqual(self.changes(red), Changes(green, ["kernel: 6.1 -> 6.2"]))

    def test_nothing_is_told_without_both_records(self) -> None:
        self.add(1, GREEN, ["odd"])
        red = self.add(2, SUMMARY, NEW)
        self.assertEqual(self.changes(red).lines, [])
        damaged = self.store.find(red).path / "environment.json"
        damaged.write_text("{")
        self.assertEqual(self.changes(red), Changes())

    def test_show_tells_them_of_a_failed_run_only(self) -> None:
        green, red = self.add(1, GREEN, OLD), self.add(2, SUMMARY, NEW)
        told = f"since {green}, the last green run of its branch:\n    kernel: 6.1 -> 6.2\n"
        self.assertIn(told, self.show(red))
        self.assertNotIn("changed around it", self.show(self.add(3, GREEN, NEW)))

    def show(self, name: str) -> str:
        given = argparse.Namespace(run=name, json=False)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(show.main(given, self.site), 0)
        return out.getvalue()


if __name__ == "__main__":
    unittest.main()
