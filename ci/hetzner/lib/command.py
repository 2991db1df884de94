"""Runs one helper program to its end, with a time limit, and leaves nothing of its group behind.

For git, uv and pnpm before the jobs start. Jobs themselves go through the executor. What leaves
the group is found by `strays`, and after a SIGKILL by the tag that is given here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lib import environment, interrupts


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended; `output` is '' where it went to a file."""

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
) -> Done:
    """Run a program in a group of its own; both outputs go to `log` if there is one.

    Raises OSError if it cannot be started, subprocess.TimeoutExpired after `timeout` seconds, and
    Interrupted if a signal came.
    """
    target = subprocess.PIPE if log is None else log
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=environment.tagged(env, "helper"),
        stdin=subprocess.DEVNULL,
        stdout=target,
        stderr=target,
        process_group=0,
    )
    try:
        with interrupts.cut_short():
            output, errors = process.communicate(timeout=timeout)
    finally:
        # what it left in its group, or all of it after a timeout or an interrupt
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return Done(process.returncode, _text(output), _text(errors))


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")
