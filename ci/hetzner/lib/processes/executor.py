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
from collections.abc import Callable, Sequence

from lib.common import signal_names
from lib.common.clock import MonotonicClock
from lib.common.plain_text import complaint
from lib.outputs.tracker import OutputTracker
from lib.processes import exiting, kill, process_table, subreaper, timeout_report, wait
from lib.processes.cancel_requests import CancelRequests
from lib.processes.kill import Stopped
from lib.processes.launch import Launcher, Place, RunningStep
from lib.processes.member_watch import MemberWatch
from lib.processes.port_monitor import PortMonitor
from lib.processes.process_table import Proc, ProcessTable
from lib.processes.process_tree import ProcessTrees
from lib.processes.tree_stops import TreeStops, stop_ourselves
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


class ProcessExecutor:
    """The real executor. `close` must be called: it gives back signals and orphans.

    `logs` keeps the logs of the jobs within their bound; its `wait` reports the `cancel_requests`;
    `running` are the steps that are not gone by the keys of their nodes, for any thread to copy.
    While Ctrl-Z stops the program, the context `suspended` is entered.
    """

    def __init__(
        self,
        place: Place,
        clock: MonotonicClock,
        *,
        pytest_workers: int = 4,
        table: ProcessTable | None = None,
        suspended: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._place = place
        self._clock = clock
        self._suspended = suspended
        self._table = table or process_table.table()
        self.running: dict[str, RunningStep] = {}
        self._reports: list[Report] = []
        self._remarks: set[str] = set()
        run_id = process_table.run_id(self._table, os.getpid())
        with contextlib.ExitStack() as taken:
            self._outputs = OutputTracker(place.cwd)
            taken.callback(self._outputs.close)
            self._launcher = Launcher(place, run_id, self._outputs, pytest_workers, self._remark)
            self.logs = self._launcher.log_bound
            taken.callback(self._launcher.close)
            was_subreaper = subreaper.adopt()
            taken.callback(subreaper.release, was_subreaper)
            adopts = was_subreaper is not None
            self._trees = ProcessTrees(self._table, run_id, subreaper=adopts)
            taken.callback(self._trees.close)
            self._waiter = wait.make([signal.SIGTSTP])
            taken.callback(self._waiter.close)
            self.cancel_requests = CancelRequests(self._waiter.wake)
            self._taken = taken.pop_all()  # to be closed in the end
        self._ports = PortMonitor(self._table, self._trees.members, self._outputs.awaits)
        self._members = MemberWatch(self._waiter, self._remark)
        self._stops = TreeStops(self._table, self._trees, place.grace, self._remark)

    def _remark(self, text: str) -> None:
        """Report a remark, once in a run."""
        if text not in self._remarks:
            self._remarks.add(text)
            self._reports.append(Remark(text))

    # ---- starting

    def start(self, step: Step) -> None:
        """Start a step of an attempt. Raises StartError."""
        key = step.node.key
        self._ports.check_free(step)
        running = self.running[key] = self._launcher.start(step)
        self._trees.add(key, running.pid)
        try:
            self._waiter.watch(running.pid)
        except OSError as error:
            self._end_by_force(key)
            raise StartError(f"could not be watched, so it was stopped: {error}") from error
        if step.node.job.listens:
            self._ports.follow(step, self._clock.now())

    # ---- waiting

    def wait(self, deadline: float) -> Sequence[Report]:
        """Return what happened; [] when the clock has reached `deadline`."""
        self._reports += map(Remark, self.logs.settle())
        while not self._reports:
            now = self._clock.now()
            looks = self._ports.due, self._members.due, self.logs.due(now)
            due = min(deadline, self._stops.due, now + self._outputs.interval(), *looks)
            ready = self._waiter.wait(max(0.0, due - now), self._outputs.fileno())
            for number in ready.signals:
                self._signalled(number)
            self._reports += self.cancel_requests.taken()
            if ready.readable or self._outputs.interval() < math.inf:
                self._reports += self._outputs.written()
            self._processes_ended(ready.pids)
            now = self._clock.now()
            self._reports += self._ports.look(now)
            self.logs.look(now)
            for key in self._members.overdue(now):
                self._scan_again(key)
            self._kill_when_due(now)
            if now >= deadline:
                break
        reports, self._reports = self._reports, []
        return reports

    def _signalled(self, number: int) -> None:
        if number == signal.SIGTSTP:
            with self._stops.suspended(self.running), self._suspended():
                stop_ourselves(self._clock)  # Ctrl-Z; `fg` resumes all of them
        elif number == signal_names.ASKED:
            self._reports.append(Asked())
        else:
            self._reports.append(Signalled(number))

    def _processes_ended(self, pids: Sequence[int]) -> None:
        leaders, others = {}, set()
        for pid in pids:
            key = self._trees.key_of(pid)
            if key is None:
                others.add(pid)
            elif not self.running[key].exited:
                code = self._trees.code(key)
                if code is not None:
                    leaders[key] = code
        left = self._trees.left_by(leaders)
        for key, code in leaders.items():
            self._leader_ended(key, code, left[key])
        if others:
            for key in self._members.keys_of(others):
                self._scan_again(key)

    def _leader_ended(self, key: str, code: int, left: Sequence[Proc]) -> None:
        """Report the exit code and the processes that are left of the tree.

        Whether these are a leak, or a service that serves, is for the scheduler to decide.
        """
        running = self.running[key]
        running.exited = True
        missing = self._outputs.missing(running.step)
        described = tuple(self._described(process) for process in left)
        note = ""
        if running.request:
            note = self._launcher.answer(running.step, running.request)
        elif running.step.kind is StepKind.BODY:
            note = self._launcher.hint(running.step, code, () if left else missing)
        if left:
            self._waiter.forget(running.pid)
            self._members.set(key, running.pid, left, self._clock.now())
        else:
            self._reports += self._ports.last_look(key)
            self._forget(key)
        self._reports.append(Exited(key, code, described, missing, note, running.by_itself))
        running.by_itself = key not in self._stops

    def _scan_again(self, key: str) -> None:
        """Scan a tree in which a process has ended for others."""
        running = self.running[key]
        left = self._trees.members(key)
        self._members.set(key, running.pid, left, self._clock.now())
        if running.exited and not left:
            self._gone(key)

    def _gone(self, key: str, survivors: tuple[str, ...] = ()) -> None:
        running = self.running[key]
        missing = self._outputs.missing(running.step)
        self._reports += self._ports.last_look(key)
        self._forget(key)
        self._reports.append(Gone(key, survivors, missing, running.by_itself))

    def _forget(self, key: str) -> None:
        running = self.running.pop(key)
        self._stops.forget(key)
        self._members.forget(key)
        self._waiter.forget(running.pid)
        self._launcher.leave(running.step)
        self._ports.leave(key)
        if running.request:
            running.request.close()
        self._trees.remove(key)

    # ---- stopping

    def stop(self, key: str, *, hung: bool = False) -> None:
        """Send TERM to the whole tree; `wait` sends KILL after the grace."""
        running = self.running.get(key)
        if running is None:
            return  # its end is among the latest reports
        self._ports.leave(key)
        now = self._clock.now()
        stopping = self._stops.begin(key, now)
        running.by_itself = not running.exited and self._ends(key)
        members = self._trees.members(key)
        if running.exited:
            running.by_itself = all(exiting.is_exiting(process.pid) for process in members)
        if hung:
            lines = timeout_report.lines(self._table, members, self._place.redact)
            self._launcher.logs.append(running.step.node.job.name, lines)
            stopping.terminate(members, timeout_report.termination_signal)
        else:
            stopping.terminate(members)
        self._members.set(key, running.pid, members, now)
        if running.exited and not members:
            stopping.due = now

    def _ends(self, key: str) -> bool:
        """Whether a leader has ended, or is about to, without being stopped."""
        return self._trees.code(key) is not None or exiting.is_exiting(self.running[key].pid)

    def kill(self, key: str) -> None:
        """Send KILL at the next wait."""
        self._stops.hasten(key, self._clock.now())

    def _kill_when_due(self, now: float) -> None:
        for key, left, hopeless in self._stops.kills(now):
            running = self.running[key]
            self._members.set(key, running.pid, left, now)
            if running.exited and not left:
                self._gone(key)
            elif hopeless:
                self._gone(key, tuple(f"{self._described(p)} ({p.state})" for p in left))

    def _described(self, process: Proc) -> str:
        return process_table.describe(self._table, process, self._place.redact)

    # ---- the end

    def abort(self) -> None:
        """End every tree now: TERM, grace, KILL. Blocks; for when the loop itself has broken.

        The same error may break this as well: then the trees are ended by force.
        """
        try:
            for key in [key for key in self.running if key not in self._stops]:
                self.stop(key)
            while self.running:
                self._reports.clear()
                self.wait(self._clock.now() + 0.1)
        except Exception as error:  # noqa: BLE001 - after any error, nothing may stay behind
            self._remark(f"could not stop in good order: {complaint(error)}")
            for key in list(self.running):
                self._end_by_force(key)
        self._reports.clear()

    def _end_by_force(self, key: str) -> None:
        """End a tree at once and forget it. Blocks for a moment."""
        kill.stop(self._table, lambda: self._trees.members(key))
        self._forget(key)

    def end_unowned(self) -> Stopped:
        """End the orphans that belong to no step."""
        return kill.stop(self._table, self._trees.unowned, mask=self._place.redact)

    def signals(self) -> tuple[int, ...]:
        """Return the signals that came since the last wait."""
        return self._waiter.signals()

    def close(self) -> None:
        """Give back signals and orphans; `signals` still returns the latest ones."""
        self._taken.close()
