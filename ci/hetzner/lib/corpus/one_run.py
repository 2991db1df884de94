"""Runs the program for one commit, in a session of its own, and ends it in order if we are to end.

Its standard input is a pipe: the end of that ends the run, also if we are killed. Its answer goes
to NAME.out, which it holds locked as long as it lives, all else to NAME.log.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lib.common import files, interrupts
from lib.common.interrupts import Interrupted
from lib.processes import kill

UNTIL_TERM, UNTIL_KILL = 30.0, 60.0  # seconds from the end of its input
MOST_READ = 20_000_000  # bytes of its output
LOOK = 0.2  # seconds between two tries to get the lock of an earlier run


class OneRun:
    """The program for a commit of this name; its files are in `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self.out = directory / f"{name}.out"
        self.log = directory / f"{name}.log"

    def wait_for_earlier(self, waiting: Callable[[], None]) -> None:
        """Wait until a run that a killed program of ours has started is gone.

        `waiting` is called once if there is one. Raises Interrupted and OSError.
        """
        try:
            handle = files.open_file(self.out, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            if not files.try_lock(handle):
                waiting()
                while not files.try_lock(handle):
                    interrupts.sleep(LOOK)
        finally:
            os.close(handle)

    def run(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, int]:
        """Run it to its end; return its exit code, 128+n after signal n, and its session.

        Raises OSError if it cannot be started, and Interrupted after it has ended.
        """
        with _begun(self.out) as out, _begun(self.log) as log:
            fcntl.flock(out, fcntl.LOCK_EX)
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )
        try:
            with interrupts.cut_short():
                process.wait()
        except Interrupted:
            _end(process)
            raise
        finally:
            _close_input(process)
        code = process.returncode
        return (128 - code if code < 0 else code), process.pid

    def output(self) -> str:
        """Return the end of what it printed on stdout. Raises OSError."""
        with os.fdopen(files.open_file(self.out, os.O_RDONLY), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_READ))
            return file.read(MOST_READ).decode(errors="replace")


@contextlib.contextmanager
def _begun(path: Path) -> Iterator[int]:
    handle = files.begin(path)
    try:
        yield handle
    finally:
        os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it by the end of its input; if that is not enough, by TERM, and its group by KILL."""
    _close_input(process)
    try:
        process.wait(UNTIL_TERM)
        return
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        process.wait(UNTIL_KILL - UNTIL_TERM)
    except subprocess.TimeoutExpired:
        kill.kill_group(process.pid)
        process.wait()


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
