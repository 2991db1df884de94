"""Keeps wheels, each under the commit that it was built from.

Knows no job but the one that builds them; `products` decides which wheel a run takes.
"""

from __future__ import annotations

from collections.abc import Callable

from lib.buckaroo.settings import Settings
from lib.common.tree_copy import remove, replace
from lib.model import events
from lib.model.result import GOOD
from lib.storage.cache_store import CorruptError, Store

WHEELS_BOUND = 2 * 1024**3  # bytes of all wheels that are kept


class WheelKeeper:
    """Keeps the wheel under its commit the moment `build-wheel` has passed. A listener."""

    def __init__(self, config: Settings, sha: str, say: Callable[[str], None]) -> None:
        self._store = Store(config.state_dir / "wheels")
        self._wheel = config.work_dir / "wheel"
        self._sha = sha
        self._say = say

    def __call__(self, event: events.Event) -> None:
        """Store it; an error is a note, and changes no outcome."""
        if not isinstance(event, events.Finished) or event.job != "build-wheel":
            return
        if event.result.outcome not in GOOD or event.result.earlier:  # that run has kept it
            return
        try:
            self._store.put(self._sha, self._wheel, WHEELS_BOUND)
        except OSError as error:
            self._say(f"NOTE  the wheel of {self._sha} was not kept: {error}")


def missing_wheel(config: Settings, sha: str) -> str:
    """Return the reason why no kept wheel of a commit can be used; '' if one seems usable."""
    try:
        return "" if Store(config.state_dir / "wheels").find(sha) else _no_wheel(config, sha)
    except (OSError, CorruptError) as error:
        return _unusable_wheel(sha, error)


def fetch_wheel(config: Settings, sha: str) -> str:
    """Put the kept wheel of a commit in its place; return the reason if there is none, or ''."""
    store = Store(config.state_dir / "wheels")
    try:
        entry = store.find(sha)
        if entry is None:
            return _no_wheel(config, sha)
        aside = config.work_dir / "wheel-fetched"
        remove(aside)
        config.work_dir.mkdir(parents=True, exist_ok=True)
        store.fetch(entry, aside)
        replace(aside, config.work_dir / "wheel")
    except (OSError, CorruptError) as error:
        return _unusable_wheel(sha, error)
    return ""


def _no_wheel(config: Settings, sha: str) -> str:
    return (
        f"no wheel of {sha} is kept in {config.state_dir / 'wheels'}: run build-wheel on that "
        "commit first, or name another with --wheel-from"
    )


def _unusable_wheel(sha: str, error: Exception) -> str:
    return f"the wheel of {sha} cannot be used: {error}"
