#!/usr/bin/env python3
"""Receives GitHub's webhooks, queues their commits, and shows readers the runs of the box.

`webhook.py [--host HOST] [--port PORT]` serves with a server of its own; any WSGI server serves the
same application, `gunicorn webhook:app` for one. `pipeline.py queue worker` runs what is queued.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__" and sys.flags.safe_path:  # then Python leaves out where we are (-P)
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib.commit_queue.store import CommitQueue
from lib.common import interrupts, own_environ, program_end, sd_notify
from lib.configuration import service_settings
from lib.configuration.service_settings import ServiceSettings, SettingsError
from lib.receiver import service
from lib.receiver.application import Application, not_found
from lib.web_server import self_check
from lib.web_server.server import Server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

HEALTH = "/health"
UNWATCHED = 3600.0  # seconds from one look to the next if systemd does not watch


def __getattr__(name: str) -> Application:
    """Return `app`, made when a WSGI server asks for it first (PEP 562). Raises SettingsError."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = application(_settings())
    return made


def application(settings: ServiceSettings, *, reads: bool = True) -> Application:
    """Return the application of these settings. Raises SettingsError, OSError."""
    queue = CommitQueue(settings.base.state_dir, settings.protected)
    return service.receiver(settings, queue, _pages(settings, queue) if reads else not_found)


def _settings(
    state_dir: str | None = None, extra: Mapping[str, str] | None = None
) -> ServiceSettings:
    """Return the settings; from now on no job can read this process' secrets in /proc."""
    found = service_settings.load(state_dir, {**os.environ, **(extra or {})})
    own_environ.hide_secrets(found.base.secret_names)
    return found


def _pages(settings: ServiceSettings, queue: CommitQueue) -> WSGIApplication:
    from lib.dashboard.application import Dashboard  # late: a box without pages needs none of it

    return Dashboard(settings, queue)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="webhook.py", description=__doc__, allow_abbrev=False)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    made.add_argument("--port", type=int, default=9000, help="(9000)")
    made.add_argument("--state-dir", metavar="DIR", help="the directory of runs and queue")
    made.add_argument(
        "--without-secret",
        action="store_true",
        help="receive webhooks of anyone: something in front of this server checks them",
    )
    made.add_argument("--without-reads", action="store_true", help="show no pages, only receive")
    return made


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal, which ends it in order: 0. Return 2 for what cannot be used."""
    given = parser().parse_args(arguments)
    extra = {"CI_WITHOUT_SECRET": "1"} if given.without_secret else {}
    try:
        settings = _settings(given.state_dir, extra)
        server = Server(
            application(settings, reads=not given.without_reads), given.host, given.port
        )
    except SettingsError as error:
        print(f"webhook.py: {error}", file=sys.stderr)
        return 2
    except (OSError, OverflowError) as error:
        print(f"webhook.py: {given.host}:{given.port}: {error}", file=sys.stderr)
        return 2
    server.start()
    print(f"receives webhooks at {server.url}webhook", flush=True)
    if not given.without_reads:
        print(f"shows pages at {server.url}", flush=True)
    serve(server, sd_notify.Notifier())
    return 0


def serve(server: Server, systemd: sd_notify.Notifier) -> None:
    """Serve until a signal; systemd hears that we live each time that the server answers us."""
    period = systemd.period or UNWATCHED
    systemd.ready(f"receives webhooks at {server.url}webhook")
    try:
        while True:
            interrupts.sleep(period)
            with interrupts.cut_short():
                answers = self_check.answers(server.address, HEALTH, period)
            if answers:
                systemd.alive()
    except interrupts.Interrupted:
        systemd.stopping()
        server.close()


if __name__ == "__main__":
    program_end.run(main)
