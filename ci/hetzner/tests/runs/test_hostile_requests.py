"""10,000 hostile requests, and 200 slow clients meanwhile: the receiver still answers.

Nothing is queued, no file outside is shown, and descriptors and threads are back at their start.
"""

from __future__ import annotations

import asyncio
import sys
import unittest
from collections import Counter
from pathlib import Path
from random import Random

from tests.support import hostile_requests
from tests.support.receiver_process import ReceiverCase, ask, ask_all, status
from tests.support.waiting import wait_until
from tests.support.webhook_case import pushed, request

SEED, REQUESTS, CLIENTS, SLOW = 12, 10_000, 40, 200
OUTSIDE = b"not to be shown"
BEGUN = (b"", b"P", b"POST /webhook HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b")


class Hostile(ReceiverCase):
    def test_receiver_still_answers_and_queues_nothing(self) -> None:
        (self.state / "secret.txt").write_bytes(OUTSIDE)
        receiver = self.start()
        self.warm_up()
        before = self.held(receiver.pid)
        chance = Random(SEED)
        requests = [hostile_requests.made(chance) for _ in range(REQUESTS)]
        answers = asyncio.run(self.attack(requests))
        self.assertIsNone(receiver.poll(), self.log.read_text()[-2000:])
        self.assertEqual(self.queue.entries(), [])
        statuses = Counter(map(status, answers))
        print(f"{REQUESTS} hostile requests: {dict(sorted(statuses.items()))}")
        for asked, answer in zip(requests, answers, strict=True):
            self.assertNotIn(status(answer), (202, 500, 502), asked[:500])
            self.assertNotIn(OUTSIDE, answer, asked[:500])
            self.assertNotIn(b"root:", answer, asked[:500])
            self.assertNotIn(b"Traceback", answer, asked[:500])
        self.assertGreater(statuses[401], REQUESTS / 20)
        wait_until(lambda: self.held(receiver.pid) <= before, f"no more than {before} held")
        self.assertEqual(status(asyncio.run(ask(self.address, request(pushed())))), 202)
        log = self.log.read_text(errors="surrogateescape")
        self.assertEqual({c for c in log if not c.isprintable()}, {"\n"})
        self.assertNotIn("Traceback", log)

    def warm_up(self) -> None:
        """Have the receiver open what it keeps open: its queue and the pages' parts."""
        for asked in (request({}, "ping"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") * 3:
            self.assertEqual(status(asyncio.run(ask(self.address, asked))), 200)

    async def attack(self, requests: list[bytes]) -> list[bytes]:
        """Return the answers to the requests, which are sent beside slow clients."""
        slow = [asyncio.create_task(self.dawdle(number)) for number in range(SLOW)]
        answers = await ask_all(self.address, requests, CLIENTS, ends=True)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return [answer for answer, _ in answers]

    async def dawdle(self, number: int) -> None:
        """Send a byte now and then, for ever."""
        while True:
            try:
                reader, writer = await asyncio.open_connection(*self.address)
                try:
                    writer.write(BEGUN[number % len(BEGUN)])
                    while not reader.at_eof():
                        await asyncio.sleep(0.5)
                        writer.write(b"x")
                        await writer.drain()
                finally:
                    writer.close()
            except OSError:
                await asyncio.sleep(0.05)

    def held(self, pid: int) -> tuple[int, int]:
        """Return how many descriptors and threads the receiver has."""
        if sys.platform != "linux":
            return 0, 0
        descriptors, threads = (Path(f"/proc/{pid}/{name}").iterdir() for name in ("fd", "task"))
        return len([*descriptors]), len([*threads])


if __name__ == "__main__":
    unittest.main()
