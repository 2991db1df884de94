"""Keeps room on the disk of the state directory: cleans up after a run, before one if need be."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

from lib.buckaroo import stale_places
from lib.buckaroo.settings import Settings
from lib.common.plain_text import size
from lib.leftovers import half_written


def clean(config: Settings, say: Callable[[str], None]) -> None:
    """Remove old runs, and what else is no longer used; what stays all the same is a note."""
    from lib.run_directories import cleaning  # late: no job waits for it

    half_written.sweep_state(config.state_dir)
    more = functools.partial(stale_places.find, config)
    for note in cleaning.clean(config.state_dir, stale_places.limits(config), more).notes:
        say(f"NOTE  {note}")


def require(config: Settings, say: Callable[[str], None]) -> None:
    """Raise OSError if the disk has too little room for a run, after a clean-up too."""
    state, least = config.state_dir, config.free_bytes
    if _free(state) >= least:
        return
    clean(config, say)
    free = _free(state)
    if free < least:
        raise OSError(
            f"expected {size(least)} free on the disk of {state}, found {size(free)}: remove "
            "something (`pipeline.py gc` removes what the runner no longer uses), or lower "
            "CI_FREE_BYTES"
        )


def _free(path: Path) -> int:
    """Return the bytes that are free for this user, without those that are kept for root."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
