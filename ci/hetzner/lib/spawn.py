"""Starts one process as the leader of its own session and group. Knows no job.

Of its own session, since a process can change its group only within its session (setpgid(2)):
nothing that descends from it can pass for a child of the runner's program.

Not with `preexec_fn`: that forbids vfork, costs ten times as much, and may deadlock beside
threads. Priority and processor affinity are inherited from the *thread* that starts a process
(on Linux both belong to threads, sched(7)), so a thread takes them on first: they are in force
before the program runs and for all of its children.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple


class Placement(NamedTuple):
    """Where and how urgently a process runs: an increment of niceness, and processors (or any)."""

    nice: int = 0
    cpus: Collection[int] = ()


class Spawned(NamedTuple):
    """A started process, and what of its placement the system did not permit."""

    process: subprocess.Popen[bytes]
    refused: list[str]


def spawn(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    log: int,
    placement: Placement,
    program: str | None = None,
) -> Spawned:
    """Start `argv` with both outputs going to the descriptor `log`. Raises OSError.

    `program` is the path of what `argv[0]` names, if it has been looked up already.
    """

    def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            executable=program if command is argv else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )

    if not placement.nice and not placement.cpus:
        return Spawned(start(argv), [])
    if sys.platform != "linux":
        return _spawn_by_command(argv, placement, start)
    return _spawn_from_thread(argv, placement, start)


def absolute(name: str, path: str) -> str | None:
    """Return where a program is on PATH; None if only a search from its directory can tell.

    Looked up once, it costs its many users nothing; exec(3) would try each directory each time.
    """
    for directory in path.split(os.pathsep):
        if not directory.startswith("/"):
            return None
        candidate = f"{directory}/{name}"
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):  # noqa: PTH113
            return candidate
    return None


Start = Callable[[Sequence[str]], "subprocess.Popen[bytes]"]


def _spawn_by_command(argv: Sequence[str], placement: Placement, start: Start) -> Spawned:
    refused = ["cpus: this system has no processor affinity"] if placement.cpus else []
    prefix = ["nice", "-n", str(placement.nice)] if placement.nice else []
    return Spawned(start([*prefix, *argv]), refused)


def _spawn_from_thread(argv: Sequence[str], placement: Placement, start: Start) -> Spawned:
    refused: list[str] = []
    outcome: list[subprocess.Popen[bytes] | BaseException] = []

    def work() -> None:
        try:
            refused.extend(_take_on(placement))
            outcome.append(start(argv))
        except BaseException as error:  # noqa: BLE001 - carried over to the calling thread
            outcome.append(error)

    thread = threading.Thread(target=work, name="spawn")
    thread.start()
    thread.join()
    result = outcome[0]
    if isinstance(result, BaseException):
        raise result
    return Spawned(result, refused)


def _take_on(placement: Placement) -> list[str]:
    """Give the calling thread this placement; return what was not permitted."""
    refused = []
    if placement.nice:
        nice = os.getpriority(os.PRIO_PROCESS, 0) + placement.nice
        try:
            os.setpriority(os.PRIO_PROCESS, 0, max(-20, min(19, nice)))
        except OSError as error:
            refused.append(f"nice {placement.nice}: {error.strerror}")
    if placement.cpus:
        try:
            os.sched_setaffinity(0, placement.cpus)
        except (OSError, OverflowError, ValueError) as error:  # no such processor, or number
            wanted = ", ".join(map(str, sorted(placement.cpus)))
            refused.append(f"cpus {wanted}: {getattr(error, 'strerror', error)}")
    return refused
