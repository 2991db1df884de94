"""The commits of the demo, in a repository made for it whose lock files are stand-ins."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import pipeline
from lib.buckaroo import demo
from lib.buckaroo.demo import DemoRepo


class Commits(unittest.TestCase):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        path = self.state / "demo"
        demo.make_repository(path, lambda tree: (tree / "uv.lock").touch())
        made = DemoRepo(path, demo.commits(path))
        self.enterContext(mock.patch.object(demo, "prepare", return_value=made))
        tools = self.state / "tools"  # in place of those that the preparation installs
        tools.mkdir()
        for name in ("uv", "pnpm"):
            tools.joinpath(name).write_text("#!/bin/sh\n")
            tools.joinpath(name).chmod(0o755)
        search = f"{tools}{os.pathsep}{os.environ['PATH']}"
        self.enterContext(
            mock.patch.dict(os.environ, {"CI_STATE_DIR": str(self.state), "PATH": search})
        )

    def run_demo(self, *words: str) -> tuple[int, str]:
        """Return the exit code and the complaints of a view of the demo, which runs no job."""
        told = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
            return pipeline.main(["--demo", *words, "--dry-run"]), told.getvalue()

    def test_commit_that_is_not_there_is_bad_usage_and_those_that_are_there_are_named(self) -> None:
        code, told = self.run_demo("breaks-lnt")
        self.assertEqual(code, 2)
        names = ", ".join((demo.GREEN, *demo.OTHERS))
        self.assertIn(f"--demo breaks-lnt: expected a commit of the demo ({names})", told)

    def test_every_commit_is_known_by_its_name_and_by_its_sha(self) -> None:
        for name, sha in demo.commits(self.state / "demo").items():
            for revision in (name, sha, sha[:10]):
                self.assertEqual(self.run_demo(revision), (0, ""))
        self.assertEqual(self.run_demo(), (0, ""))
