"""Finds what runs on buckaroo keep beside their own directories and no longer use."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from lib.buckaroo import environments
from lib.buckaroo.settings import Settings
from lib.common import waste
from lib.common.waste import Waste
from lib.leftovers import stale_checkouts
from lib.run_directories.retention import DAY, Limits


def limits(config: Settings) -> Limits:
    """Return the bounds of the store of these settings."""
    return Limits(config.keep_days, config.keep_runs, config.keep_bytes)


def find(config: Settings, now: float) -> Iterator[Waste]:
    """Yield directories of checkouts, and environments, that are no longer used.

    `now` is in seconds since the epoch. Raises OSError.
    """
    yield from stale_checkouts.find(config.state_dir, config.keep_days, now)
    for path, used in sorted(environments.shared(config.venvs_dir).items()):
        if now - used > config.keep_days * DAY:
            why = f"unused for more than {config.keep_days:g} days"
            remove = functools.partial(environments.remove, path, used)
            yield Waste(path, waste.disk_usage(path), why, remove)
