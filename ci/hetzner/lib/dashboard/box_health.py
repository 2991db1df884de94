"""How the box is: its queue, its worker, its disk, its last success. Cheap, for health checks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from lib.commit_queue import worker_presence
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import State
from lib.common import disk, version
from lib.common.plain_text import one_line, size
from lib.configuration.service_settings import ServiceSettings


class Health(NamedTuple):
    """The state of a box. Bytes; times in seconds since the epoch; None: not known."""

    version: str
    waiting: int = 0
    running: int = 0
    mode: str = ""
    why: str = ""  # the reason of the mode
    message: str = ""
    held_up: bool = False  # nothing starts, though no person wants that
    worker: bool = False  # a worker lives
    last_success: float | None = None
    stale: bool = False  # no success for longer than CI_STALE_HOURS
    free: int | None = None
    watermark: int = 0
    unreadable: str = ""  # why the queue cannot be read, '' if it can

    @property
    def full(self) -> bool:
        """Whether no run may start, since the disk has too little room."""
        return self.free is not None and self.free < self.watermark

    @property
    def well(self) -> bool:
        """Whether a push would become a run."""
        return self.worker and not (self.full or self.held_up or self.unreadable)


def look(settings: ServiceSettings, queue: QueueReader) -> Health:
    """Return how the box is now; nothing that fails keeps the rest from being told."""
    state = settings.base.state_dir
    health = Health(
        version.full(),
        worker=_worker_lives(state),
        free=_free(state),
        watermark=settings.base.free_bytes,
    )
    try:
        counts = queue.counts()
        passed = queue.entries(states={State.PASSED}, limit=1)
        mode, why, message = queue.mode(), queue.why(), queue.message()
        held_up = bool(queue.held_up())
    except OSError as error:
        return health._replace(unreadable=str(error))
    last = passed[0].ended if passed else None
    return health._replace(
        waiting=counts[State.WAITING],
        running=counts[State.RUNNING],
        mode=mode,
        why=one_line(why),
        message=message,
        held_up=held_up,
        last_success=last,
        stale=last is None or time.time() - last > settings.stale_seconds,
    )


def problems(health: Health) -> tuple[str, ...]:
    """Return a sentence for each thing that keeps pushes from becoming runs."""
    found = []
    if health.unreadable:
        found.append(f"The queue cannot be read: {health.unreadable}")
    if health.full and health.free is not None:
        found.append(
            f"The disk is full: {size(health.free)} are free, a run needs "
            f"{size(health.watermark)}. `pipeline.py gc` removes what is no longer used."
        )
    if health.message:
        found.append(health.message)
    if health.mode == "paused":
        found.append(
            f"The queue is paused{_in_brackets(health.why)}: `pipeline.py queue resume` goes on."
        )
    if health.mode == "draining":
        why = _in_brackets(health.why)
        found.append(f"The queue drains{why}: the current run ends, and no other starts.")
    if not health.worker and not health.unreadable:
        found.append("No worker runs. `pipeline.py queue worker` starts one.")
    return tuple(found)


def _in_brackets(why: str) -> str:
    return f" ({why})" if why else ""


def _worker_lives(state_dir: Path) -> bool:
    try:
        return bool(worker_presence.holder(state_dir))
    except OSError:
        return False


def _free(directory: Path) -> int | None:
    try:
        return disk.free(directory)
    except OSError:
        return None
