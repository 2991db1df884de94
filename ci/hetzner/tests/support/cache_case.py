"""A cache in a directory of its own, asked and filled as the runner does."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, NamedTuple

from lib.model.job import Job
from lib.processes.cache_protocol import CacheAnswer, CacheRequest
from lib.storage.cache import Cache

PROGRAM = Path(__file__).parents[2] / "lib" / "storage" / "cache_program.py"


class Ran(NamedTuple):
    """The end of a run of the program, and its answer."""

    code: int
    output: str
    errors: str
    answer: CacheAnswer


class CacheTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name)
        self.store = self.cwd / "store"
        self.known = ""  # the key that was answered last
        self.warnings = io.StringIO()
        redirect = contextlib.redirect_stderr(self.warnings)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)

    def cache(self, key: str = "echo k", path: str = "art", max_bytes: int | None = None) -> Cache:
        return Cache(key, path, "store", cwd=self.cwd, max_bytes=max_bytes)

    def ask(self, action: str, cache: Cache, said: str = "", **fields: Any) -> Ran:
        """Have the program do it for a job, as the runner does."""
        job = Job("a", **{"cmd": "true", "cache": cache, **fields})
        env = {**os.environ, **job.env}
        with contextlib.closing(
            CacheRequest(job, env, action, key=self.known, said=said)
        ) as request:
            done = subprocess.run(
                request.command,
                env=request.env,
                cwd=self.cwd,
                pass_fds=[request.handle],
                capture_output=True,
                text=True,
                errors="surrogateescape",
                check=False,
            )
            answer = request.answer()
            self.known = answer.key
        return Ran(done.returncode, done.stdout, done.stderr, answer)

    def write(self, text: str, path: str = "art") -> None:
        (self.cwd / path).write_text(text)

    def read(self, path: str = "art") -> str:
        return (self.cwd / path).read_text()
