"""A fake executor and clock for the scheduler: data in, events out, no process started.

The executor refuses the impossible (a second start of what runs, a stop of what does not) and
jumps the clock to the next thing that happens.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lib.common.signal_names import ASKED
from lib.model import events, graph_check, phases, selection, urgency
from lib.model.cause import Cause, Why
from lib.model.job import Job
from lib.model.result import Earlier, Load
from lib.model.run_plan import Limits, RunPlan
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import (
    Asked,
    CancelAsked,
    Exited,
    Gone,
    Listens,
    Occupied,
    Refused,
    Report,
    Signalled,
    StartError,
    Step,
    StepKind,
    Wrote,
)


@dataclass(frozen=True)
class Fate:
    """One attempt: its seconds, its code, its leftovers and its outputs."""

    seconds: float = 1.0
    code: int = 0
    leaves: float | None = (
        None  # seconds that its leftovers live if they are not stopped; inf: forever
    )
    writes: Mapping[str, float] | None = None  # output -> seconds; None: all, at the end
    removes: tuple[str, ...] = ()  # outputs that its leftovers remove before they are gone
    ignores_term: bool = False
    unstartable: str = ""
    unkillable: bool = False  # something of its tree outlives even the KILL
    cache: int = 3  # exit code of the RESTORE step
    stored: int = 0  # exit code of the STORE step
    cache_seconds: float = 0.01  # of the RESTORE step
    store_seconds: float = 0.01
    cache_leaves: float | None = None  # as `leaves`, of both
    listens: Sequence[tuple[float, frozenset[int]]] = ()  # (seconds, its ports from then on)
    taken: float | None = None  # seconds after which another process listens on its first port
    unstartable_step: StepKind | None = None  # the one that is unstartable; None: the first


class FakeCache:
    """A cache of a job; `Fate` tells what its steps find."""

    def to_json(self) -> str:
        return "{}"

    def place(self, cwd: str) -> str:
        return ""


CACHED = FakeCache()


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time


@dataclass
class Live:
    step: Step
    fate: Fate
    began: float
    exited: bool = False
    stopping: bool = False
    wrote: set[str] = field(default_factory=set)
    serial: int = 0


class FakeExecutor:
    """Plays fates: `fates[name]` is one fate or a list with one for each attempt."""

    def __init__(
        self,
        clock: FakeClock,
        fates: Mapping[str, Fate | Sequence[Fate]] | None = None,
        *,
        grace: float = 5.0,
        signals: Sequence[tuple[float, int]] = (),
        absent: Collection[str] = (),
        lump: float = 0.0,
        cancels: Sequence[tuple[float, str]] = (),
    ) -> None:
        """Outputs in `absent` no earlier run has left; `lump` are seconds that a wake-up takes.

        A user cancels jobs at the moments of `cancels`.
        """
        self.clock = clock
        self.fates = dict(fates or {})
        self.grace = grace
        self.absent = absent
        self.lump = lump
        self.reported: set[str] = set()  # the trees whose end was handed over last
        self.live: dict[str, Live] = {}
        self.started: list[str] = []
        self.steps: list[tuple[str, str]] = []
        self.waits: list[float] = []  # the deadline of each wait
        self.most = 0
        self._happenings: list[tuple[float, int, Callable[[], Report | None]]] = []
        self._count = 0
        for moment, number in signals:
            report = Asked() if number == ASKED else Signalled(number)
            self._at(moment, lambda report=report: report)  # type: ignore[misc]
        for moment, job in cancels:
            self._at(moment, lambda job=job: CancelAsked(job))  # type: ignore[misc]

    def _at(self, moment: float, what: Callable[[], Report | None]) -> None:
        self._count += 1
        heapq.heappush(self._happenings, (moment, self._count, what))

    def _fate(self, step: Step) -> Fate:
        fate = self.fates.get(step.node.key, self.fates.get(step.node.job.name, Fate()))
        if isinstance(fate, Fate):
            return fate
        return fate[min(step.number - 1, len(fate) - 1)]

    def start(self, step: Step) -> None:
        key = step.node.key
        if key in self.live:
            raise AssertionError(f"{key} was started while it runs")
        fate = self._fate(step)
        first = StepKind.RESTORE if step.node.cached else StepKind.BODY
        if fate.unstartable and step.kind is (fate.unstartable_step or first):
            raise StartError(fate.unstartable)
        for output, _ in step.node.expects:
            if output in self.absent:
                raise StartError(f"output {output} is not there")
        live = Live(step, fate, self.clock.time, serial=self._count)
        self.live[key] = live
        self.most = max(self.most, len(self.live))
        self.steps.append((key, step.kind.value))
        if step.kind is not StepKind.BODY:
            code = fate.cache if step.kind is StepKind.RESTORE else fate.stored
            restores = step.kind is StepKind.RESTORE
            after = fate.cache_seconds if restores else fate.store_seconds
            leaves = fate.cache_leaves
            self._at(self.clock.time + after, lambda: self._exit(key, live, code, leaves))
            return
        self.started.append(key)
        writes = fate.writes or {}
        for output, after in writes.items():
            self._at(
                self.clock.time + after,
                lambda output=output: self._write(key, live, output),  # type: ignore[misc]
            )
        for after, ports in fate.listens:
            report = Listens(key, tuple(sorted(ports)))
            self._at(self.clock.time + after, lambda report=report: self._of(live, report))  # type: ignore[misc]
        if fate.taken is not None:
            taken = Occupied(key, min(step.node.job.listens, default=0), "pid 1")
            self._at(self.clock.time + fate.taken, lambda: self._of(live, taken))
        self._at(
            self.clock.time + fate.seconds, lambda: self._exit(key, live, fate.code, fate.leaves)
        )

    def _of(self, live: Live, report: Listens | Occupied) -> Report | None:
        return report if self.live.get(report.key) is live and not live.stopping else None

    def _write(self, key: str, live: Live, output: str) -> Report | None:
        if self.live.get(key) is not live or (live.stopping and live.exited):
            return None
        live.wrote.add(output)
        return Wrote(key, output) if output in live.step.watch else None

    def _exit(self, key: str, live: Live, code: int, leaves: float | None) -> Report | None:
        if self.live.get(key) is not live or live.exited:
            return None
        live.exited = True
        missing = tuple(o for o in live.step.node.job.outputs if self._lacks(live, o))
        if live.step.kind is not StepKind.BODY:
            missing = ()
        if leaves is None:
            del self.live[key]
            return Exited(key, code, (), missing, by_itself=not live.stopping)
        if leaves < math.inf:
            self._at(self.clock.time + leaves, lambda: self._vanish(key, live))
        return Exited(key, code, ("1 leftover",), missing, by_itself=not live.stopping)

    def _vanish(self, key: str, live: Live) -> Report | None:
        if self.live.get(key) is not live:
            return None
        del self.live[key]
        survivors = live.stopping and live.fate.unkillable
        missing = tuple(
            live.step.node.job.outputs
        )  # of a step of the cache, where they do not count
        if live.step.kind is StepKind.BODY:
            missing = tuple(o for o in missing if o in live.fate.removes or self._lacks(live, o))
        return Gone(key, ("1 survivor",) if survivors else (), missing, not live.stopping)

    def _lacks(self, live: Live, output: str) -> bool:
        return live.fate.writes is not None and output not in live.wrote

    def stop(self, key: str, *, hung: bool = False) -> None:
        if key in self.reported and key not in self.live:
            return
        live = self.live[key]
        if live.stopping:
            raise AssertionError(f"{key} was stopped twice")
        live.stopping = True
        self._at(
            self.clock.time + (self.grace if live.fate.ignores_term else 0.001),
            lambda: self._stopped(key, live),
        )

    def _stopped(self, key: str, live: Live) -> Report | None:
        if self.live.get(key) is not live:
            return None
        if live.exited or live.fate.unkillable:
            return self._vanish(key, live)
        return self._exit(key, live, -15, None)

    def kill(self, key: str) -> None:
        if key in self.reported and key not in self.live:
            return
        live = self.live[key]
        if not live.stopping:
            raise AssertionError(f"{key} was killed before it was stopped")
        self._at(self.clock.time, lambda: self._stopped(key, live))

    def wait(self, deadline: float) -> Sequence[Report]:
        self.waits.append(deadline)
        reports: list[Report] = []
        due = deadline
        while self._happenings and self._happenings[0][0] <= due:
            moment, _, what = heapq.heappop(self._happenings)
            self.clock.time = max(self.clock.time, moment)
            report = what()
            if report is not None:
                reports.append(report)
                if self.lump == 0:
                    break
                due = min(due, moment + self.lump)
        self.reported = {r.key for r in reports if isinstance(r, (Exited, Gone))}
        if not reports:
            if deadline == math.inf:
                raise AssertionError("deadlock: nothing runs, no timer is set")
            self.clock.time = max(self.clock.time, deadline)
        return reports


class FakeShare:
    """Other runs of the machine: each of `held` is theirs until a moment, `final` names excepted.

    A name in `final` is refused for ever. Refuses the impossible: to take twice, or too much.
    """

    def __init__(
        self, clock: FakeClock, held: Mapping[str, float], final: Collection[str] = ()
    ) -> None:
        self.clock = clock
        self.held = held
        self.final = final
        self.ours: dict[str, str] = {}  # by name: the node that holds it
        self.asked: list[tuple[float, str, bool]] = []  # moment, node, stuck

    def needs(self, job: Job) -> Mapping[str, int]:
        return {n: count for n, count in job.resources.items() if n in {*self.held, *self.final}}

    def take(self, node: phases.Node, *, stuck: bool) -> Refused | None:
        self.asked.append((self.clock.time, node.key, stuck))
        needs = self.needs(node.job)
        for name in needs:
            if name in self.ours:
                raise AssertionError(f"{node.key} takes {name} of {self.ours[name]}")
        if final := [name for name in needs if name in self.final]:
            return Refused(", ".join(final), "pid 7 (another)", final="it is not to wait")
        if taken := [name for name in needs if self.held[name] > self.clock.time]:
            return Refused(", ".join(taken), "pid 7 (another)", "expected to end in about 40 s")
        self.ours |= dict.fromkeys(needs, node.key)
        return None

    def give(self, node: phases.Node) -> None:
        self.ours = {name: key for name, key in self.ours.items() if key != node.key}


def idle() -> Load:
    """Return the load of a machine that does nothing and tells no pressure."""
    return Load(0.0)


@dataclass
class Played:
    """A run that was played to its end."""

    code: int
    scheduler: Scheduler
    executor: FakeExecutor
    events: list[events.Event]
    share: FakeShare | None = None
    plan: RunPlan = field(default_factory=lambda: RunPlan(phases.Phases((), ())))

    def outcomes(self) -> str:
        """Return `a=passed b=skipped …` in declared order."""
        results = self.scheduler.results
        return " ".join(f"{name}={result.outcome}" for name, result in results.items())

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def jobs(text: str, **fields: dict[str, Any]) -> list[Job]:
    """Make jobs from `"a; b<a; c<a,b"`; `fields[name]` are further fields of that job.

    A '_' in a keyword stands for '-' in a name when there is no such name with '_'.
    """
    made = []
    for part in text.split(";"):
        name, _, needed = part.strip().partition("<")
        depends_on = [need.strip() for need in needed.split(",") if need.strip()]
        made.append(Job(name, "true", depends_on, **fields.get(name.replace("-", "_"), {})))
    return made


def play(
    declared: Sequence[Job],
    fates: Mapping[str, Fate | Sequence[Fate]] | None = None,
    *,
    fails: str = "",
    pools: Mapping[str, int] | None = None,
    max_parallel: int | None = None,
    timeout: float = math.inf,
    fast_fail: bool = False,
    durations: Mapping[str, float] | None = None,
    refused: Mapping[str, str] | None = None,
    signals: Sequence[tuple[float, int]] = (),
    cancels: Sequence[tuple[float, str]] = (),
    only: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    no_deps: bool = False,
    first_jobs: Sequence[str] | None = None,
    only_testcases: str = "",
    first_testcases: str = "",
    shuffle: int | None = None,
    pressure: float | None = None,
    restored: Mapping[str, str] | None = None,
    load: Callable[[float], Load] | None = None,
    held: Mapping[str, float] | None = None,
    final: Collection[str] = (),
    share_of: Callable[[FakeClock], FakeShare] | None = None,
    retry_waits: Callable[[float], bool] | None = None,
) -> Played:
    """Play a run of the jobs with the fake executor; every attempt of `fails` fails.

    `load` tells the load of the machine at a moment of the run. Other runs hold each of `held`
    until a moment, and `final` for ever; or `share_of` makes them. `retry_waits` tells whether a
    retry is to wait at a moment.
    """
    if problems := graph_check.problems(declared, pools or {}):
        raise ValueError("\n".join(problems))
    chosen = selection.select(declared, only, skip, no_deps=no_deps)
    built = phases.build(
        declared,
        chosen.names,
        first_jobs=first_jobs,
        only_testcases=only_testcases,
        first_testcases=first_testcases,
        restored=restored or {},
    )
    clock = FakeClock()
    fated = {**dict.fromkeys(fails.split(), Fate(code=1)), **(fates or {})}
    executor = FakeExecutor(clock, fated, signals=signals, cancels=cancels)
    seen: list[events.Event] = []
    by_name = {job.name: job for job in declared if job.name in chosen.names}
    paths = urgency.remaining_paths(by_name, durations or {})
    share = FakeShare(clock, held or {}, final) if held or final else None
    share = share_of(clock) if share_of else share
    plan = RunPlan(
        built,
        Limits(pools or {}, max_parallel, timeout, pressure),
        fast_fail=fast_fail,
        urgency=paths if shuffle is None else urgency.shuffled(by_name, shuffle),
        short=urgency.short_jobs(by_name, durations or {}, paths) if shuffle is None else (),
        filtered=chosen.filtered,
        refused={n: Why(text, Cause.MISSING_PROGRAM) for n, text in (refused or {}).items()},
        restored={n: Earlier(text) for n, text in (restored or {}).items()},
        seed=shuffle,
        durations=durations or {},
    )
    scheduler = Scheduler(
        plan,
        executor,
        clock,
        seen.append,
        idle if load is None else lambda: load(clock.now()),
        share,
        retry_waits and (lambda _: retry_waits(clock.now())),
    )
    code = scheduler.run()
    if executor.live:
        raise AssertionError(f"left running: {sorted(executor.live)}")
    if share and share.ours:
        raise AssertionError(f"not given back: {share.ours}")
    return Played(code, scheduler, executor, seen, share, plan)
