"""A pipeline of three jobs, for the tests of selections."""

from __future__ import annotations

import io
import tempfile
import unittest

from dsl import Job, Pipeline


class ThreeJobs(unittest.TestCase):
    """`lint`, `build` and `test`, which needs `build`."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        jobs = [Job("lint", "true"), Job("build", "true"), Job("test", "true", ["build"])]
        self.pipeline = Pipeline(
            jobs, "s", "b", directory.name + "/log", cwd=directory.name, console=io.StringIO()
        )
