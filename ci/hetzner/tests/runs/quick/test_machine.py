"""The limits of a real control group."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from lib.common import machine

HETZNER = Path(__file__).resolve().parents[3]
CGROUPS = Path("/sys/fs/cgroup")
ASK = (
    "import sys; sys.path.insert(0, sys.argv[1])\n"
    "from lib.common import machine; print(machine.cpus())"
)


class Real(unittest.TestCase):
    def test_affinity_counts(self) -> None:
        if sys.platform != "linux":
            self.skipTest("this system has no processor affinity")
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            self.assertEqual((machine.cpus(), machine.this().pools()["cpu"]), (1, 1))
        finally:
            os.sched_setaffinity(0, before)

    def test_quota_of_a_real_group_counts(self) -> None:
        if machine.cpus() < 2:
            self.skipTest("needs two processors to give one away")
        unified = (CGROUPS / "cgroup.controllers").exists()
        top = CGROUPS if unified else CGROUPS / "cpu"
        group = top / f"test-granted-{os.getpid()}"
        try:
            group.mkdir()
            self.addCleanup(group.rmdir)
            if unified:
                (group / "cpu.max").write_text("100000 100000")
            else:
                (group / "cpu.cfs_quota_us").write_text("100000")
        except OSError as error:
            self.skipTest(f"this machine lets us make no control group: {error}")
        join = f'echo $$ > {group}/cgroup.procs && exec "$@"'
        argv = ["bash", "-c", join, "bash", sys.executable, "-c", ASK, str(HETZNER)]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        self.assertEqual((ran.stdout, ran.stderr), ("1\n", ""))


if __name__ == "__main__":
    unittest.main()
