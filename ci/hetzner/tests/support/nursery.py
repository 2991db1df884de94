#!/usr/bin/env python3
"""Starts programs of a box without the time that their imports take.

Each line that this program reads holds the words of one, such as `pipeline.py queue worker`. It
answers with the process id of a fork of itself that has all modules loaded, and is that program.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lib.queue_worker.worker import LOCK_WAIT


class Nursery:
    """The nursery of a test, for a `with`; the programs print into `output`.

    Its workers wait `lock_wait` seconds for the lock of another one.
    """

    def __init__(
        self, environ: dict[str, str], cwd: Path, output: Path, *, lock_wait: float = LOCK_WAIT
    ) -> None:
        with output.open("w") as lines:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(lock_wait)],
                env=environ,
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=lines,
                text=True,
            )
        self._asked = threading.Lock()

    def begin(self, words: str) -> int:
        """Start a program; return its pid."""
        pipes: list[IO[str] | None] = [self._process.stdin, self._process.stdout]
        with self._asked:
            asked, told = filter(None, pipes)
            asked.write(f"{words}\n")
            asked.flush()
            return int(told.readline())

    def __enter__(self) -> Nursery:
        self._process.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.__exit__(kind, error, trace)


def lives(pid: int) -> bool:
    """Whether there is a process of this number; the nursery leaves no dead ones."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(lock_wait: str) -> None:
    import pipeline
    import webhook
    from lib.common import program_end
    from lib.dashboard import application  # noqa: F401 - these are loaded late elsewhere
    from lib.github import client  # noqa: F401
    from lib.processes import wait_pidfd  # noqa: F401
    from lib.queue_commands import front
    from lib.queue_worker import worker

    front.load("worker")
    worker.LOCK_WAIT = float(lock_wait)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.argv = shlex.split(line)
        program_end.run(webhook.main if sys.argv[0] == "webhook.py" else pipeline.main)


if __name__ == "__main__":
    main(sys.argv[1])
