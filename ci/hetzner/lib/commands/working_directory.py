"""Lets one run of a store at a time into a working directory: the outputs of its jobs are there."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from lib.common import redact
from lib.machine import turn
from lib.run_directories import log_directory


@contextlib.contextmanager
def alone(store: Path, cwd: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock of a directory for the length of a run; wait for another run that has it.

    Raises OtherRunError if this one is not to `wait`, OSError, and Interrupted while it waits.
    """
    digest = hashlib.sha256(os.fsencode(cwd.resolve())).hexdigest()[:16]
    label = redact.shorten(
        log_directory.command(redact.of_environment()), log_directory.LONGEST_LABEL
    )
    with contextlib.ExitStack() as stack:
        lock = store / "locks" / f"{digest}.lock"
        try:
            stack.enter_context(turn.taken([lock], label, store, wait=wait))
        except OSError as error:
            if error.errno not in log_directory.WITHOUT_LOCKS:
                raise  # the log of the run has a line on a file system without locks
        yield
