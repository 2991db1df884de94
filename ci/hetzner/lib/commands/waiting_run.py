"""Ends a run that waits for its turn: it has no directory yet, only an entry in the register."""

from __future__ import annotations

import os
import signal
import time

from lib.commands import answer
from lib.common import interrupts, signal_names
from lib.common.interrupts import Interrupted
from lib.common.plain_text import printable
from lib.machine import register as machine_register
from lib.machine.live_run import LiveRun
from lib.processes import kill, process_table, runner_process
from lib.processes.process_table import Proc, ProcessTable
from lib.run_directories.run_store import RunStore

PAUSE, PATIENCE = 0.1, 30.0  # seconds between two looks, and until the last one


def chosen(store: RunStore, pid: int | None) -> LiveRun | None:
    """Return the waiting run of a store with this pid; without one, the only run that there is.

    None if there is no waiting run, or one that has begun. Raises LookupError for a pid of no
    waiting run, ValueError for several.
    """
    place = os.path.realpath(store.directory)  # resolve() raises for a loop of links
    found = [
        run
        for run in machine_register.live_runs()
        if run.state_dir == place and not run.log_dir and pid in (None, run.pid)
    ]
    if pid is not None and not found:
        raise LookupError(f"expected a run of {place} that waits, found none with pid {pid}")
    if pid is None and any(run.live for run in store.runs()):
        return None
    if len(found) > 1:
        names = ", ".join(run.named for run in found)
        raise ValueError(printable(f"expected --pid, since {len(found)} runs wait: {names}"))
    return found[0] if found else None


def end(run: LiveRun, *, as_json: bool) -> int:
    """Ask a waiting run to end, wait until it is gone, and tell; return the exit code.

    Raises PermissionError, and LookupError for an entry that does not fit its process.
    """
    table = process_table.table()
    process = table.read(run.pid)
    ours = run.user in (0, os.geteuid())  # another user's entry may name any process
    if not (ours and process and run.run == f"r{process.pid}-{process.started}"):
        raise LookupError(
            printable(
                f"expected a process of your own, found none that fits the entry of {run.named}: "
                "end it as its user, in its container"
            )
        )
    try:
        kill.ask_to_end(table, process)
    except PermissionError:
        raise runner_process.refusal(process) from None
    until = time.monotonic() + PATIENCE
    try:
        while (live := _alive(table, process)) and time.monotonic() < until:
            interrupts.sleep(PAUSE)
    except (KeyboardInterrupt, Interrupted) as came:
        answer.lines([f"{run.named} was asked to end; this program no longer waits for it"])
        return signal_names.exit_code(getattr(came, "number", signal.SIGINT))
    sentence = f"it still waits after {PATIENCE:g} s" if live else "it ended and had begun nothing"
    if as_json:
        return answer.as_json({"name": run.named, "live": live, "sentence": sentence}) or int(live)
    return answer.lines([f"asked to end: {run.named}", sentence]) or int(live)


def _alive(table: ProcessTable, process: Proc) -> bool:
    found = table.read(process.pid)
    return bool(found and found.alive and found.identity == process.identity)
