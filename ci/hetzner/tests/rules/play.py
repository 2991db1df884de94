"""Plays a run of a case with the real scheduler before the umpire, and tells what became of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import overload

from lib.model import events, phases, urgency
from lib.model.cause import Cause, Why
from lib.model.phases import Phases
from lib.model.result import Earlier, Load, Result
from lib.model.run_plan import Limits, RunPlan
from lib.model.selection import select
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import Executor, Report, StartError, Step
from tests.rules.ledger import RuleError
from tests.rules.reference import Case, outright, selection
from tests.rules.umpire import Umpire
from tests.support.fakes import FakeClock, FakeExecutor, FakeShare, Played

MOST_WAITS = 10_000
# what random runs have to reach, or they would show too little
REACHED = (
    "passed",
    "flaky",
    "failed",
    "timed out",
    "skipped",
    "cancelled",
    "restored",
    "from an earlier run",
    "again",
    "fast fail",
    "stage",
    "ready",
    "cut off",
    "cancelled while it runs",
    "cancelled while it waits",
    "unstartable",
    "survived",
    "removed",
    "listens",
    "taken",
    "silent",
    "listened no more",
    "ended before its stop",
    "stuck",
    "beside others",
    "held back",
    "outright",
    "no tests",
    "no match",
    "short first",
    "at the end",
    "refused selection",
    "held by another run",
)
Built = tuple[Phases, tuple[str, ...]]  # the phases, and the filtered jobs


class Watched:
    """An executor whose every command and report the umpire sees."""

    def __init__(self, inner: FakeExecutor, umpire: Umpire) -> None:
        self._inner = inner
        self._umpire = umpire
        self._waits = 0

    def start(self, step: Step) -> None:
        self._umpire.starts(step)
        try:
            self._inner.start(step)
        except StartError:
            self._umpire.refuses(step)
            raise
        self._umpire.accepts(step)

    def stop(self, key: str, *, hung: bool = False) -> None:
        self._umpire.stops(key, hung=hung)
        self._inner.stop(key, hung=hung)

    def kill(self, key: str) -> None:
        self._umpire.kills(key)
        self._inner.kill(key)

    def wait(self, deadline: float) -> Sequence[Report]:
        self._umpire.waits(deadline)
        self._waits += 1
        if self._waits > MOST_WAITS:
            raise RuleError("the run does not end")
        return Handed(self._inner.wait(deadline), self._umpire, self._inner.clock)


class Handed(Sequence[Report]):
    """Reports that the umpire sees at the moment when the scheduler takes them."""

    def __init__(self, reports: Sequence[Report], umpire: Umpire, clock: FakeClock) -> None:
        self._reports = reports
        self._umpire = umpire
        self._clock = clock

    def __iter__(self) -> Iterator[Report]:
        now = self._clock.now()
        for report in self._reports:
            self._umpire.takes(report, now)
            yield report
        self._umpire.woke(now)

    def __len__(self) -> int:
        return len(self._reports)

    @overload
    def __getitem__(self, index: int) -> Report: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Report]: ...
    def __getitem__(self, index: int | slice) -> Report | Sequence[Report]:
        return self._reports[index]


def examine(case: Case) -> Counter[str]:
    """Play a case, if it can be played; return the situations it reached. Raises RuleError."""
    try:
        built = build(case)
    except ValueError as error:
        if selection(case):
            raise RuleError(f"the selection was refused: {error}") from error
        return Counter(("refused selection",))
    return play(case, built)[1]


def build(case: Case) -> Built:
    """Return the phases and the filtered jobs. Raises ValueError."""
    chosen = select(case.jobs, case.only, case.skip, no_deps=case.no_deps)
    built = phases.build(
        case.jobs,
        chosen.names,
        first_jobs=case.first_jobs,
        only_testcases=case.only_testcases,
        first_testcases=case.first_testcases,
        restored=case.restored,
    )
    return built, chosen.filtered


def play(case: Case, made: Built | None = None) -> tuple[Played, Counter[str]]:
    """Play a case before the umpire. Raises RuleError for a rule, ValueError for a selection."""
    built, filtered = made or build(case)
    selected = selection(case)
    if {node.job.name for node in built.nodes} != set(selected):
        raise RuleError(f"{selected} are selected, but {built.nodes} would run")
    refused = {name: why for name, why in case.refused.items() if name in selected}
    case = dataclasses.replace(case, refused=refused)
    umpire = Umpire(case)
    executor = executor_of(case)
    seen: list[events.Event] = []

    def listen(event: events.Event) -> None:
        umpire.told(event)
        seen.append(event)

    scheduler = scheduler_of(case, (built, filtered), Watched(executor, umpire), executor, listen)
    code = scheduler.run()
    played = Played(code, scheduler, executor, seen)
    umpire.rule(umpire.over and code == umpire.code, "the run was not told to be over")
    umpire.rule(not executor.live, "left running: {}", executor.live)
    check_outright(case, played, umpire)
    check_rebuilt(played, umpire)
    check_order(case, played, umpire)
    return played, umpire.reached


def executor_of(case: Case) -> FakeExecutor:
    """Return an executor that plays the fates of a case."""
    return FakeExecutor(
        FakeClock(),
        case.fates,
        signals=case.signals,
        absent=case.absent,
        lump=case.lump,
        cancels=case.cancels,
    )


def scheduler_of(
    case: Case, made: Built, executor: Executor, fake: FakeExecutor, listen: events.Listener
) -> Scheduler:
    """Return a scheduler of a case, on the clock of the fake executor."""
    built, filtered = made
    chosen = {node.job.name for node in built.nodes}
    chosen -= set(case.restored)
    by_name = {job.name: job for job in case.jobs if job.name in chosen}
    paths = urgency.remaining_paths(by_name, case.durations)
    shuffled = case.shuffle is not None
    return Scheduler(
        RunPlan(
            built,
            Limits(case.pools, case.max_parallel, case.timeout, case.pressure),
            fast_fail=case.fast_fail,
            urgency=urgency.shuffled(by_name, case.shuffle or 0) if shuffled else paths,
            short=() if shuffled else urgency.short_jobs(by_name, case.durations, paths),
            filtered=filtered,
            refused={n: Why(text, Cause.MISSING_PROGRAM) for n, text in case.refused.items()},
            restored={n: Earlier(text) for n, text in case.restored.items()},
            seed=case.shuffle,
        ),
        executor,
        fake.clock,
        listen,
        lambda: load(case, fake.clock.now()),
        FakeShare(fake.clock, case.held) if case.held else None,
    )


def load(case: Case, now: float) -> Load:
    """Return the load of the machine at a moment."""
    return Load(0.0, ([0.0] + [percent for moment, percent in case.pressures if moment <= now])[-1])


def check_outright(case: Case, played: Played, umpire: Umpire) -> None:
    """Where the outcomes follow from the fates alone, compare."""
    expected = outright(case)
    if expected is not None:
        umpire.reached["outright"] += 1
        found = {name: played.scheduler.results[name].outcome for name in expected}
        umpire.rule(found == expected, "the outcomes are {}, they should be {}", found, expected)


def check_rebuilt(played: Played, umpire: Umpire) -> None:
    """The events alone give the results, to the last field."""
    rebuilt = {}
    for event in played.events:
        if isinstance(event, events.RunStarted):
            rebuilt = {name: Result(name) for name in event.names}
        elif isinstance(event, events.Finished):
            rebuilt[event.job] = event.result
    results = {n: r for n, r in played.scheduler.results.items() if r.reason != "filtered"}
    umpire.rule(rebuilt == results, "the events tell of {}, the results are {}", rebuilt, results)


def check_order(case: Case, played: Played, umpire: Umpire) -> None:
    """The events alone can be followed."""
    cached = {job.name for job in case.jobs if job.cache is not None}  # run before their body does
    running: set[str] = set()
    for event in played.events:
        job = getattr(event, "job", "")
        if isinstance(event, events.Started):
            umpire.rule(job not in running, "{} is told to start while it runs", job)
            running.add(job)
        elif isinstance(event, events.Finished):
            umpire.rule(job not in running, "{} is told to have finished while it runs", job)
        elif job:
            umpire.rule(job in running | cached, "told of {} that does not run: {}", job, event)
        if isinstance(event, events.AttemptEnded):
            running.discard(job)
    ends = [type(event) for event in (played.events[0], played.events[-1])]
    umpire.rule(ends == [events.RunStarted, events.RunEnded], "begins and ends with {}", ends)
