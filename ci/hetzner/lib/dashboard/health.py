"""The answer on `/health`: whether a push would become a run, for watchers.

It needs no token. With a token set, only those who bring it get the words of programs and of the
system, which name hosts, users and paths.
"""

from __future__ import annotations

from lib.commit_queue.queue_reader import QueueReader
from lib.configuration.service_settings import ServiceSettings
from lib.dashboard import answers, box_health
from lib.dashboard.answers import BUSY, OK, Answer
from lib.dashboard.box_health import Health

WITHHELD = "the reason is on the first page"


def answer(settings: ServiceSettings, queue: QueueReader, *, to_reader: bool) -> Answer:
    """Return the state of the box; its status is 503 if a push would not become a run."""
    health = box_health.look(settings, queue)
    if not to_reader:
        what = "Something keeps runs from starting" if health.held_up else "There is a note"
        health = health._replace(
            message=health.message and f"{what}: {WITHHELD}.",
            unreadable=health.unreadable and WITHHELD,
        )
    return answers.as_json(fields(health), OK if health.well else BUSY)


def fields(health: Health) -> dict[str, object]:
    """Return the state as JSON; docs/schemas/health.schema.json has its form."""
    return {
        "schema": 1,
        "healthy": health.well,
        "alive": True,
        "version": health.version,
        "last_success": health.last_success,
        "stale": health.stale,
        "queue": {"waiting": health.waiting, "running": health.running},
        "mode": health.mode or None,
        "message": health.message,
        "worker": health.worker,
        "disk": {"free": health.free, "watermark": health.watermark, "full": health.full},
        "problems": list(box_health.problems(health)),
    }
