"""The granted share of the machine: affinity, quotas, limits of control groups, both versions."""

from __future__ import annotations

import os
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from lib.common import machine

V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 30 0:31 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
)


class Trees(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        if hasattr(os, "sched_getaffinity"):
            many = mock.patch.object(os, "sched_getaffinity", lambda _: set(range(16)))
            self.enterContext(many)
        else:
            self.enterContext(mock.patch.object(os, "cpu_count", lambda: 16))

    def tree(self, cgroup: str, mounts: str, files: Mapping[str, str]) -> Path:
        own = {"proc/self/cgroup": cgroup, "proc/self/mountinfo": mounts}
        below = {f"sys/fs/cgroup/{path}": text for path, text in files.items()}
        for path, text in {**own, **below}.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        return self.root

    def cpus_of(self, text: str) -> int:
        return machine.cpus(self.tree("0::/a\n", V2, {"a/cpu.max": text}))

    def test_quota_is_rounded_as_nproc_does_and_is_at_least_one(self) -> None:
        told = {"50000": 1, "10000": 1, "140000": 1, "150000": 2, "200000": 2, "249999": 2}
        found = {quota: self.cpus_of(f"{quota} 100000\n") for quota in told}
        self.assertEqual(found, told)
        self.assertEqual(self.cpus_of("30000 10000\n"), 3)

    def test_no_quota_bounds_nothing(self) -> None:
        for text in ("max 100000\n", "", "nonsense", "100000 0\n"):
            self.assertEqual(self.cpus_of(text), 16, text)
        self.assertEqual(self.cpus_of("99900000 100000\n"), 16)

    def test_the_smallest_of_our_group_and_all_above_it_counts(self) -> None:
        files = {"cpu.max": "800000 100000", "a/b/cpu.max": "400000 100000", "c/cpu.max": "1 1"}
        self.assertEqual(machine.cpus(self.tree("0::/a/b/leaf\n", V2, files)), 4)
        self.assertEqual(machine.cpus(self.tree("0::/a\n", V2, files)), 8)

    def test_version_1(self) -> None:
        files = {
            "cpu,cpuacct/a/cpu.cfs_quota_us": "300000\n",
            "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "memory/m/memory.limit_in_bytes": f"{300 * machine.MIB}\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
        }
        root = self.tree("5:memory:/m\n4:cpu,cpuacct:/a/b\n0::/x\n", V1, files)
        self.assertEqual(machine.cpus(root), 3)
        self.assertEqual(machine.memory(root), 300 * machine.MIB)

    def test_memory_of_version_2_and_above(self) -> None:
        files = {"a/memory.max": f"{200 * machine.MIB}\n", "a/b/memory.max": "max\n"}
        self.assertEqual(machine.memory(self.tree("0::/a/b\n", V2, files)), 200 * machine.MIB)

    def test_container_that_sees_only_its_own_group(self) -> None:
        files = {"cpu.max": "200000 100000"}
        self.assertEqual(machine.cpus(self.tree("0::/\n", V2, files)), 2)
        self.assertEqual(machine.cpus(self.tree("0::/../outside\n", V2, files)), 2)
        bound = V2.replace(" / /sys", " /docker/1 /sys")
        self.assertEqual(machine.cpus(self.tree("0::/docker/1\n", bound, files)), 2)
        self.assertEqual(machine.cpus(self.tree("0::/elsewhere\n", bound, files)), 2)

    def test_mount_with_a_blank_in_its_name(self) -> None:
        mount = V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/with\\040blank")
        root = self.tree("0::/\n", mount, {"with blank/cpu.max": "200000 100000"})
        self.assertEqual(machine.cpus(root), 2)

    def test_system_without_control_groups_is_bounded_by_nothing(self) -> None:
        self.assertEqual(machine.cpus(self.root), 16)
        self.assertGreater(machine.memory(self.root), 0)


if __name__ == "__main__":
    unittest.main()
