"""The command `cancel`: asks a run to end, and waits until it is gone."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import time
from pathlib import Path
from typing import NamedTuple

from lib.commands import answer, argument_types, run_text, waiting_run
from lib.commands.show import answer_on
from lib.commands.site import Site
from lib.common import interrupts, signal_names
from lib.common.interrupts import Interrupted
from lib.common.plain_text import printable
from lib.machine import register as machine_register
from lib.processes import kill, ports, process_table, runner_process
from lib.processes.process_table import Proc, ProcessTable
from lib.run_directories.log_directory import LOCK
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun

SUMMARY = "End a run in order, and wait until it is gone."
PAUSE = 0.1  # seconds between two looks
PATIENCE = 30.0  # seconds: the grace of its jobs, and what follows it
GONE, STAYS = 0, 1
# as docs/usage.md has it, from any directory
CLEAN_UP = shlex.join(["python3", str(Path(__file__).parents[1] / "cleanup.py"), "processes"])


class Remains(NamedTuple):
    """The state of a run after the wait: whether it goes on, and what it has left."""

    live: bool = False
    processes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the run is gone, with all of its processes."""
        return not self.live and not self.processes


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="(default: the one run that goes on)"
    )
    parser.add_argument(
        "--pid", type=argument_types.count, metavar="PID", help="a run that waits for its turn"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """End the run. Raises LookupError, ValueError, OSError."""
    store = RunStore(site.kept())
    if given.run and given.pid:
        raise ValueError("expected RUN or --pid, found both: a run that waits has no name yet")
    if not given.run and (waits := waiting_run.chosen(store, given.pid)):
        return waiting_run.end(waits, as_json=given.json)
    run = store.find(given.run) if given.run else _only_one(store)
    table = process_table.table()
    process = _runner(table, run)
    if process is None:
        return _tell(run, Remains(), site, as_json=given.json)
    if not given.json:
        answer.lines([f"asked to end: {run.name}, pid {process.pid}"])
    try:
        kill.ask_to_end(table, process)
        left = _wait(table, run, f"r{process.pid}-{process.started}")
    except PermissionError:
        raise runner_process.refusal(process) from None
    except (KeyboardInterrupt, Interrupted) as came:
        answer.lines([f"{run.name} was asked to end; this program no longer waits for it"])
        return signal_names.exit_code(getattr(came, "number", signal.SIGINT))
    return _tell(run, left, site, as_json=given.json)


def _only_one(store: RunStore) -> StoredRun:
    """Return the one live run. Raises LookupError for none, ValueError for several."""
    live = [run for run in store.runs() if run.live]
    if not live:
        raise LookupError(
            printable(f"expected a run that goes on, found none in {store.directory}")
        )
    if len(live) > 1:
        names = ", ".join(run.name for run in live)
        raise ValueError(f"expected the name of a run, since {len(live)} go on: {names}")
    return live[0]


def _runner(table: ProcessTable, run: StoredRun) -> Proc | None:
    """Return the process of a run, None if it has ended. Raises LookupError, OSError."""
    if not run.live:
        return None
    place = str(run.path.resolve())
    told = [str(run.summary.get("run"))]
    told += [
        each.run
        for each in machine_register.live_runs()
        if each.log_dir == place and each.user in (0, os.geteuid())
    ]
    found = runner_process.find(table, told, run.path / LOCK)
    if found is None and run.live:
        raise LookupError(
            f"expected the process of {run.name}, found none that holds {run.path / LOCK}: it may "
            "run in another container; end it there"
        )
    return found


def _wait(table: ProcessTable, run: StoredRun, run_id: str) -> Remains:
    """Wait until a run and its processes are gone, or until our patience ends."""
    end = time.monotonic() + PATIENCE
    while True:
        live = run.live
        left = [] if live else runner_process.started_by(table, run_id)
        if not (live or left):
            return Remains()
        if time.monotonic() > end:
            listening = {socket.port for _, socket in ports.held(p.pid for p in left)}
            described = (process_table.describe(table, process) for process in left)
            return Remains(live, tuple(described), tuple(sorted(listening)))
        interrupts.sleep(PAUSE)


def _tell(run: StoredRun, left: Remains, site: Site, *, as_json: bool) -> int:
    """Print the verdict on a run, and what it has left; return the exit code."""
    told = answer_on(StoredRun(run.path, run.key))  # read anew: it has ended meanwhile
    sentence = run_text.sentence(told)
    code = GONE if left.nothing else STAYS
    if as_json:
        fields = {"name": run.name, "state": told.state, "sentence": sentence, **left._asdict()}
        return answer.as_json(fields) or code
    lines = [f"{told.state.upper()}  {run.name}", sentence]
    if left.live:
        again = shlex.join([*site.program, "cancel", run.name])
        lines += [
            f"it still goes on after {PATIENCE:g} s; a second signal stops all at once: {again}",
            f"what it then leaves is stopped by: {CLEAN_UP}",
        ]
    elif left.processes:
        lines += [f"it left {process}" for process in left.processes]
        lines += [f"port {port} is held by them" for port in left.ports]
        lines.append(f"stop them: {CLEAN_UP}")
    elif told.state != "running":
        lines.append("it left no process")
    return answer.lines(lines) or code
