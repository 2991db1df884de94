"""Runs one helper program to its end, with a time limit, and leaves nothing of its group behind.

For git, uv and pnpm before the jobs start. Jobs themselves go through the executor. Processes that
leave the group are found by `tool_orphans`, and after a SIGKILL by their tag.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lib.common import files, interrupts
from lib.processes import environment, kill


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a program; `output` is '' if it went to a file."""

    code: int
    output: str
    errors: str


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    log: IO[bytes] | None = None,
    keep: Sequence[int] = (),
    given: bytes = b"",
) -> Done:
    """Run a program in a group of its own; both outputs go to `log` if there is one.

    It reads what is `given`, and inherits the descriptors in `keep`. Raises OSError if it cannot be
    started, subprocess.TimeoutExpired after `timeout` seconds, and Interrupted if a signal came.
    """
    with contextlib.ExitStack() as sinks:
        # no pipe: it ends only when its last holder does, and processes of the program may linger
        out, err = (log, log) if log else (sinks.enter_context(files.nameless()) for _ in range(2))
        stdin = sinks.enter_context(_filled(given)) if given else subprocess.DEVNULL
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment.tagged(env, "helper"),
            stdin=stdin,
            stdout=out,
            stderr=err,
            pass_fds=keep,
            start_new_session=True,
        )
        try:
            with interrupts.cut_short():
                _wait(process, timeout)
        finally:
            # its leftovers in the group, or the whole group after a timeout or an interrupt
            kill.kill_group(process.pid)
            process.wait()
        return Done(process.returncode, "" if log else _text(out), "" if log else _text(err))


def _wait(process: subprocess.Popen[bytes], timeout: float) -> None:
    """Wait for its end; without reaping where the system can: its group has yet to be ended."""
    if not hasattr(os, "pidfd_open"):
        process.wait(timeout)
        return
    handle = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise subprocess.TimeoutExpired(process.args, timeout)
    finally:
        os.close(handle)


def _filled(content: bytes) -> IO[bytes]:
    file = files.nameless()
    file.write(content)
    file.seek(0)
    return file


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return os.fsdecode(file.read())  # a path must keep its bytes
