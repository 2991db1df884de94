"""The modules that a start loads: each process that imports `dsl` pays for them."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

HOME = Path(__file__).resolve().parents[3]
# each takes milliseconds, and most runs need none: those that do import them where they do
SLOW = (
    "argparse", "ast", "asyncio", "dataclasses", "hashlib", "http", "inspect", "json", "logging",
    "socket", "sqlite3", "tempfile", "urllib.request", "uuid",
)  # fmt: skip
LOADED = "import sys; sys.path.insert(0, sys.argv[1]); import dsl; print(*sys.modules)"


class Start(unittest.TestCase):
    def test_importing_dsl_loads_no_module_that_takes_milliseconds(self) -> None:
        # -S: what site-packages load at each start is not ours
        command = [sys.executable, "-I", "-S", "-c", LOADED, str(HOME)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertEqual(set(SLOW) & set(done.stdout.split()), set())

    def test_importing_the_statuses_does_not_load_http(self) -> None:
        code = "import sys, lib.status; print('urllib.request' in sys.modules)"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.strip(), "False")

    def test_list_of_the_jobs_loads_nothing_that_runs_and_restores_need(self) -> None:
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); import pipeline; "
            "pipeline.main(['--list']); print(*sys.modules)"
        )
        command = [sys.executable, "-I", "-S", "-c", code, str(HOME)]
        done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=True)
        self.assertIn("test-js", done.stdout)
        loaded = set(done.stdout.splitlines()[-1].split())
        self.assertEqual(loaded & {"secrets", "sqlite3", "tempfile"}, set())


if __name__ == "__main__":
    unittest.main()
