"""Makes the directories of past runs, without running anything."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from lib.commands.site import Site
from lib.run_directories.run_store import RunStore

SHA = "0123456789abcdef0123456789abcdef01234567"
NAME = "20261130T101112Z-0123456"
JOB = {
    "name": "test",
    "outcome": "failed",
    "acceptable": False,
    "allowed_to_fail": False,
    "cause": "exit code",
    "reason": "exit code 3",
    "log": "/somewhere/test.log",
    "waited_for": "build",
    "started": 1.0,
    "ended": 3.5,
    "duration": 2.5,
    "attempts": [{"number": 1}, {"number": 2}],
}
SUMMARY = {
    "schema": 1,
    "state": "ended",
    "run": "r4-5",
    "sha": SHA,
    "branch": "main",
    "tree": "f" * 40,
    "dirty": True,
    "whole": False,
    "selection": {"only_jobs": ["test"], "skip_jobs": None, "no_deps": True},
    "filter": {"only_testcases": "", "first_testcases": ""},
    "exit_code": 1,
    "started_at": "2026-11-30T10:11:12+0000",
    "seconds": 4.25,
    "left": {"processes": {"difference": 2}, "sockets": {"difference": 0}},
    "jobs": [JOB],
}
LOG = """\
[10:11:12] START test
[10:11:13] RETRY test (attempt 1: exit code 3)
[10:11:13] START test (attempt 2)
[10:11:15] FAIL  test  (see /somewhere/test.log)
[10:11:15] CAUSE test: exit code 3
[10:11:16] END   exit code 1: failed in 4 s: test
"""


class WithStore(unittest.TestCase):
    """A test with a store of its own, and made-up runs in it."""

    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.store = RunStore(self.root / "store")
        self.site = Site(self.store.directory, ["python3", "p.py"], lambda: [], lambda _: 0)

    def make(
        self,
        summary: object = SUMMARY,
        files: dict[str, str | bytes] | None = None,
        name: str = NAME,
    ) -> Path:
        """Make the directory of a run; `summary` is text, or a value of JSON."""
        path = self.store.directory / "runs" / name
        path.mkdir(parents=True)
        text = summary if isinstance(summary, str) else json.dumps(summary)
        content: dict[str, Any] = {"summary.json": text, "ci.log": LOG, "test.log": "one\ntwo\n"}
        for file, data in (content | (files or {})).items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data if isinstance(data, bytes) else data.encode())
        return path
