"""Starts the commands of entries, ends them, and leaves no process of theirs. Decides nothing.

A command is a session of its own and writes into its log itself. Its input is a pipe whose end asks
it to end. Only the worker holds the other end, so the pipe ends when the worker is killed, too.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry
from lib.common import files, redact, sd_notify
from lib.processes import environment, fork_exec, kill, process_table
from lib.processes.environment import Environment
from lib.processes.process_table import ProcessTable
from lib.processes.process_tree import ProcessTrees
from lib.processes.wait import Waiter
from lib.queue_worker import run_records
from lib.queue_worker.command_process import CommandProcess
from lib.queue_worker.protocol import Gone
from lib.queue_worker.run_command import RunCommand
from lib.queue_worker.run_end import NOT_FOUND, Ended

FIRST_LOOK, LAST_LOOK = 0.05, 1.0  # seconds from one look for the name of a run to the next
SETTLED = 10.0  # seconds after which a command that names no run has begun


class RunProcesses:
    """The commands of one worker: the `Runs` of its dispatcher. `close` must be called."""

    def __init__(
        self,
        state_dir: Path,
        command: RunCommand,
        waiter: Waiter,
        say: Callable[[str], None],
        *,
        table: ProcessTable,
        subreaper: bool,
        environ: Mapping[str, str],
    ) -> None:
        self._state_dir = state_dir
        self._command = command
        self._waiter = waiter
        self._say = say
        self._table = table
        run_id = process_table.run_id(table, os.getpid())
        self._trees = ProcessTrees(table, run_id, subreaper=subreaper)
        kept = {k: v for k, v in sd_notify.without(environ).items() if k not in redact.OF_SERVICES}
        self._environ = {**kept, "CI_STATE_DIR": str(state_dir)}
        self._commands: dict[int, CommandProcess] = {}
        self._not_started: list[Gone] = []
        self._not_begun: set[int] = set()  # entries whose next command has the log of the last

    @property
    def prepares(self) -> bool:
        """Whether the command can make a place ready for an entry."""
        return self._command.prepares

    @property
    def due(self) -> float:
        """The time of the next look for a run (time.monotonic); infinite for none."""
        looks = (command.look for command in self._commands.values() if not command.begun)
        return min(looks, default=math.inf)

    # ---- starting

    def start(self, entry: Entry, place: int, *, prepare: bool = False) -> None:
        """Start a command; one that cannot be started is among those that are gone."""
        made = CommandProcess(self._state_dir, entry, place, prepares=prepare)
        try:
            with contextlib.ExitStack() as opened:
                self._start(made, place, opened)
        except (OSError, ValueError) as error:
            self._not_started.append(Gone(place, Ended(None, False, said=str(error))))
            self._not_begun |= set() if prepare else {entry.id}
            return
        self._commands[place] = made

    def _start(self, made: CommandProcess, place: int, opened: contextlib.ExitStack) -> None:
        made.name_to.parent.mkdir(parents=True, exist_ok=True)
        log = self._begun_log(made)
        opened.callback(os.close, log)
        locks = made.lock()
        for lock in locks:
            opened.callback(os.close, lock)
        reader, writer = os.pipe()
        opened.callback(os.close, reader)
        failed = opened.enter_context(contextlib.ExitStack())
        failed.callback(os.close, writer)
        made.pid = fork_exec.start(
            self._command.of(made.entry, place, made.name_to, prepare=made.prepares),
            program=None,
            cwd=str(Path.cwd()),
            env=Environment.of(environment.tagged(self._variables(made), made.key)),
            null=reader,
            log=log,
            keep=locks,
        )
        self._trees.add(made.key, made.pid)
        try:
            self._waiter.watch(made.pid)
        except OSError:
            self._end_tree(made)
            raise
        failed.pop_all()
        made.input = writer

    def _variables(self, made: CommandProcess) -> dict[str, str]:
        silent = made.prepares or not made.entry.speaks
        return {**self._environ, "GITHUB_TOKEN": ""} if silent else self._environ

    # ---- ending

    def close_input(self, place: int) -> None:
        """Close the input of a command, which asks it to end."""
        if command := self._commands.get(place):
            command.close_input()

    def terminate(self, place: int) -> None:
        """Send TERM to the process that was started, which sees to its own."""
        if (command := self._commands.get(place)) and (found := self._table.read(command.pid)):
            with contextlib.suppress(PermissionError):
                kill.ask_to_end(self._table, found)

    def kill(self, place: int) -> None:
        """End all processes of a command by force. Blocks for a moment."""
        if command := self._commands.get(place):
            kill.stop(self._table, lambda: self._trees.members(command.key))

    # ---- what has happened

    def names(self) -> Sequence[tuple[int, str]]:
        """Return places whose runs were not known to have begun, and their names."""
        now = time.monotonic()
        due = [c for c in self._commands.items() if not c[1].begun and c[1].look <= now]
        for _, command in due:
            age = now - command.began
            if self._command.names_its_run:
                command.read_name()
                command.look = now + min(LAST_LOOK, max(FIRST_LOOK, age / 8))
            else:
                command.look = command.began + SETTLED
            command.begun = bool(command.run) or command.look <= now
        return [(place, command.run) for place, command in due if command.begun]

    def gone(self) -> Sequence[Gone]:
        """Return the commands that have ended; what they have left is ended by force."""
        gone, self._not_started = self._not_started, []
        for place, command in list(self._commands.items()):
            code = self._trees.code(command.key)
            if code is not None:
                del self._commands[place]
                gone.append(self._gone(place, command, 128 - code if code < 0 else code))
        return gone

    def _gone(self, place: int, command: CommandProcess, code: int) -> Gone:
        self._waiter.forget(command.pid)
        self._end_tree(command)
        run = command.read_name()
        unnamed = not self._command.names_its_run
        began = bool(run) or (unnamed and (command.begun or code not in NOT_FOUND))
        if not (began or command.prepares):
            self._not_begun.add(command.entry.id)
        command.clear()
        said = run_records.last_line(command.log)
        report = run_records.report(self._state_dir, run) if run else {}
        # another program may end with a code that the report of its pipeline has not
        told = not (run and self._command.is_pipeline) or run_records.confirms(
            report, command.entry.sha, code
        )
        return Gone(place, Ended(code, began, told, said), run, run_records.checked_all(report))

    def _end_tree(self, command: CommandProcess) -> None:
        """End what is left of a command, and forget it."""
        stopped = kill.stop(self._table, lambda: self._trees.members(command.key))
        self._trees.remove(command.key)
        for what in stopped.ended:
            self._say(f"{command.entry.id}: its command left a process, which was ended: {what}")
        for what in stopped.survivors:
            self._say(
                f"{command.entry.id}: its command left a process that cannot be ended: {what}"
            )

    def close(self) -> None:
        """End all commands by force, if there are any, and forget them."""
        for command in self._commands.values():
            self._end_tree(command)
        self._commands.clear()
        self._trees.close()

    # ---- files

    def _begun_log(self, command: CommandProcess) -> int:
        """Return a new log; that of a command that has not begun is not kept beside it."""
        if not command.prepares and command.entry.id in self._not_begun:
            self._not_begun.remove(command.entry.id)
            command.log.unlink(missing_ok=True)
        return files.begin(command.log)
