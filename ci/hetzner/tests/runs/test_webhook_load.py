"""5,000 signed deliveries from 50 clients: each is answered, and none is lost."""

from __future__ import annotations

import os
import random
import statistics
import unittest

from tests.support.load_client import deliver_all
from tests.support.receiver_process import ReceiverCase, end, status
from tests.support.webhook_case import pushed, request

DELIVERIES, CLIENTS = 5000, 50


class Load(ReceiverCase):
    def test_no_delivery_is_lost(self) -> None:
        receiver = self.start()
        shas = [f"{random.Random(number).getrandbits(160):040x}" for number in range(DELIVERIES)]
        requests = [
            request(pushed(after=sha, ref=f"refs/heads/b{number % 97}"), delivery=f"d-{number}")
            for number, sha in enumerate(shas)
        ]
        answers = deliver_all(self.address, requests, CLIENTS)
        self.assertEqual({status(answer) for answer, _ in answers}, {202})
        entries = self.queue.entries(limit=2 * DELIVERIES)
        self.assertEqual(sorted(entry.sha for entry in entries), sorted(shas))
        told = sorted(int(answer.rpartition(b" ")[2]) for answer, _ in answers)
        self.assertEqual(told, sorted(entry.id for entry in entries))
        before = cpu_of_children()
        end(receiver)
        used = 1000 * (cpu_of_children() - before)
        cuts = [1000 * cut for cut in statistics.quantiles((took for _, took in answers), n=100)]
        print(f"{DELIVERIES} deliveries of {CLIENTS} clients: ", end="")
        print(f"p50 {cuts[49]:.0f} ms, p90 {cuts[89]:.0f} ms, p99 {cuts[98]:.0f} ms; ", end="")
        print(f"the receiver's CPU time: {used / DELIVERIES:.2f} ms each")


def cpu_of_children() -> float:
    """Return the seconds of CPU time of the children that have been waited for."""
    used = os.times()
    return used.children_user + used.children_system


if __name__ == "__main__":
    unittest.main()
