"""Deliveries of webhooks: each is answered once, and queues once, however often it comes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from lib.commit_queue import moving, pushing
from lib.commit_queue.entry import Deletion, Push


def receive(
    database: sqlite3.Connection,
    delivery: str,
    change: Push | Deletion,
    answer: str,
    protected: Sequence[str],
) -> str:
    """Do what a new delivery tells, keep its answer and return it, or that of a known one."""
    ask = "SELECT answer FROM deliveries WHERE delivery = ?"
    seen = database.execute(ask, (delivery,)).fetchone()
    if seen:
        return str(seen[0])
    if isinstance(change, Deletion):
        moving.delete(database, change, protected)
    else:
        answer = answer.replace("{entry}", str(pushing.push(database, change, protected).id))
    row = (delivery, answer, time.time())
    database.execute("INSERT INTO deliveries VALUES (?, '', ?, ?)", row)
    return answer
