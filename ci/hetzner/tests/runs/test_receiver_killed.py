"""The receiver is killed again and again while deliveries come in: none is lost, none is twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections import Counter

import webhook
from lib.common import program_end
from tests.support.receiver_process import ReceiverCase, ask, status
from tests.support.webhook_case import pushed, request

KILLS, CLIENTS = 200, 10
MOST = 20  # answers that a receiver gives before its end
LATEST = 0.005  # seconds from there to its end


class Killed(ReceiverCase):
    def test_each_delivery_that_was_taken_is_in_the_queue_once(self) -> None:
        chance = random.Random(12)
        self.address = (self.address[0], free_port(chance))
        os.environ.update(self.environ())  # each test module has a process of its own
        self.taken: dict[int, bytes] = {}
        self.failed: set[int] = set()
        asyncio.run(self.under_fire(chance))
        receiver = self.fork()
        try:
            asyncio.run(self.redeliver(receiver))
        finally:
            os.kill(receiver, signal.SIGKILL)
            os.waitpid(receiver, 0)
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
            receiver = self.fork()
            await self.until_it_serves(receiver)
            wanted = len(self.taken) + chance.randrange(MOST)
            while len(self.taken) < wanted:
                await asyncio.sleep(0.001)
            await asyncio.sleep(chance.uniform(0, LATEST))
            os.kill(receiver, signal.SIGKILL)
            os.waitpid(receiver, 0)
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
        while os.waitpid(receiver, os.WNOHANG) == (0, 0):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(*self.address)
                writer.close()
                return
            await asyncio.sleep(0.002)
        self.fail(f"the receiver has ended: {self.log.read_text()}")

    def fork(self) -> int:
        """Start a receiver without the time that its imports take; return its pid."""
        if pid := os.fork():
            return pid
        try:
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.closerange(3, 4096)  # the connections of the clients
            sys.argv = ["webhook.py", "--without-reads", "--port", str(self.address[1])]
            program_end.run(webhook.main)
        finally:
            os._exit(70)


def free_port(chance: random.Random) -> int:
    """Return a port below those of clients: one that got this port would reach itself."""
    while True:
        port = chance.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def sha(number: int) -> str:
    return f"{number + 1:040x}"
