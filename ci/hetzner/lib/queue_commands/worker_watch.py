"""Tells people who wait for an entry when no worker lives that could run it."""

from __future__ import annotations

import shlex

from lib.commit_queue import worker_presence
from lib.queue_commands import entry_text
from lib.queue_commands.printed_log import remark
from lib.queue_commands.site import QueueSite


class WorkerWatch:
    """Watches for the worker of a queue; if none lives, it says so at once. Raises OSError."""

    def __init__(self, site: QueueSite) -> None:
        self._site = site
        self._lives = True
        self.look()

    def look(self) -> None:
        """Say that the worker has gone, and how to start one, or that one has come."""
        lives = bool(worker_presence.holder(self._site.state_dir))
        if lives != self._lives:
            start = shlex.join(self._site.words("worker"))
            remark(entry_text.worker(self._site.state_dir, start))
            self._lives = lives
