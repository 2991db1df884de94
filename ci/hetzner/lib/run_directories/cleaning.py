"""Cleans a store up after a run: one process at a time, within a budget of seconds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lib.common import locks, waste
from lib.common.waste import Removed, Waste
from lib.run_directories import stale_rows, stale_runs
from lib.run_directories.retention import Limits

BUDGET = 5.0  # seconds at the end of a run; the next one goes on
LOCK = Path("locks", "retention.lock")  # in the store
Find = Callable[[float], Iterable[Waste]]  # gets the time in seconds since the epoch


def clean(
    store: Path, limits: Limits, more: Find = lambda _: (), *, budget: float = BUDGET
) -> Removed:
    """Remove what may go from a store, then what `more` finds; nothing if another process does.

    It raises nothing: what cannot be removed is a note.
    """
    try:
        with alone(store):
            stale_runs.take_over_old(store)
            return waste.remove(find(store, limits, more), budget)
    except locks.LockTimeoutError:
        return Removed([], [])
    except Exception as error:  # noqa: BLE001 - no clean-up stops a run
        return Removed([], [f"{store} could not be cleaned up: {error}"])


def alone(store: Path) -> contextlib.AbstractContextManager[locks.Held]:
    """Hold the lock of all clean-ups of a store. Raises LockTimeoutError at once, OSError."""
    return locks.lock(store / LOCK, "cleans up", timeout=0)


def find(store: Path, limits: Limits, more: Find = lambda _: ()) -> Iterator[Waste]:
    """Yield what may go. Raises OSError."""
    now = time.time()
    yield from stale_runs.find(store, limits, now)
    yield from stale_rows.find(store, limits, now)
    yield from more(now)
