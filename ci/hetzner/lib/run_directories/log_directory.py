"""The directory of a run's logs, which one run at a time owns, under any of its names."""

from __future__ import annotations

import contextlib
import errno
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from lib.common import locks
from lib.common.redact import shorten

LOCK = ".lock"  # in the directory, so that all of its names lead to it
WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # flock(2), and the answer of FUSE
UNLOCKED = (
    "the directory of the logs is on a file system without locks: let no other run use it meanwhile"
)
LONGEST_LABEL = 200  # characters


class DirectoryInUseError(OSError):
    """Another run owns the directory; the message names it."""


class OwnedDirectory(NamedTuple):
    """The directory of a run, and its lock; None on a file system without locks."""

    path: Path
    lock: locks.Held | None


@contextlib.contextmanager
def owned(log_dir: Path, label: str, *, timeout: float = 0) -> Iterator[OwnedDirectory]:
    """Own a directory for the length of a run.

    `label` is the name of this run for others; `timeout` are the seconds to wait for the holder.
    Raises DirectoryInUseError, OSError, and Interrupted while it waits.
    """
    with contextlib.ExitStack() as stack:
        label = shorten(label, LONGEST_LABEL)
        try:
            lock = locks.lock(log_dir / LOCK, label, timeout=timeout)
            held = stack.enter_context(lock)
        except locks.LockTimeoutError as error:
            raise DirectoryInUseError(
                f"log_dir: expected a directory of this run alone, found {log_dir} in use by "
                f"{error.holder}: wait for its end, or give this run another"
            ) from error
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            held = None
        yield OwnedDirectory(log_dir, held)


def command(redact: Callable[[str], str]) -> str:
    """Return the command of this process, without secrets."""
    return redact(shlex.join(sys.argv)) or "a run"
