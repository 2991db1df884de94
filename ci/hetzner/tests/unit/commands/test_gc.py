"""The command gc tells what goes, and removes it only if it is told to."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
import unittest
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from lib.commands import gc
from lib.commands.site import Site
from lib.common.waste import Waste
from lib.run_directories import cleaning
from lib.run_directories.retention import Limits
from lib.run_directories.run_store import RunStore


class Gc(unittest.TestCase):
    def setUp(self) -> None:
        self.store = Path(self.enterContext(tempfile.TemporaryDirectory()))
        began = time.time() - 100 * 86_400
        with mock.patch("time.time", return_value=began), RunStore(self.store).begin("", "") as run:
            (run.path / "ci.log").write_text("x")
            self.old = run.path
        with RunStore(self.store).begin("", "") as run:
            (run.path / "ci.log").write_text("x")

    def call(self, *words: str, **more: Any) -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        gc.arguments(parser)
        site = Site(self.store, [], list, lambda _: 0, **more)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = gc.main(parser.parse_args(words), site)
        return code, out.getvalue()

    def test_dry_run_tells_each_thing_and_removes_none(self) -> None:
        before = sorted(self.store.rglob("*"))
        code, told = self.call("--dry-run")
        self.assertEqual(code, 0)
        self.assertRegex(told, rf"kB  {self.old}  older than 30 days\n1 thing would be removed, ")
        self.assertLessEqual(set(before), set(self.store.rglob("*")))

    def test_things_are_removed_and_their_sum_is_told(self) -> None:
        code, told = self.call()
        self.assertEqual(code, 0)
        self.assertRegex(told, rf"{self.old}  older than 30 days\n1 thing removed, .*kB freed\n$")
        self.assertFalse(self.old.exists())
        self.assertEqual(self.call(), (0, "0 things removed, 0 B freed\n"))

    def test_limits_of_the_pipeline_hold_and_its_other_things_go(self) -> None:
        def more(now: float) -> Iterable[Waste]:
            yield Waste(Path("/gone\x1b[2J"), 1000, "old", lambda: True)

        code, told = self.call("--dry-run", limits=Limits(days=1000, runs=1), more_waste=more)
        self.assertEqual(code, 0)
        self.assertIn("more than 1 run", told)
        self.assertIn("1.0 kB  /gone·[2J", told)

    def test_thing_that_cannot_be_removed_is_a_note_and_the_code_1(self) -> None:
        def fail() -> bool:
            raise OSError("broken")

        things = [Waste(Path("/thing"), 0, "old", fail)]
        code, told = self.call(more_waste=lambda _: things)
        self.assertEqual(code, 1)
        self.assertIn("NOTE  /thing could not be removed: broken\n", told)

    def test_json_tells_the_same(self) -> None:
        code, told = self.call("--json", "--dry-run")
        found = json.loads(told)
        self.assertEqual((code, found["removed"], found["notes"]), (0, False, []))
        self.assertEqual([thing["path"] for thing in found["things"]], [str(self.old)])

    def test_clean_up_beside_another_is_refused_with_its_name(self) -> None:
        with cleaning.alone(self.store), self.assertRaisesRegex(OSError, "held by cleans up .*pid"):
            self.call()
        self.assertTrue(self.old.exists())


if __name__ == "__main__":
    unittest.main()
