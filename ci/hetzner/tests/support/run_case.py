"""Runs pipelines with real processes in a directory of their own."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from dsl import Job, Pipeline
from lib.processes import process_table

HERE = Path(__file__).resolve().parents[2]
LINUX = sys.platform == "linux"


def tagged(marker: str) -> list[int]:
    """Return the living processes whose command line holds the marker."""
    look = process_table.table()
    own = os.getpid()
    return [p.pid for p in look.all() if p.alive and p.pid != own and marker in look.command(p.pid)]


class RunTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name).resolve()
        self.logs = self.cwd / "logs"
        self.console = io.StringIO()

    def pipeline(self, *jobs: Job, **options: Any) -> Pipeline:
        options = {"cwd": self.cwd, "grace": 0.3, "timeout": 60, **options}
        return Pipeline(list(jobs), "sha", "main", self.logs, console=self.console, **options)

    def run_jobs(self, *jobs: Job, **options: Any) -> tuple[int, str]:
        made = self.pipeline(*jobs, **options)
        code = made.run()
        return code, " ".join(f"{n}={r.outcome}" for n, r in made.results.items())

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()

    def sleeper(self, number: str = "") -> str:
        """Return a sleep whose seconds are unique to this test, to be found by."""
        return f"sleep 98{abs(hash(self.id())) % 10**6:06}{number}"
