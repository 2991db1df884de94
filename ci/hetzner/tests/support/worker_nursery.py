#!/usr/bin/env python3
"""Starts workers of a queue without the time that Python needs to start: one for each line read.

A worker is a fork of this process, which has all modules loaded; its pid is printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lib.commands import program
from lib.common import program_end
from lib.configuration import service_settings
from lib.github import client
from lib.processes import wait_pidfd
from lib.queue_worker import worker

LOADED = (client, wait_pidfd)  # modules that a worker loads late


def main() -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            become_worker()
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


def become_worker() -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def work() -> int:
        return worker.work(service_settings.load(), lambda line: print(line, flush=True), workers=2)

    program_end.run(lambda _: program.run(work, "worker"))


if __name__ == "__main__":
    main()
