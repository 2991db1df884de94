"""Describes a tree of processes that hangs: state and wait channel of each, and its ports.

Reads a bounded number of processes and waits for none: proc(5). A Python program prints its stacks
by itself if it gets the right signal, see `termination_signal`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lib.common.redact import shorten
from lib.processes import ports
from lib.processes.process_table import Proc, ProcessTable

HEAD = "--- out of time; its processes are:"
MOST = 50  # processes in the report
WIDTH = 300  # characters of a command
NO_CORE = 1  # bytes: too few for a core file, and no program is started for one (core(5))


def lines(table: ProcessTable, members: Sequence[Proc], redact: Callable[[str], str]) -> list[str]:
    """Return lines about the processes of a tree, parents first, and about their ports."""
    found = [HEAD, f"{'PID':>9} STATE {'AGE':>8} {'WAITS IN':<20} COMMAND"]
    depths: dict[int, int] = {}
    shown = list(itertools.islice(members, MOST))
    for process in shown:
        depths[process.pid] = depth = depths.get(process.ppid, -1) + 1
        command = shorten(table.command(process.pid), WIDTH, redact)
        found.append(
            f"{process.pid:>9} {process.state:<5} {_age(process):>8} "
            f"{_waits_in(process.pid):<20} {'  ' * depth}{command}"
        )
    if len(members) > MOST:
        found.append(f"{'…':>9} and {len(members) - MOST} more")
    found += [
        f"{pid:>9} listens on port {each.port} of {each.address}"
        for pid, each in ports.held(process.pid for process in shown)
    ]
    return found


def termination_signal(process: Proc) -> int:
    """Return the signal that ends a hung process: TERM, or ABRT for some Pythons.

    faulthandler (its documentation; on by PYTHONFAULTHANDLER, in pytest always) answers ABRT with
    the stacks of all threads on the standard error, and lets it end the program. If TERM would end
    the program without a word, nothing is lost; a core file is not wanted.
    """
    if sys.platform != "linux" or not _is_python(process.pid):
        return signal.SIGTERM
    caught, ignored, blocked = (_signals(process.pid, f"Sig{which}") for which in _SETS)
    if signal.SIGABRT not in caught or signal.SIGABRT in blocked:
        return signal.SIGTERM
    if signal.SIGTERM in caught | ignored | blocked:
        return signal.SIGTERM
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.prlimit(process.pid, resource.RLIMIT_CORE)
        none = NO_CORE if most == resource.RLIM_INFINITY else min(NO_CORE, most)
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (none, none))
    return signal.SIGABRT


_SETS = ("Cgt", "Ign", "Blk")  # of /proc/<pid>/status: caught, ignored, blocked


def _is_python(pid: int) -> bool:
    try:
        program = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - it may say `(deleted)`
    except OSError:
        return False
    return os.path.basename(program).startswith("python")  # noqa: PTH119


def _signals(pid: int, name: str) -> set[int]:
    """Return a set of signals of a process; empty if it is gone."""
    for line in _words(f"/proc/{pid}/status").splitlines():
        key, _, mask = line.partition(":")
        if key == name:
            return set(_bits(int(mask, 16)))
    return set()


def _bits(mask: int) -> Iterator[int]:
    for number in range(1, mask.bit_length() + 1):
        if mask >> (number - 1) & 1:
            yield number


def _age(process: Proc) -> str:
    """Return its age, such as `12.3 s`; `-` if it is unknown."""
    uptime = _words("/proc/uptime").split()
    if not uptime:
        return "-"
    return f"{max(0.0, float(uptime[0]) - process.started / os.sysconf('SC_CLK_TCK')):.1f} s"


def _waits_in(pid: int) -> str:
    """Return the kernel function that it waits in; `-` while it runs, or for another user's."""
    found = _words(f"/proc/{pid}/wchan").strip()
    return found if found not in ("", "0") else "-"


def _words(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""
