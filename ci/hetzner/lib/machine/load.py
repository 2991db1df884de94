"""Reads the load of this machine: the load average, and on Linux the pressure.

Source: proc(5), Documentation/accounting/psi.rst of the kernel. Unaware of jobs and limits.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lib.model.result import Load

PRESSURE = Path("/proc/pressure")
SOME = re.compile(r"^some avg10=([0-9.]+)", re.MULTILINE)


def load(directory: Path = PRESSURE) -> Load:
    """Return the load of this moment; an unknown figure is None."""
    return Load(
        average=os.getloadavg()[0],
        cpu=_some(directory / "cpu"),
        memory=_some(directory / "memory"),
    )


def _some(path: Path) -> float | None:
    """Return the percentage of the last 10 s in which a process waited, None if unknown."""
    try:
        match = SOME.search(path.read_text())
    except OSError:  # no Linux, no such file, or switched off (psi=0: EOPNOTSUPP)
        return None
    return float(match[1]) if match else None
