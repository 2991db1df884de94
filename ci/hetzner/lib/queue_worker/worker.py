"""The worker of a queue, one at a time: puts its parts together, and takes them apart again."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.commit_queue.wake import Waker
from lib.common import locks, redact
from lib.common.locks import LockTimeoutError
from lib.common.sd_notify import Notifier
from lib.configuration.service_settings import ServiceSettings
from lib.github.client import Repository
from lib.github.status_reporter import StatusReporter
from lib.processes import process_table, subreaper, wait
from lib.processes.process_table import ProcessTable
from lib.processes.wait import Waiter
from lib.queue_worker import worker_lines
from lib.queue_worker.disk_watermark import DiskWatermark
from lib.queue_worker.dispatcher import RUN, Dispatcher
from lib.queue_worker.escalation import Patience
from lib.queue_worker.orphaned_commands import OrphanedCommands
from lib.queue_worker.protocol import DispatcherParts
from lib.queue_worker.run_command import RunCommand
from lib.queue_worker.run_processes import RunProcesses
from lib.queue_worker.status_poster import StatusPoster
from lib.queue_worker.worker_loop import OVER, LoopParts, WorkerLoop

# a killed worker that was about to start a command leaves a copy of its lock to that process, until
# it has become the command
LOCK_WAIT = 2.0  # seconds
BUDGET = 5.0  # seconds for one status, before those behind it wait for a while


class OtherWorkerError(OSError):
    """Another worker has this queue; the message names it."""


def work(
    settings: ServiceSettings,
    say: Callable[[str], None],
    *,
    workers: int = 1,
    once: bool = False,
    environ: Mapping[str, str] = os.environ,
    patience: Patience = RUN,
) -> int:
    """Run the entries of a queue until a signal comes; return the exit code.

    `workers` run at a time, in the given environment; one that is to end gets that `patience`. With
    `once` it ends when nothing waits and nothing runs: with 1 if something keeps the rest from
    starting. Raises OtherWorkerError and OSError.
    """

    def turn() -> int:
        return _work(settings, say, workers, once, environ, patience)

    code = turn()
    while once and code == OVER and _can_start(settings):
        try:
            code = turn()
        except OtherWorkerError:  # it has the lock now, so it sees what we have seen
            break
    return code


def _can_start(settings: ServiceSettings) -> bool:
    """Whether an entry can start that was pushed while a worker ended.

    Only a look without the lock tells: another worker that was to run it may have been refused for
    that lock, and has gone.
    """
    with contextlib.closing(CommitQueue(settings.base.state_dir, settings.protected)) as queue:
        return queue.peek() is not None


def _work(
    settings: ServiceSettings,
    say: Callable[[str], None],
    workers: int,
    once: bool,
    environ: Mapping[str, str],
    patience: Patience,
) -> int:
    """Run the entries while this process holds the lock of the worker; arguments as of `work`."""
    state_dir = settings.base.state_dir
    path = paths.worker_lock(state_dir)
    with contextlib.ExitStack() as owned:
        try:
            held = owned.enter_context(locks.lock(path, "queue worker", timeout=LOCK_WAIT))
        except LockTimeoutError as error:
            raise OtherWorkerError(
                f"expected no other worker of {state_dir}, found {error.holder}: it runs several "
                "commits at a time with --workers"
            ) from error
        queue = owned.enter_context(contextlib.closing(CommitQueue(state_dir, settings.protected)))
        _recover(queue, say)
        waiter = owned.enter_context(contextlib.closing(wait.make([])))
        table = process_table.table()
        command = RunCommand(settings.queue_command)
        runs = _runs(state_dir, command, waiter, table, say, environ, owned)
        orphaned = OrphanedCommands(state_dir, table, time.monotonic, say, patience.kill)
        statuses = StatusPoster(
            queue,
            _reporter(settings, say),
            waiter.wake,
            say,
            log_url=settings.base.log_url,
            pending=command.is_pipeline,
        )
        disk = DiskWatermark(state_dir, settings.base.free_bytes, time.monotonic)

        def obstacle() -> str:
            return orphaned.obstacle or disk.obstacle()

        parts = DispatcherParts(queue, runs, statuses, obstacle, time.monotonic, say)
        name = process_table.run_id(table, os.getpid())
        dispatcher = Dispatcher(parts, name=name, workers=workers, run=patience)
        waker = owned.enter_context(contextlib.closing(Waker(state_dir)))
        loop_parts = LoopParts(
            queue, dispatcher, runs, statuses, orphaned, waiter, waker, Notifier(), held, say
        )
        return WorkerLoop(loop_parts, once=once).run()


def _recover(queue: CommitQueue, say: Callable[[str], None]) -> None:
    """Put back what a dead worker ran: we hold the lock, so no other one lives."""
    for entry in queue.recover():
        what = "waits once more" if entry.state is State.WAITING else entry.state.value
        say(f"{worker_lines.named(entry)}: {what}, {entry.reason}")
    queue.set_message("")


def _runs(
    state_dir: Path,
    command: RunCommand,
    waiter: Waiter,
    table: ProcessTable,
    say: Callable[[str], None],
    environ: Mapping[str, str],
    owned: contextlib.ExitStack,
) -> RunProcesses:
    before = subreaper.adopt()
    owned.callback(subreaper.release, before)
    runs = RunProcesses(
        state_dir,
        command,
        waiter,
        say,
        table=table,
        subreaper=before is not None,
        environ=environ,
    )
    return owned.enter_context(contextlib.closing(runs))


def _reporter(settings: ServiceSettings, say: Callable[[str], None]) -> StatusReporter:
    base = settings.base
    repository = Repository(base.github_api_url, base.github_token, base.github_repo)
    return StatusReporter(repository, say, mask=redact.of_environment(), budget=BUDGET)
