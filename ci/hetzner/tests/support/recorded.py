"""A history of runs that a fake executor played."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from lib.model.durations import Timings
from tests.support.fakes import Played


def record(path: Path, *runs: Played) -> Timings:
    """Let a history listen to runs, and return its record of them."""
    for number, played in enumerate(runs):
        listener = History(path)
        for event in played.events:
            listener(event)
        unwritten = listener.write(RunFields(f"run-{number}", "sha", exit_code=played.code))
        if unwritten:
            raise AssertionError(unwritten)
    return timings(path)


class Recorded(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "history.db")
