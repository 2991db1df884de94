"""Two looks at the machine show what was left between them."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.machine import state as machine_state

AMOUNTS = {
    "sys/fs/file-nr": "913\t0\t9223372036854775807\n",
    "net/sockstat": "sockets: used 16\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 0\n",
    "meminfo": "MemTotal:       25165824 kB\nMemAvailable:    2048 kB\n",
}


class MachineState(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.proc, self.tmp = self.root / "proc", self.root / "tmp"
        for place in ("1", "23", "sys/fs", "net"):
            (self.proc / place).mkdir(parents=True)
        for name, text in AMOUNTS.items():
            (self.proc / name).write_text(text)
        self.tmp.mkdir()
        shared = {"tmp": str(self.tmp), "shm": str(self.root / "none")}
        self.enterContext(mock.patch.object(machine_state, "SHARED", shared))

    def measure(self, patience: float = 60) -> dict[str, int]:
        return machine_state.measure(self.root, patience, self.proc)

    def test_amounts_are_those_of_the_kernel(self) -> None:
        found = self.measure()
        self.assertEqual(
            {name: found[name] for name in ("processes", *machine_state.KERNEL_COUNTS)},
            {"processes": 2, "descriptors": 913, "sockets": 16, "memory_available_bytes": 2 << 20},
        )
        self.assertGreater(found["disk_free_bytes"], 0)

    def test_what_is_left_below_a_directory_is_counted(self) -> None:
        before = self.measure()
        (self.tmp / "a" / "b").mkdir(parents=True)
        (self.tmp / "a" / "b" / "data").write_bytes(os.urandom(100_000))
        (self.tmp / "link").symlink_to("/")
        after = self.measure()
        self.assertEqual((before["tmp_entries"], after["tmp_entries"]), (0, 2))
        self.assertEqual(before["tmp_bytes"], 0)
        self.assertGreaterEqual(after["tmp_bytes"], 100_000)
        self.assertLess(after["tmp_bytes"], 200_000)

    def test_what_takes_too_long_to_count_is_left_out(self) -> None:
        (self.tmp / "a").touch()
        found = self.measure(patience=-1)
        self.assertEqual(found["tmp_entries"], 1)
        self.assertNotIn("tmp_bytes", found)

    def test_what_a_system_does_not_tell_is_left_out(self) -> None:
        (self.proc / "net" / "sockstat").unlink()
        (self.proc / "meminfo").write_text("odd\n")
        found = self.measure()
        for name in ("sockets", "memory_available_bytes", "shm_entries", "shm_bytes"):
            self.assertNotIn(name, found)
        self.proc = self.root / "none"
        self.assertEqual(set(self.measure()), {"tmp_entries", "tmp_bytes", "disk_free_bytes"})


if __name__ == "__main__":
    unittest.main()
