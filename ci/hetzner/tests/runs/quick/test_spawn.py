"""Processes are started where and how urgently they were placed, by a parent that stays."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

from dsl import Job, Pipeline
from lib.processes.environment import Environment
from lib.processes.spawn import Placement, Spawner

LINUX = sys.platform == "linux"


@unittest.skipUnless(LINUX, "elsewhere nice(1) takes the placement on")
class TestSpawner(unittest.TestCase):
    def setUp(self) -> None:
        self.spawner = Spawner()
        self.addCleanup(self.spawner.close)

    def spawn(self, *argv: str, **placement: Any) -> int:
        """Start a program and return its exit code."""
        with Path(os.devnull).open("wb") as log:
            spawned = self.spawner.spawn(
                argv,
                cwd="/",
                env=Environment.of(os.environ),
                log=log.fileno(),
                placement=Placement(**placement),
            )
        _, status = os.waitpid(spawned.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def test_placement_has_one_thread_until_the_end(self) -> None:
        before = threading.active_count()
        for _ in range(3):
            for nice in (1, 2):
                self.assertEqual(self.spawn("true", nice=nice), 0)
        self.assertEqual(self.spawn("true"), 0)
        self.assertEqual(threading.active_count(), before + 2)
        self.spawner.close()
        self.assertEqual(threading.active_count(), before)

    def test_program_that_cannot_be_started_raises_as_without_a_placement(self) -> None:
        for placement in ({}, {"nice": 1}):
            with self.assertRaises(FileNotFoundError):
                self.spawn("/no/such/program", **placement)
        self.assertEqual(self.spawn("true", nice=1), 0)

    @unittest.skipUnless(shutil.which("setpriv"), "needs setpriv(1)")
    def test_program_that_asks_to_end_with_its_parent_lives_on(self) -> None:
        if sys.platform != "linux":
            self.skipTest("affinity belongs to Linux")
        cpu = min(os.sched_getaffinity(0))
        jobs = [
            Job(
                f"{field}{n}",
                ["setpriv", "--pdeathsig", "KILL", "sleep", ".05"],
                nice=5 if field == "nice" else 0,
                cpus=[cpu] if field == "cpus" else [],
            )
            for n in range(10)
            for field in ("nice", "cpus")
        ]
        with tempfile.TemporaryDirectory() as logs:
            ran = Pipeline(
                jobs, "s", "b", Path(logs), cwd="/", console=io.StringIO(), max_parallel=4
            )
            self.assertEqual(ran.run(), 0, {n: r.reason for n, r in ran.results.items()})


if __name__ == "__main__":
    unittest.main()
