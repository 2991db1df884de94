"""What the machine has to share out: processors, and memory in MiB. Unaware of jobs."""

from __future__ import annotations

from typing import NamedTuple

from lib.common import granted

MIB = 1024 * 1024


class Machine(NamedTuple):
    """Processors, and MiB of memory."""

    cpus: int
    memory: int

    def pools(self) -> dict[str, int]:
        """Return the pools that a pipeline has unless it is given others."""
        return {"cpu": self.cpus, "memory": self.memory}

    def cpu(self, of_16: int) -> dict[str, int]:
        """Return what a job takes of the processors that takes `of_16` where there are sixteen.

        In proportion, and at least one, so that no machine is too small.
        """
        return {"cpu": max(1, of_16 * self.cpus // 16)}

    def mib(self, count: int) -> dict[str, int]:
        """Return a need of so many MiB, half of the memory at most.

        So a service and whoever it serves fit beside each other however little there is.
        """
        return {"memory": min(count, self.memory // 2)}


def this() -> Machine:
    """Return as much as we may use of the machine that we run on."""
    return Machine(granted.cpus(), max(1, granted.memory() // MIB))
