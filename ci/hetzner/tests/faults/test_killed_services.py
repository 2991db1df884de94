"""SIGKILL of receiver and worker at random instants, while clients deliver pushes, and cancel some.

And other trouble: services that stand still, a database that another program keeps, GitHub down.
`CI_FAULT_REPEAT` scales the number of kills (8: two hundred); `CI_FAULT_SEED` draws the instants of
another time again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sqlite3
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from lib.commit_queue import paths
from tests.support.fault_case import REPEAT
from tests.support.github_server import Reply
from tests.support.services_case import SERVICES, ServicesCase

KILLS = 25 * REPEAT  # with each Python that the faults are checked with
LATEST = 0.2  # seconds from a kill to the next
TROUBLES = 5 * REPEAT
LONGEST = 0.5  # seconds of one
FAILING = 0.1  # part of the answers of GitHub


def cut(connection: socket.socket) -> None:
    """End a connection without an answer."""
    connection.close()


ERRORS: tuple[Reply | Callable[[socket.socket], None], ...] = (
    (500, {}, b"{}"),
    (502, {}, b"<html>"),
    (429, {"Retry-After": "1"}, b"{}"),
    cut,
)


class AtRandomInstants(ServicesCase):
    def test_each_delivery_ends_once_runs_alone_and_its_commit_is_told(self) -> None:
        draw = self.draw
        instants = [(draw.uniform(0, LATEST), draw.choice(SERVICES)) for _ in range(KILLS)]

        async def kills() -> None:
            for seconds, name in instants:
                await asyncio.sleep(seconds)
                await self.kill(name)

        self.under(kills)
        self.assertGreater(self.again, KILLS / 10)  # or no kill has hit anything

    def test_other_trouble_changes_none_of_that(self) -> None:
        kinds = (self.freeze, self.freeze_and_kill, self.keep_database)
        drawn = [(self.draw.choice(kinds), self.draw.uniform(0, LONGEST)) for _ in range(TROUBLES)]

        async def troubles() -> None:
            self.chance = random.Random(self.seed)
            self.github.judge = self.github_fails
            for trouble, seconds in drawn:
                await trouble(seconds)
                await asyncio.sleep(LATEST)
            self.github.judge = lambda *_: ""

        self.under(troubles)

    async def freeze(self, seconds: float) -> None:
        """Have a service stand still for a while."""
        pid = self.pids[self.draw.choice(SERVICES)]
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    async def freeze_and_kill(self, seconds: float) -> None:
        """Kill a service that stands still, as its watchdog does."""
        name = self.draw.choice(SERVICES)
        os.kill(self.pids[name], signal.SIGSTOP)
        await asyncio.sleep(seconds)
        await self.kill(name)

    async def keep_database(self, seconds: float) -> None:
        """Keep all others from writing to the queue."""
        await asyncio.to_thread(keep, paths.database(self.state), seconds)

    def github_fails(self, *_: object) -> str:
        """Have GitHub answer this request with an error, or not at all, now and then."""
        if self.chance.random() < FAILING:
            self.github.replies.append(self.chance.choice(ERRORS))
        return ""


def keep(path: Path, seconds: float) -> None:
    """Hold the lock of those who write to a database."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)


if __name__ == "__main__":
    unittest.main()
