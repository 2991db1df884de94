"""Keeps room on the disk of the state directory: cleans up after a run, before one if need be."""

from __future__ import annotations

import functools
from collections.abc import Callable

from lib.buckaroo import stale_places
from lib.buckaroo.settings import Settings
from lib.common import disk
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
    if not disk.shortage(config.state_dir, config.free_bytes):
        return
    clean(config, say)
    if shortage := disk.shortage(config.state_dir, config.free_bytes):
        raise OSError(shortage)
