"""The use of the machine, from counters as the kernel writes them."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.sampling.machine_use import MachineUse
from lib.sampling.sample_lines import MachineRow

MEMORY = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    {} kB\nBuffers: 9 kB\n"


class Use(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.proc = Path(directory.name)
        self.write(0, 0, 0, 0)

    def write(self, *ticks: int, available: int = 400) -> None:
        """Write the counters: user, nice, system, idle, iowait and so on."""
        counters = [*ticks, 0, 0, 0, 0, 0, 0][:10]
        words = " ".join(map(str, counters))
        (self.proc / "stat").write_text(f"cpu  {words}\ncpu0 {words}\nintr 1\n")
        (self.proc / "meminfo").write_text(MEMORY.format(available))

    def use(self) -> MachineUse:
        made = MachineUse(self.proc)
        self.addCleanup(made.close)
        return made

    def test_shares_are_those_since_the_look_before(self) -> None:
        use = self.use()
        self.write(40, 5, 5, 40, 10)
        self.assertEqual(use.look(1.5), MachineRow(1.5, 0.5, 0.1, 600 * 1024))
        self.write(40, 5, 5, 140, 10, available=900)
        self.assertEqual(use.look(2.5), MachineRow(2.5, 0.0, 0.0, 100 * 1024))

    def test_look_without_a_tick_repeats_the_shares_before(self) -> None:
        use = self.use()
        self.write(75, 0, 0, 25, 0)
        self.assertEqual([use.look(1).cpu, use.look(2).cpu], [0.75, 0.75])

    def test_counter_that_runs_back_is_no_negative_share(self) -> None:
        self.write(10, 0, 0, 10, 50)
        use = self.use()
        self.write(20, 0, 0, 20, 40)
        self.assertEqual(use.look(1)[1:3], (0.5, 0.0))

    def test_time_of_guests_counts_once(self) -> None:
        use = self.use()
        self.write(50, 0, 0, 50, 0, 0, 0, 0, 50, 0)
        self.assertEqual(use.look(1).cpu, 0.5)

    def test_size_of_the_memory_is_told_in_bytes(self) -> None:
        self.assertEqual(self.use().memory_size(), 1000 * 1024)

    def test_counters_of_another_form_are_an_error(self) -> None:
        use = self.use()
        (self.proc / "meminfo").write_text("")
        with self.assertRaisesRegex(ValueError, "memory"):
            use.look(1)
        (self.proc / "stat").write_text("cpu 1\n")
        with self.assertRaisesRegex(ValueError, "counters"):
            MachineUse(self.proc)


if __name__ == "__main__":
    unittest.main()
