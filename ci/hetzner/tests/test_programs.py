"""Programs are looked up where the job will be."""

from __future__ import annotations

import io
import os
import tempfile
import unittest
from pathlib import Path

from dsl import Job, Pipeline
from lib import programs


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        for name in ("bin/tool", "here", "bin/data"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/bin/sh\necho found\n")
            path.chmod(0o644 if name == "bin/data" else 0o755)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir("/")

    def found(self, name: str, path: str) -> bool:
        return programs.find(name, {"PATH": path}, self.root) is not None

    def test_entries_and_paths_that_are_relative_count_from_the_jobs_directory(self) -> None:
        for name, path in (
            ("tool", "bin"),
            ("tool", f"/nowhere:{self.root}/bin"),
            ("tool", "../" + self.root.name + "/bin"),
            ("here", ""),
            ("here", "/nowhere:"),
            ("bin/tool", "/nowhere"),
            ("./here", ""),
            (f"{self.root}/here", "/nowhere"),
        ):
            self.assertTrue(self.found(name, path), (name, path))

    def test_what_a_job_could_not_start_is_not_found(self) -> None:
        for name, path in (
            ("tool", ""),
            ("data", "bin"),
            ("bin", "."),
            ("bin/data", ""),
            ("x", ""),
        ):
            self.assertFalse(self.found(name, path), (name, path))

    def test_what_is_found_can_be_started_and_what_is_not_cannot(self) -> None:
        tool = Job("tool", ["tool"], requires=["tool"], env={"PATH": "bin:/usr/bin:/bin"})
        path = Job("path", ["./here"], requires=["./here"])
        self.assertEqual(self.outcomes(tool, path), "passed passed")
        outside = Job("outside", ["tool"], requires=["tool"])
        self.assertEqual(self.outcomes(outside), "failed")
        self.assertEqual(self.outcomes(outside, env={"PATH": "bin:/usr/bin:/bin"}), "passed")

    def outcomes(self, *jobs: Job, env: dict[str, str] | None = None) -> str:
        ran = Pipeline(
            jobs, "s", "b", self.root / "logs", cwd=self.root, env=env, console=io.StringIO()
        )
        ran.run()
        return " ".join(str(ran.results[job.name].outcome) for job in jobs)


if __name__ == "__main__":
    unittest.main()
