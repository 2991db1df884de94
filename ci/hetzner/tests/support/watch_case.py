"""A watch of a path in a directory of its own, and a wait for its news."""

from __future__ import annotations

import math
import select
import tempfile
import time
import unittest
from pathlib import Path

from lib.outputs.inotify import Watch
from lib.outputs.polling import PollWatch

PATIENCE = 20.0  # seconds until a test that waits for news gives up


class WatchTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name)
        self.path = self.top / "out"
        self.watch = self.make()
        self.addCleanup(self.watch.close)

    def make(self) -> Watch:
        return PollWatch()

    def turn(self, link: Path) -> None:
        """Let a symlink lead to `2`, as ln(1) does with -sfn."""
        other = link.with_name("new")
        other.symlink_to("2")
        other.replace(link)

    def assert_silent(self) -> None:
        """Demand no news, by timed looks either, while no process writes."""
        for _ in range(4):
            self.assertEqual(self.watch.read(), [])
            if self.watch.interval() < math.inf:
                time.sleep(self.watch.interval())

    def news(self) -> list[str]:
        """Wait as the executor does until the watch tells of something."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            pause = min(self.watch.interval(), end - time.monotonic())
            descriptor = self.watch.fileno()
            select.select([] if descriptor is None else [descriptor], [], [], pause)
            if told := self.watch.read():
                return told
        raise AssertionError(f"nothing was told of within {PATIENCE:g} s")
