"""Runs a program and measures its cost. Knows no workload and no peer."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LOOK = 0.02  # seconds between looks at a program's memory


class Cost(NamedTuple):
    """The cost of one run of a program.

    `cpu` are the seconds and `memory` is the peak in bytes of the program itself, without its
    children.
    """

    wall: float
    cpu: float
    memory: int


class ProgramError(Exception):
    """A measured program failed: its time means nothing."""


class Sample(NamedTuple):
    """The state of a running program: its CPU seconds and its number of wake-ups."""

    cpu: float
    woken: int


def cpu_clock(pid: int) -> int:
    """Return the id of a process' CPU clock, which a zombie still has (clock_getcpuclockid(3)).

    As Linux makes it: the inverted pid, and 2 for scheduled time.
    """
    return (~pid << 3) | 2


def measure(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Cost:
    """Run a program to its end. Raises ProgramError."""
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            memory = _peak_until_end(process.pid)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        wall = time.perf_counter() - began
        cpu = time.clock_gettime(cpu_clock(process.pid))
        if process.wait():
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-500:]
            raise ProgramError(f"{argv[0]}: exit code {process.returncode}: {said}")
    return Cost(wall, cpu, memory)


def measure_between(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], first: float, last: float
) -> tuple[Sample, Sample]:
    """Run a program; return its state `first` and `last` seconds after its start."""
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    began = time.monotonic()
    samples = []
    for moment in (first, last):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        samples.append(
            Sample(
                time.clock_gettime(cpu_clock(process.pid)),
                _status(process.pid)["voluntary_ctxt_switches"],
            )
        )
    code = process.wait()
    if code:
        raise ProgramError(f"{argv[0]}: exit code {code}")
    return samples[0], samples[1]


def _peak_until_end(pid: int) -> int:
    """Wait for a process to end; return the peak of its memory in bytes, as last seen.

    Not from wait4(2): a child that was started by vfork begins with the peak of its parent.
    """
    if sys.platform != "linux":
        raise OSError("expected Linux, which tells of the memory of a process")
    peak = 0
    handle = os.pidfd_open(pid)
    try:
        while not select.select([handle], [], [], LOOK)[0]:
            peak = _status(pid).get("VmHWM", peak)
    finally:
        os.close(handle)
    return peak * 1024


def _status(pid: int) -> dict[str, int]:
    """Return the numbers of /proc/<pid>/status: kibibytes and counts (proc(5))."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        first = value.split()[:1]
        if first and first[0].isdigit():
            found[name] = int(first[0])
    return found
