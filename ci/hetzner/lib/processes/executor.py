"""Starts, watches and stops process trees. Knows no graph, no retries and no outcome.

Each attempt is a session and a process group of its own, whose output goes straight to
`<name>.log`; the runner copies no byte. Waiting is event-driven; stopping is TERM now, KILL after
the grace, driven by `wait`, so it never blocks the loop.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import files, redact, signal_names
from lib.common.clock import MonotonicClock
from lib.common.plain_text import printable
from lib.model import shell
from lib.model.job import Job
from lib.outputs.tracker import OutputTracker
from lib.processes import (
    cache_protocol,
    exiting,
    kill,
    not_executable,
    process_table,
    subreaper,
    timeout_report,
    wait,
)
from lib.processes.cache_protocol import CacheRequest
from lib.processes.environment import environment
from lib.processes.kill import Stopping
from lib.processes.port_monitor import PortMonitor
from lib.processes.process_table import Proc, ProcessTable
from lib.processes.process_tree import ProcessTrees
from lib.processes.spawn import Placement, Spawned, Spawner, absolute
from lib.scheduler.protocol import (
    Asked,
    Exited,
    Gone,
    Remark,
    Report,
    Signalled,
    StartError,
    Step,
    StepKind,
)

LONGEST_TOLD = 500  # characters
WITHOUT_WATCH = 0.2  # seconds between looks where no descriptor was left to be woken by


class Place(NamedTuple):
    """Where attempts run and what they all get."""

    cwd: Path
    log_dir: Path
    env: Mapping[str, str]
    grace: float = 5.0  # seconds from TERM to KILL
    redact: Callable[[str], str] = str  # what masks secrets in what is told of processes


class Tree:
    """What the executor keeps of one attempt."""

    def __init__(self, step: Step, spawned: Spawned, asked: CacheRequest | None) -> None:
        self.step = step
        self.spawned = spawned
        self.asked = asked  # of a cache
        self.exited = False
        self.by_itself = True  # nobody stopped what ends next: the leader, then what it left
        self.watched: set[int] = set()  # members whose end wakes us
        self.stopping: Stopping | None = None
        self.look_at = math.inf  # when to look by ourselves, since nothing will wake us

    @property
    def due(self) -> float:
        """When there is something to do about it, whatever happens."""
        return min(self.look_at, self.stopping.due if self.stopping else math.inf)


class ProcessExecutor:
    """The real executor. `close` must be called: it stops what is left and gives signals back."""

    def __init__(
        self,
        place: Place,
        clock: MonotonicClock,
        *,
        pytest_workers: int = 4,
        look: ProcessTable | None = None,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._mask = mask
        self._pytest_workers = pytest_workers
        self._place = place
        self._clock = clock
        self._look = look or process_table.table()
        self.run_id = process_table.run_id(self._look, os.getpid())
        self._cwd, self._log_dir = str(place.cwd), str(place.log_dir)
        self._bash = absolute("bash", place.env.get("PATH", os.defpath))
        self.logged: set[str] = set()  # the jobs whose log is of this run
        self._logs: dict[str, os.stat_result] = {}  # by job: the one of its attempt
        self._keys: dict[str, str] = {}  # by node: the one that its cache answered with
        self._trees: dict[str, Tree] = {}
        self._reports: list[Report] = []
        self._said: set[str] = set()
        self._outputs = OutputTracker(place.cwd)
        self._spawner = Spawner()
        self._was_subreaper = subreaper.adopt()
        try:
            adopts = self._was_subreaper is not None
            self._processes = ProcessTrees(self._look, self.run_id, subreaper=adopts)
            self._ports = PortMonitor(self._look, self._processes.members, self._outputs.awaits)
            self._waiter = wait.make([signal.SIGTSTP])
        except BaseException:
            self._spawner.close()
            subreaper.release(self._was_subreaper)
            raise

    # ---- starting

    def start(self, step: Step) -> None:
        """Start a step of an attempt. Raises StartError."""
        job = step.node.job
        self._outputs.check_expected(step)
        self._ports.check_free(step)
        self._outputs.note(step)
        env = self._environment(step)
        begun = self._logs.get(job.name)
        log = self._open_log(step)
        self.logged.add(job.name)
        asked, command = None, _argv(job)
        try:
            self._outputs.follow(step)  # before the body can write any of them
            if step.kind is not StepKind.BODY:
                asked = self._ask(step, env, begun)
                command, env = asked.command, asked.env
            spawned = self._spawner.spawn(
                command,
                cwd=self._cwd,
                env=env,
                log=log,
                placement=Placement(job.nice, job.cpus),
                program=self._program(command[0], env),
                keep=[asked.handle] if asked else (),
            )
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no more threads
            self._outputs.leave(step)
            if asked:
                asked.close()
            told = str(error)
            with contextlib.suppress(OSError):  # a hint that cannot be had
                if isinstance(error, OSError):
                    told = not_executable.to_start(command, error, env, self._place.cwd)
            raise StartError(f"could not start {command[0]}: {told}") from error
        finally:
            os.close(log)
        for refusal in spawned.refused:
            self._say_once(f"not permitted, so jobs run without it: {refusal}")
        self._trees[step.node.key] = Tree(step, spawned, asked)
        self._processes.add(step.node.key, spawned.pid)
        try:
            self._waiter.watch(spawned.pid)
        except OSError as error:
            self._end_by_force(step.node.key)
            raise StartError(f"could not be watched, so it was stopped: {error}") from error
        self._ports.follow(step, self._clock.now())

    def _environment(self, step: Step) -> dict[str, str]:
        return environment(
            self._place.env,
            step.node,
            run=self.run_id,
            cwd=self._place.cwd,
            pytest_workers=self._pytest_workers,
        )

    def _open_log(self, step: Step) -> int:
        """Return the log of an attempt, a new one for its first step. Raises StartError."""
        name = step.node.job.name
        path = f"{self._log_dir}/{name}.log"
        first = step.kind is (StepKind.RESTORE if step.node.cached else StepKind.BODY)
        try:
            handle = files.begin(path) if first else self._open_again(name, path)
        except OSError as error:
            raise StartError(f"could not open its log {path}: {error.strerror}") from error
        self._logs[name] = os.fstat(handle)
        return handle

    def _open_again(self, name: str, path: str) -> int:
        """Return the log that an attempt has begun, or a new one if a job has put another there."""
        found = "nothing"
        with contextlib.suppress(FileNotFoundError):
            try:
                handle = files.open_file(path, os.O_WRONLY | os.O_APPEND)
            except files.NotAFileError:
                found = files.another_kind(path)
            else:
                if os.path.samestat(os.fstat(handle), self._logs[name]):
                    return handle
                os.close(handle)
                found = "another file"
        handle = files.begin(path)  # before it is said: what is there is moved away
        self._say_once(f"{name}: in the place of its log was {found}: the rest is in a new one")
        return handle

    def _ask(
        self, step: Step, env: Mapping[str, str], begun: os.stat_result | None
    ) -> CacheRequest:
        """Return what a cache is asked; `begun` is the log as the step before has begun it."""
        job, key, said, stale = step.node.job, "", "", False
        if step.kind is StepKind.STORE and begun is not None:
            key = self._keys.pop(step.node.key, "")
            said = cache_protocol.said(f"{self._log_dir}/{job.name}.log", begun, self._mask)
            stale = self._outputs.left_alone(step)
        return CacheRequest(job, env, step.kind.value, key=key, said=said, stale=stale)

    def _told(self, tree: Tree) -> str:
        """Return what a cache has to say of the step that has ended; its key is kept."""
        if tree.asked is None:
            return ""
        answer = tree.asked.answer()
        self._keys[tree.step.node.key] = answer.key
        return redact.shorten(answer.told, LONGEST_TOLD, self._mask)

    def _program(self, name: str, env: Mapping[str, str]) -> str | None:
        """Return the path of the shell that most jobs start with, unless theirs is another."""
        same = name == "bash" and env.get("PATH") == self._place.env.get("PATH")
        return self._bash if same else None

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._reports.append(Remark(text))

    # ---- waiting

    def wait(self, deadline: float) -> Sequence[Report]:
        """Return what happened; [] when the clock has reached `deadline`."""
        while not self._reports:
            now = self._clock.now()
            own = (tree.due for tree in self._trees.values())
            due = min([deadline, now + self._outputs.interval(), self._ports.due, *own])
            ready = self._waiter.wait(max(0.0, due - now), self._outputs.fileno())
            for number in ready.signals:
                self._signalled(number)
            if ready.readable or self._outputs.interval() < math.inf:
                self._reports += self._outputs.written()
            self._processes_ended(ready.pids)
            self._reports += self._ports.look(self._clock.now())
            self._look_without_watch()
            self._stop_harder()
            if self._clock.now() >= deadline:
                break
        reports, self._reports = self._reports, []
        return reports

    def _signalled(self, number: int) -> None:
        if number == signal.SIGTSTP:
            self._suspend()
        elif number == signal_names.ASKED:
            self._reports.append(Asked())
        else:
            self._reports.append(Signalled(number))

    def _suspend(self) -> None:
        """Ctrl-Z: stop the trees, the clock and then ourselves; `fg` resumes all three."""
        members = [p for key in self._trees for p in self._processes.members(key)]
        for process in members:
            self._send(process, signal.SIGSTOP)
        self._clock.pause()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._clock.resume()
        for process in members:
            self._send(process, signal.SIGCONT)

    def _processes_ended(self, pids: Sequence[int]) -> None:
        others = set()
        for pid in pids:
            key = self._processes.key_of(pid)
            if key is None:
                others.add(pid)
            elif not self._trees[key].exited:
                self._leader_ended(key, pid)
        if others:
            touched = [(k, t) for k, t in self._trees.items() if not others.isdisjoint(t.watched)]
            for key, tree in touched:
                self._look_at_rest(key, tree)

    def _leader_ended(self, key: str, pid: int) -> None:
        """Report the exit code and who is left of the tree: a leak is found here.

        Whether it is one, or a service that serves, is for `attempts` to decide.
        """
        code = self._processes.code(key)
        if code is None:
            return
        tree = self._trees[key]
        tree.exited = True
        self._waiter.forget(pid)
        left = self._processes.members(key)
        missing = self._outputs.missing(tree.step)
        described = tuple(self._described(p) for p in left)
        told = self._told(tree) or self._hint(tree.step, code, () if left else missing)
        if left:
            self._wake_for(tree, left)
        else:
            self._reports += self._ports.last_look(key)
            self._forget(key)
        self._reports.append(Exited(key, code, described, missing, told, tree.by_itself))
        tree.by_itself = tree.stopping is None

    def _hint(self, step: Step, code: int, missing: Sequence[str]) -> str:
        """Return what may explain a failure that the log does not: it changes no outcome."""
        job, place = step.node.job, self._place
        if step.kind is StepKind.BODY:
            with contextlib.suppress(OSError):
                if code not in job.ok_codes:
                    log = place.log_dir / f"{job.name}.log"
                    env = self._environment(step)
                    return not_executable.after(code, log, env, place.cwd, self._mask)
                if missing:
                    return self._outputs.near(step, missing, place.log_dir)
        return ""

    def _look_at_rest(self, key: str, tree: Tree) -> None:
        """See whether anybody is left of a tree that a member of has ended."""
        left = self._processes.members(key)
        self._wake_for(tree, left)
        if tree.exited and not left:
            self._gone(key)

    def _look_without_watch(self) -> None:
        for key, tree in list(self._trees.items()):
            if tree.look_at <= self._clock.now():
                tree.look_at = math.inf
                self._look_at_rest(key, tree)

    def _wake_for(self, tree: Tree, members: Sequence[Proc]) -> None:
        """Have the ends of these members, and of no others, wake us."""
        leader = tree.spawned.pid
        pids = {process.pid for process in members if process.pid != leader}
        for pid in tree.watched - pids:
            self._waiter.forget(pid)
        tree.watched &= pids
        for pid in pids - tree.watched:
            try:
                self._waiter.watch(pid)
            except ProcessLookupError:
                continue  # it ended since: the next look will not find it
            except OSError as error:
                self._say_once(f"no descriptor is left to watch processes with: {error}")
                tree.look_at = self._clock.now() + WITHOUT_WATCH
                return
            tree.watched.add(pid)

    def _gone(self, key: str, survivors: tuple[str, ...] = ()) -> None:
        tree = self._trees[key]
        missing = self._outputs.missing(tree.step)
        self._reports += self._ports.last_look(key)
        self._forget(key)
        self._reports.append(Gone(key, survivors, missing, tree.by_itself))

    def _forget(self, key: str) -> None:
        tree = self._trees.pop(key)
        self._wake_for(tree, ())
        self._waiter.forget(tree.spawned.pid)
        self._outputs.leave(tree.step)
        self._ports.leave(key)
        if tree.asked:
            tree.asked.close()
        self._processes.remove(key)

    # ---- stopping

    def stop(self, key: str, *, hung: bool = False) -> None:
        """Send TERM to the whole tree; `wait` sends KILL after the grace."""
        tree = self._trees.get(key)
        if tree is None:
            return  # its end is among the reports that were handed over last
        self._ports.leave(key)
        tree.by_itself = not tree.exited and self._ends(key, tree)
        members = self._processes.members(key)
        if tree.exited:
            tree.by_itself = all(exiting.is_exiting(process.pid) for process in members)
        if hung:
            self._tell_where(tree.step.node.job.name, members)
        now = self._clock.now()
        due = now if tree.exited and not members else now + self._place.grace
        tree.stopping = Stopping(lambda: self._processes.members(key), self._send, due)
        if hung:
            tree.stopping.terminate(members, timeout_report.termination_signal)
        else:
            tree.stopping.terminate(members)
        self._wake_for(tree, members)

    def _ends(self, key: str, tree: Tree) -> bool:
        """Whether a leader has ended, or is about to, though nobody has stopped it."""
        return self._processes.code(key) is not None or exiting.is_exiting(tree.spawned.pid)

    def _tell_where(self, name: str, members: Sequence[Proc]) -> None:
        """Write to the log of a job where its processes hang. No log, no word of it."""
        lines = timeout_report.lines(self._look, members, self._place.redact)
        text = "".join(f"{printable(line)}\n" for line in lines)
        with contextlib.suppress(OSError):
            handle = files.open_file(f"{self._log_dir}/{name}.log", os.O_WRONLY | os.O_APPEND)
            with os.fdopen(handle, "wb") as log:
                if os.path.samestat(os.fstat(handle), self._logs[name]):
                    log.write(f"\n{text}".encode(errors="replace"))

    def kill(self, key: str) -> None:
        """Send KILL at the next wait."""
        tree = self._trees.get(key)
        if tree is not None and tree.stopping:
            tree.stopping.due = min(tree.stopping.due, self._clock.now())

    def _stop_harder(self) -> None:
        now = self._clock.now()
        for key, tree in list(self._trees.items()):
            if tree.stopping and tree.stopping.due <= now:
                self._kill_tree(key, tree, tree.stopping, now)

    def _kill_tree(self, key: str, tree: Tree, stopping: Stopping, now: float) -> None:
        left = stopping.freeze()
        stopping.kill(left, now)
        self._wake_for(tree, left)
        if tree.exited and not left:
            self._gone(key)
        elif stopping.is_hopeless(now):
            self._give_up(key, left)

    def _give_up(self, key: str, left: Sequence[Proc]) -> None:
        survivors = tuple(f"{self._described(p)} ({p.state})" for p in left)
        self._gone(key, survivors)

    def _described(self, process: Proc) -> str:
        return process_table.describe(self._look, process, self._place.redact)

    def _send(self, process: Proc, number: int) -> None:
        try:
            process_table.send(self._look, process, number)
        except PermissionError:
            # a program with other rights, such as sudo's: it is told if it outlives the KILL
            self._say_once(f"no permission to signal {process.pid} {process.name}")

    # ---- the end

    def abort(self) -> None:
        """End every tree now: TERM, grace, KILL. Blocks; for when the loop itself has broken.

        What broke the loop may break this as well: then the trees are ended by force.
        """
        try:
            for key, tree in self._trees.items():
                if tree.stopping is None:
                    self.stop(key)
            while self._trees:
                self._reports.clear()
                self.wait(self._clock.now() + 0.1)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may stay behind
            self._say_once(f"could not stop in good order: {type(error).__name__}: {error}")
            for key in list(self._trees):
                self._end_by_force(key)
        self._reports.clear()

    def _end_by_force(self, key: str) -> None:
        """End a tree at once and forget it. Blocks for a moment."""
        kill.stop(self._look, lambda: self._processes.members(key))
        self._forget(key)

    def end_unowned(self) -> tuple[list[str], list[str]]:
        """End orphans that no attempt owned; return what was ended, and what could not be."""
        return kill.stop(self._look, self._processes.unowned, mask=self._place.redact)

    def signals(self) -> tuple[int, ...]:
        """Return the signals that came since the last wait."""
        return self._waiter.signals()

    def close(self) -> None:
        """Give back signals and orphans; `signals` still tells what came last."""
        self._outputs.close()
        self._spawner.close()
        self._waiter.close()
        subreaper.release(self._was_subreaper)


def _argv(job: Job) -> Sequence[str]:
    return shell.argv(job.cmd) if isinstance(job.cmd, str) else list(job.cmd)
