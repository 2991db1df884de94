"""The program that the benchmark times runs in each of its modes of views."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HETZNER = Path(__file__).resolve().parents[3]


class Views(unittest.TestCase):
    def test_run_with_views_without_them_and_views_alone_tell_their_seconds(self) -> None:
        for mode in ("views", "bare", "reports"):
            with self.subTest(mode), tempfile.TemporaryDirectory() as place:
                Path(place, "tasks.tsv").write_text("a\t\ttrue\nb\ta\ttrue\n")
                words = [sys.executable, str(HETZNER / "benchmarks" / "run_tasks.py"), "2", mode]
                env = {**os.environ, "PYTHONPATH": str(HETZNER)}
                done = subprocess.run(
                    words,
                    cwd=place,
                    env=env,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertGreater(float(Path(place, "seconds").read_text()), 0)


if __name__ == "__main__":
    unittest.main()
