"""5,000 signed deliveries from 50 clients: each is answered, and none is lost."""

from __future__ import annotations

import asyncio
import random
import statistics
import unittest

from tests.support.receiver_process import ReceiverCase, ask_all, status
from tests.support.webhook_case import pushed, request

DELIVERIES, CLIENTS = 5000, 50


class Load(ReceiverCase):
    def test_no_delivery_is_lost(self) -> None:
        self.start()
        shas = [f"{random.Random(number).getrandbits(160):040x}" for number in range(DELIVERIES)]
        requests = [
            request(pushed(after=sha, ref=f"refs/heads/b{number % 97}"), delivery=f"d-{number}")
            for number, sha in enumerate(shas)
        ]
        answers = asyncio.run(ask_all(self.address, requests, CLIENTS))
        self.assertEqual({status(answer) for answer, _ in answers}, {202})
        entries = self.queue.entries(limit=2 * DELIVERIES)
        self.assertEqual(sorted(entry.sha for entry in entries), sorted(shas))
        told = sorted(int(answer.rpartition(b" ")[2]) for answer, _ in answers)
        self.assertEqual(told, sorted(entry.id for entry in entries))
        cuts = [1000 * cut for cut in statistics.quantiles((took for _, took in answers), n=100)]
        print(f"{DELIVERIES} deliveries of {CLIENTS} clients: ", end="")
        print(f"p50 {cuts[49]:.0f} ms, p90 {cuts[89]:.0f} ms, p99 {cuts[98]:.0f} ms")


if __name__ == "__main__":
    unittest.main()
