"""Runs tests/boxed.py in namespaces of its own: own processes, own /tmp (unshare(1)).

The runner kills by name and removes files there, so nothing of this machine may be in reach.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PYTHON = Path(sys.executable).resolve()  # not an environment's, which may be below /tmp
ENTER = r"""
set -euo pipefail
mount --rbind "$1" /mnt
mount -t tmpfs none /tmp
cd /mnt
"$PYTHON" -m unittest -v tests.boxed
"""


class RealBox(unittest.TestCase):
    def test_runs_on_a_box(self) -> None:
        namespaces = ["-Urmp", "--fork", "--kill-child", "--mount-proc"]
        variables = {n: v for n, v in os.environ.items() if not n.startswith(("CI_", "TMP"))}
        done = subprocess.run(
            ["unshare", *namespaces, "bash", "-c", ENTER, "bash", str(HERE)],
            env=variables | {"PYTHON": str(PYTHON), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        print(done.stdout)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"(?m)^Ran [1-9]\d* tests? in ")


if __name__ == "__main__":
    unittest.main()
