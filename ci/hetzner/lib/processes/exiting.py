"""Finds out whether a living process is about to end. Changes nothing."""

from __future__ import annotations

import signal
from pathlib import Path

EXITING = 0x4 | 0x400  # PF_EXITING, PF_SIGNALED in include/linux/sched.h
# they do not end a process by default (signal(7), "Standard signals")
HARMLESS = {
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
    signal.SIGSTOP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
}


def is_exiting(pid: int) -> bool:
    """Whether a process exits, or has a signal pending that ends it; False if that is unknown.

    A killed process does not end at once. Fields as in proc_pid_stat(5)
    and proc_pid_status(5).
    """
    place = Path("/proc", str(pid))
    try:
        status = (place / "status").read_text(errors="replace")
        flags = int((place / "stat").read_text(errors="replace").rpartition(")")[2].split()[6])
    except OSError:
        return False
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    pending, shared, *spared = (
        int(fields[name], 16) for name in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt")
    )
    for mask in (*spared, sum(1 << (number - 1) for number in HARMLESS)):
        shared &= ~mask
        pending &= ~mask
    return bool(flags & EXITING or pending | shared)
