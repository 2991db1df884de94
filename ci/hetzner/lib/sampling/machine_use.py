"""Reads how busy the machine is, from counters of the kernel in files that stay open.

/proc/stat counts the machine, also within a container. Source: proc_stat(5), proc_meminfo(5).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lib.sampling.sample_lines import MachineRow

PROC = Path("/proc")
HEAD = 512  # bytes of each file: the lines that count are the first
TOTAL = re.compile(rb"^MemTotal: +(\d+) kB", re.MULTILINE)
AVAILABLE = re.compile(rb"^MemAvailable: +(\d+) kB", re.MULTILINE)
IDLE, IOWAIT, GUEST = 3, 4, 8  # columns of /proc/stat; guests are counted among the users, too


class MachineUse:
    """The use of the machine since the look before; `close` must be called. Raises OSError."""

    def __init__(self, proc: Path = PROC) -> None:
        self._stat = os.open(proc / "stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._meminfo = os.open(proc / "meminfo", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self._stat)
            raise
        self._before = self._ticks()
        self._last = (0.0, 0.0)  # the shares at the last look

    def look(self, at: float) -> MachineRow:
        """Return the shares since the look before, or those of it if no tick has come since.

        Raises OSError, and ValueError for counters of another form.
        """
        now = self._ticks()
        gone = [max(0, after - before) for after, before in zip(now, self._before, strict=True)]
        if total := sum(gone):
            self._before = now
            # one of the two may run back a little: the kernel says so of iowait
            self._last = (1 - (gone[IDLE] + gone[IOWAIT]) / total, gone[IOWAIT] / total)
        used = self._memory(TOTAL) - self._memory(AVAILABLE)
        return MachineRow(at, *self._last, max(0, used))

    def memory_size(self) -> int:
        """Return the bytes of memory. Raises OSError, ValueError."""
        return self._memory(TOTAL)

    def close(self) -> None:
        """Close the files."""
        os.close(self._stat)
        os.close(self._meminfo)

    def _ticks(self) -> list[int]:
        words = os.pread(self._stat, HEAD, 0).partition(b"\n")[0].split()
        if len(words) <= GUEST or words[0] != b"cpu":
            raise ValueError(f"expected a line of counters in /proc/stat, found {words}")
        return list(map(int, words[1 : GUEST + 1]))

    def _memory(self, line: re.Pattern[bytes]) -> int:
        match = line.search(os.pread(self._meminfo, HEAD, 0))
        if match is None:
            raise ValueError("expected the memory of the machine in /proc/meminfo, found none")
        return int(match[1]) * 1024
