"""Starts one process as the leader of its own session and group. Knows no job.

Its own session, since a process can change its group only within its session (setpgid(2)): no
descendant of it can pass for a child of the runner's program.

Not with `preexec_fn`: that forbids vfork, costs ten times as much, and may deadlock beside
threads. Priority and processor affinity are inherited from the *thread* that starts a process
(on Linux both belong to threads, sched(7)), so a thread takes them on first: they are in force
before the program runs and for all of its children. That thread lives as long as the run: a
program that asks to be ended with its parent is ended with the thread that started it
(PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from lib.processes import fork_exec
from lib.processes.environment import Environment


class Placement(NamedTuple):
    """The placement of a process: an increment of niceness, and its processors (or any)."""

    nice: int = 0
    cpus: Collection[int] = ()


ANYWHERE = Placement()


class Spawned(NamedTuple):
    """A started process, and the parts of its placement that the system refused."""

    pid: int
    refused: Sequence[str]


Start = Callable[[], int]


class Spawner:
    """Starts processes, those of one placement from one thread. `close` ends the threads."""

    def __init__(self) -> None:
        self._threads: dict[tuple[int, frozenset[int]], _PlacedThread] = {}
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Environment,
        log: int,
        placement: Placement,
        program: str | None = None,
        keep: Sequence[int] = (),
    ) -> Spawned:
        """Start `argv` with the given outputs, descriptors and program as `fork_exec` does.

        Raises OSError, ValueError, and RuntimeError where the system has no thread left.
        """

        def start(command: Sequence[str] = argv, program: str | None = program) -> int:
            return fork_exec.start(
                command, program=program, cwd=cwd, env=env, null=self._null, log=log, keep=keep
            )

        if placement == ANYWHERE:
            return Spawned(start(), ())
        if sys.platform != "linux":
            command, refused = _placed(argv, placement)
            return Spawned(start(command, program if command is argv else None), refused)
        thread = self._thread(placement)
        return Spawned(thread.call(start), thread.refused)

    def _thread(self, placement: Placement) -> _PlacedThread:
        key = placement.nice, frozenset(placement.cpus)
        if key not in self._threads:
            self._threads[key] = _PlacedThread(placement)
        return self._threads[key]

    def close(self) -> None:
        """End the threads; to be called when none of their processes is left."""
        for thread in self._threads.values():
            thread.end()
        self._threads.clear()
        if self._null >= 0:
            os.close(self._null)
        self._null = -1


def absolute(name: str, path: str) -> str | None:
    """Return the path of a program on PATH; None if that depends on the working directory.

    One look-up serves many starts; exec(3) would try each directory each time.
    """
    for directory in path.split(os.pathsep):
        if not directory.startswith("/"):
            return None
        candidate = f"{directory}/{name}"
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):  # noqa: PTH113
            return candidate
    return None


def _placed(argv: Sequence[str], placement: Placement) -> tuple[Sequence[str], list[str]]:
    """Return a command that takes a placement on by itself, and the parts that are refused."""
    refused = ["cpus: this system has no processor affinity"] if placement.cpus else []
    prefix = ["nice", "-n", str(placement.nice)] if placement.nice else []
    return [*prefix, *argv] if prefix else argv, refused


class _PlacedThread:
    """A thread that has taken a placement on, and starts processes until its end."""

    def __init__(self, placement: Placement) -> None:
        self.refused: list[str] = []
        self._asked: queue.SimpleQueue[Start | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._work, args=(placement,), name="spawn", daemon=True
        )
        self._thread.start()

    def call(self, start: Start) -> int:
        """Have the thread start a process, and wait for it. Raises the error of the start."""
        self._asked.put(start)
        result = self._done.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def end(self) -> None:
        """End the thread."""
        self._asked.put(None)
        self._thread.join()

    def _work(self, placement: Placement) -> None:
        self.refused += _take_on(placement)
        while (start := self._asked.get()) is not None:
            try:
                self._done.put(start())
            except BaseException as error:  # noqa: BLE001 - carried over to the calling thread
                self._done.put(error)


def _take_on(placement: Placement) -> list[str]:
    """Give the calling thread this placement; return the refused parts."""
    refused = []
    if placement.nice:
        nice = os.getpriority(os.PRIO_PROCESS, 0) + placement.nice
        try:
            os.setpriority(os.PRIO_PROCESS, 0, max(-20, min(19, nice)))
        except OSError as error:
            refused.append(f"nice {placement.nice}: {error.strerror}")
    if placement.cpus and sys.platform == "linux":
        try:
            os.sched_setaffinity(0, placement.cpus)
        except (OSError, OverflowError, ValueError) as error:  # no such processor, or number
            wanted = ", ".join(map(str, sorted(placement.cpus)))
            refused.append(f"cpus {wanted}: {getattr(error, 'strerror', error)}")
    return refused
