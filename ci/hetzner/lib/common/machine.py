"""Reads how many processors and how much memory this process may use. Knows no job.

Processors are bounded by affinity (sched(7), cpusets too) and by the quota of the control group
that we are in and of all above it, memory by their limits: cgroups(7), in the kernel's
documentation admin-guide/cgroup-v2 and, for version 1, scheduler/sched-bwc and
cgroup-v1/memory. A quota is rounded to the nearest number of processors, as nproc(1) does from
coreutils 9.8 on, and is at least one.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/")
MIB = 1024 * 1024


class Machine(NamedTuple):
    """Processors, and MiB of memory."""

    cpus: int
    memory: int

    def pools(self) -> dict[str, int]:
        """Return the default pools of a pipeline."""
        return {"cpu": self.cpus, "memory": self.memory}

    def cpu(self, of_16: int) -> dict[str, int]:
        """Return the processors of a job that takes `of_16` of sixteen.

        In proportion, and at least one, so that no machine is too small.
        """
        return {"cpu": max(1, of_16 * self.cpus // 16)}

    def mib(self, count: int) -> dict[str, int]:
        """Return a need of so many MiB, half of the memory at most.

        So a service and the job that it serves fit beside each other on any machine.
        """
        return {"memory": min(count, self.memory // 2)}


def this() -> Machine:
    """Return the share of this machine that we may use."""
    return Machine(cpus(), max(1, memory() // MIB))


class _Group(NamedTuple):
    """The directory of a control group, ours or one above it, and the version of its files."""

    directory: Path
    version: int


def cpus(root: Path = ROOT) -> int:
    """Return how many processors we may keep busy, at least one. `root` is that of /proc."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = min(map(_quota, _groups(root, "cpu")), default=math.inf)
    return count if quota == math.inf else max(1, min(count, int(quota + 0.5)))


def memory(root: Path = ROOT) -> int:
    """Return how many bytes of memory we may use. `root` is that of /proc."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *map(_limit, _groups(root, "memory"))])


def _quota(group: _Group) -> float:
    """Return the processors that a group may keep busy; infinite without a quota."""
    if group.version == 1:
        quota = _word(group.directory / "cpu.cfs_quota_us")
        period = _word(group.directory / "cpu.cfs_period_us")
    else:
        quota, _, period = _word(group.directory / "cpu.max").partition(" ")
    if not quota.isdecimal() or not period.isdecimal() or not int(period):
        return math.inf  # `max`, -1, or a controller that is not there
    return int(quota) / int(period)


def _limit(group: _Group) -> int:
    """Return the bytes that a group may use; a great number without a limit."""
    name = "memory.limit_in_bytes" if group.version == 1 else "memory.max"
    limit = _word(group.directory / name)
    return int(limit) if limit.isdecimal() else 1 << 63


def _groups(root: Path, controller: str) -> Iterator[_Group]:
    """Yield the groups that bound us, from ours up to the top that can be seen."""
    paths = _own_paths(root)
    for line in _word(root / "proc/self/mountinfo").splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.partition(" ")
        if kind == "cgroup2":
            version, path = 2, paths.get("")
        elif kind == "cgroup" and controller in options.split(" ")[-1].split(","):
            version, path = 1, paths.get(controller)
        else:
            continue
        if path is not None:
            top, place = map(_unescaped, fields.split(" ")[3:5])
            for directory in _upwards(root / place.lstrip("/"), top, path):
                yield _Group(directory, version)


def _own_paths(root: Path) -> dict[str, str]:
    """Return our path in the hierarchy of each controller; '' is the one of version 2."""
    paths: dict[str, str] = {}
    for line in _word(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    return paths


def _upwards(place: Path, top: str, path: str) -> Iterator[Path]:
    """Yield the directories of a group and of all above it, below a mount of `top` at `place`.

    A path that does not begin with `top` belongs to another name space, as in a container.
    """
    below = Path(path).relative_to(top) if Path(path).is_relative_to(top) else Path()
    steps = [] if ".." in below.parts else below.parts
    for count in range(len(steps), -1, -1):
        yield place.joinpath(*steps[:count])


def _unescaped(text: str) -> str:
    """Return a path of mountinfo, where blanks are octal numbers (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _word(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return path.read_text().strip()
    return ""
