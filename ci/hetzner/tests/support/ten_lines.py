"""A pipeline of a few lines in a file of its own, run as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

HETZNER = Path(__file__).resolve().parents[2]
HEAD = f"""\
import sys
sys.path.insert(0, {str(HETZNER)!r})
from dsl import Cache, Job, Pipeline
"""
END = 'sys.exit(Pipeline(jobs, "1a2b3c4", "main", "logs", timeout=60, cwd=".").main())\n'


class TenLines(unittest.TestCase):
    """Tests of pipeline files."""

    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.file = self.root / "ci.py"

    def write(self, jobs: str, end: str = END) -> None:
        """Write the file; `jobs` is the text of a list."""
        self.file.write_text(f"{HEAD}jobs = {jobs}\n{end}")

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start the program in the directory of its file."""
        return subprocess.Popen(
            [sys.executable, "ci.py", *words],
            cwd=self.root,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ran(self, *words: str, **variables: str) -> tuple[int, str, str]:
        """Return the exit code, the output and the errors of the program."""
        with self.start(*words, **variables) as process:
            out, errors = process.communicate(timeout=60)
        return process.returncode, out, errors

    def interrupted(self, number: signal.Signals, ready: str, *words: str) -> tuple[int, str, str]:
        """Send a signal as soon as a line of the output begins so; return the same."""
        with self.start(*words) as process:
            assert process.stdout
            seen = []
            for line in process.stdout:
                seen.append(line)
                if line.partition("] ")[2].startswith(ready):
                    process.send_signal(number)
                    break
            out, errors = process.communicate(timeout=60)
        return process.returncode, "".join(seen) + out, errors

    def summary(self) -> dict[str, Any]:
        """Return the summary of the last run."""
        found: dict[str, Any] = json.loads((self.root / "logs" / "summary.json").read_text())
        return found

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each job of the last run."""
        return {job["name"]: job["outcome"] for job in self.summary()["jobs"]}
