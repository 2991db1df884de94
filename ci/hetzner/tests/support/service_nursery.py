#!/usr/bin/env python3
"""Starts the services of a box without the time that their imports take: one for each line read.

`service_nursery.py PORT` answers the lines `receiver` and `worker` with the process id of a fork of
its own, which has all modules loaded and calls the program as its unit of systemd does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pipeline
import webhook
from lib.common import program_end
from lib.dashboard import application
from lib.github import client
from lib.processes import wait_pidfd
from lib.queue_commands import front
from lib.queue_worker import worker

LOADED = (application, client, front.load("worker"), wait_pidfd, worker)  # loaded late elsewhere


def main(port: str) -> None:
    programs: dict[str, tuple[Callable[[Sequence[str]], int], list[str]]] = {
        "receiver": (webhook.main, ["webhook.py", "--port", port]),
        "worker": (pipeline.main, ["pipeline.py", "queue", "worker", "--workers", "2"]),
    }
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        program, sys.argv = programs[line.strip()]
        program_end.run(program)


if __name__ == "__main__":
    main(sys.argv[1])
