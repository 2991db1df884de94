"""Starts receivers without the time that their imports take: one for each line of its input.

`receiver_nursery.py PORT LOG` answers each line with the process id of a receiver.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import webhook
from lib.common import program_end


def main(port: str, log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no one waits for them
    for _ in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
        else:
            receive(port, log)


def receive(port: str, log: str) -> None:
    nothing, lines = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND)
    for number, handle in enumerate((nothing, lines, lines)):
        os.dup2(handle, number)
    sys.argv = ["webhook.py", "--without-reads", "--port", port]
    program_end.run(webhook.main)


if __name__ == "__main__":
    main(*sys.argv[1:])
