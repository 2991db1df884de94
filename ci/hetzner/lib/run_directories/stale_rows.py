"""Finds the runs in the history that may go. Imports sqlite3 only where there is a history."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from lib.common.waste import Waste
from lib.run_directories.retention import DAY, Limits

HISTORY = "history.db"  # in the store
MORE = 10  # a row is small: the history keeps this many times the runs, for its statistics
SLACK = 1.1  # by which it exceeds that before it is cut: not at the end of each run


def find(store: Path, limits: Limits, now: float) -> Iterator[Waste]:
    """Yield the history if runs in it may go. One that cannot be read stays as it is."""
    path = store / HISTORY
    if not path.exists():
        return
    import sqlite3  # late: it takes a while

    from lib.history import forgetting

    try:
        moment = now - limits.days * DAY
        if forgetting.count(path) > SLACK * MORE * limits.runs:
            moment = max(moment, forgetting.start_of(path, MORE * int(limits.runs)))
        old = forgetting.count(path, before=moment)
    except sqlite3.Error:
        return
    if old:
        remove = functools.partial(_remove, path, moment)
        yield Waste(path, 0, f"{old} of its runs are too old, or too many", remove)


def _remove(path: Path, moment: float) -> bool:
    from lib.history import forgetting

    forgetting.forget_before(path, moment)
    return True
