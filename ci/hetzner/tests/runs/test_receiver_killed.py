"""The receiver is killed again and again while deliveries come in: none is lost, none is twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections import Counter

from tests.support.receiver_process import HERE, ReceiverCase, ask, end, status
from tests.support.webhook_case import pushed, request

NURSERY = HERE / "tests" / "support" / "receiver_nursery.py"
KILLS, CLIENTS = 100, 10
MOST = 20  # answers that a receiver gives before its end
LATEST = 0.005  # seconds from there to its end


class Killed(ReceiverCase):
    def test_each_delivery_that_was_taken_is_in_the_queue_once(self) -> None:
        chance = random.Random(12)
        self.address = (self.address[0], free_port(chance))
        self.log.touch()
        self.nursery = subprocess.Popen(
            [sys.executable, NURSERY, str(self.address[1]), self.log],
            env=self.environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(end, self.nursery)
        self.taken: dict[int, bytes] = {}
        self.failed: set[int] = set()
        asyncio.run(self.under_fire(chance))
        receiver = self.begin()
        try:
            asyncio.run(self.redeliver(receiver))
        finally:
            os.kill(receiver, signal.SIGKILL)
        entries = self.queue.entries(limit=10**6)
        self.assertEqual({n for n, c in Counter(e.sha for e in entries).items() if c > 1}, set())
        self.assertEqual({e.sha for e in entries}, {sha(number) for number in self.taken})
        told = {
            sha(number): int(answer.rpartition(b" ")[2]) for number, answer in self.taken.items()
        }
        self.assertEqual(told, {e.sha: e.id for e in entries})
        print(
            f"{KILLS} kills: {len(self.taken)} deliveries, {len(self.failed)} of them redelivered"
        )
        self.assertGreater(len(self.failed), KILLS / 10)  # or no kill has hit anything

    async def under_fire(self, chance: random.Random) -> None:
        """Deliver from many clients while receivers are started and killed."""
        self.next, self.over = 0, False
        clients = [asyncio.create_task(self.client()) for _ in range(CLIENTS)]
        for _ in range(KILLS):
            receiver = self.begin()
            await self.until_it_serves(receiver)
            wanted = len(self.taken) + chance.randrange(MOST)
            while len(self.taken) < wanted and lives(receiver):
                await asyncio.sleep(0.001)
            await asyncio.sleep(chance.uniform(0, LATEST))
            os.kill(receiver, signal.SIGKILL)
            while lives(receiver):  # it holds the port
                await asyncio.sleep(0.001)
        self.over = True
        await asyncio.gather(*clients)

    async def client(self) -> None:
        while not self.over:
            number, self.next = self.next, self.next + 1
            while not await self.deliver(number) and not self.over:
                self.failed.add(number)
                await asyncio.sleep(0.01)

    async def deliver(self, number: int) -> bool:
        """Return whether a delivery was taken."""
        payload = pushed(after=sha(number), ref=f"refs/heads/b{number % 50}")
        answer = await ask(self.address, request(payload, delivery=f"d-{number}"))
        if status(answer) == 202:
            self.taken[number] = answer
        return status(answer) == 202

    async def redeliver(self, receiver: int) -> None:
        """Deliver what has no answer yet, as GitHub does when it is asked to."""
        await self.until_it_serves(receiver)
        for number in set(range(self.next)) - self.taken.keys():
            self.assertTrue(await self.deliver(number), self.log.read_text())

    async def until_it_serves(self, receiver: int) -> None:
        while lives(receiver):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(*self.address)
                writer.close()
                return
            await asyncio.sleep(0.002)
        self.fail(f"the receiver has ended: {self.log.read_text()}")

    def begin(self) -> int:
        """Start a receiver; return its pid."""
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write("\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())


def lives(pid: int) -> bool:
    """Whether there is a process of this number; the nursery leaves no dead ones."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port(chance: random.Random) -> int:
    """Return a port below those of clients: one that got this port would reach itself."""
    while True:
        port = chance.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def sha(number: int) -> str:
    return f"{number + 1:040x}"
