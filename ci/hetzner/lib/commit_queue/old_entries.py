"""Finds what a queue no longer needs: entries that ended long ago, deliveries, and their logs."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import OPEN
from lib.commit_queue.store import CommitQueue
from lib.common import waste
from lib.common.plain_text import counted
from lib.common.waste import Waste

DAY = 86_400.0  # seconds
OF_ENTRY = re.compile(
    r"(?:entry-)?([0-9]{1,15})\.(?:lock|(?:prepare\.)?log(?:\.[0-9]+)?|[0-9a-f]{8}\.name)", re.ASCII
)


def find(state_dir: Path, days: float, now: float) -> Iterator[Waste]:
    """Yield what is older than some days; `now` is in seconds since the epoch. Raises OSError."""
    if not paths.database(state_dir).exists():
        return
    before, why = now - days * DAY, f"older than {days:g} days"
    with contextlib.closing(CommitQueue(state_dir)) as queue:
        old = queue.count_old(before)
        open_ids = {str(entry.id) for entry in queue.entries(states=OPEN, limit=ALL)}
    if old:
        forget = functools.partial(_forget, state_dir, before)
        yield Waste(paths.database(state_dir), 0, f"{counted(old, 'row')} {why}", forget)
    for path in sorted(paths.directory(state_dir).glob("*")):
        found = OF_ENTRY.fullmatch(path.name)
        if found and found[1] not in open_ids and path.lstat().st_mtime < before:
            remove = functools.partial(waste.tree, path)
            yield Waste(path, waste.disk_usage(path), why, remove)


def _forget(state_dir: Path, before: float) -> bool:
    with contextlib.closing(CommitQueue(state_dir)) as queue:
        queue.forget(before)
    return True
