"""Deliveries of webhooks: each is answered once, and queues once, however often it comes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from lib.commit_queue import pushing
from lib.commit_queue.entry import Push


def receive(
    database: sqlite3.Connection,
    delivery: str,
    push: Push,
    answer: str,
    protected: Sequence[str],
) -> str:
    """Queue the push of a new delivery, keep its answer and return it, or that of a known one."""
    ask = "SELECT answer FROM deliveries WHERE delivery = ?"
    seen = database.execute(ask, (delivery,)).fetchone()
    if seen:
        return str(seen[0])
    entry = pushing.push(database, push, protected)
    answer = answer.replace("{entry}", str(entry.id))
    row = (delivery, answer, time.time())
    database.execute("INSERT INTO deliveries VALUES (?, ?, ?)", row)
    return answer
