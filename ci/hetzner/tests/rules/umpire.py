"""Judges a run from the outside, command by command and event by event. Decides nothing.

Each command and each event pays a debt that the rules have run up; nothing may be done that was not
owed, and at the next report or wait all debts must be paid. Only starts are free: whether one is
allowed is asked of the rules, and at each wait, whether one was held back that could have gone.
"""

from __future__ import annotations

import math

from lib.model import events
from lib.model.cause import Cause
from lib.model.result import AttemptRecord, CacheState, Outcome, Result
from lib.scheduler.protocol import Step, StepKind
from tests.rules.ledger import FRESH, LOOK, PATIENCE, Seen
from tests.rules.reference import GOOD, exit_code
from tests.rules.rules import Rules

FAILURES = {
    Cause.EXIT_CODE,
    Cause.SIGNAL,
    Cause.MISSING_OUTPUT,
    Cause.MISSING_PROGRAM,
    Cause.SYNTAX,
    Cause.NOT_STARTED,
    Cause.UNSTOPPABLE,
    Cause.SERVICE_GONE,
    Cause.PORT_TAKEN,
    Cause.NO_ROOM,
    Cause.HELD,
}
CAUSES = {
    Outcome.PASSED: {Cause.NONE, Cause.NO_TESTS},
    Outcome.RESTORED: {Cause.NONE, Cause.EARLIER_RUN},
    Outcome.FLAKY: {Cause.FLAKY, Cause.NO_TESTS},
    Outcome.FAILED: FAILURES,
    Outcome.TIMED_OUT: {Cause.TIMEOUT},
    Outcome.SKIPPED: {Cause.DEPENDENCY, Cause.FILTERED},
    Outcome.CANCELLED: {
        Cause.CANCELLED,
        Cause.FAST_FAIL,
        Cause.INTERRUPTED,
        Cause.RUN_TIMEOUT,
        Cause.REFUSED,
    },
}


class Umpire(Rules):
    """Judges one run of a case."""

    # ---- commands to the executor

    def starts(self, step: Step) -> None:
        seen = self.all[step.node.key]
        if not self.pay("start", seen.node.key, step.kind):
            first = StepKind.RESTORE if seen.node.cached else StepKind.BODY
            self.rule(
                step.kind is first is StepKind.RESTORE, "{}: {} is not due", seen.node.key, step
            )
            self.begin(seen, first)
        wanted = {o for s in self.all.values() for k, o in s.node.needs if k == seen.node.key and o}
        if seen.node.job.service:
            wanted |= set(seen.node.job.outputs)
        body = step.kind is StepKind.BODY
        self.rule(set(step.watch) == (wanted if body else set()), "watches {}", step.watch)
        number = len(self.results[seen.node.job.name].attempts) + 1
        self.rule(step.number == number, "{}: {} is not {}", seen.node.key, step.number, number)
        self.told_what_it_needs(step, seen)
        seen.due = self.now + seen.node.job.timeout

    def told_what_it_needs(self, step: Step, seen: Seen) -> None:
        mine, its = seen.node, step.node
        self.rule(its.test_filter == mine.test_filter, "{} filters {!r}", its.key, its.test_filter)
        self.rule(its.inputs == mine.given, "{} is given {}", its.key, its.inputs)
        self.rule({o for o, _ in its.expects} == mine.takes, "{} expects {}", its.key, its.expects)

    def begin(self, seen: Seen, step: StepKind) -> None:
        """A new attempt: the one thing that the scheduler is free to choose."""
        self.settled()
        key = seen.node.key
        self.rule(seen.idle, "{} is started though it has ended or runs", key)
        self.rule(self.open_to(seen), "{} is started before what it depends on", key)
        self.rule(self.startable(seen), "{} is started beside its delay, a pool or a limit", key)
        self.rule(not self.pressed()[1], "{} is started under pressure", key)
        self.held_since = None
        self.first_of_all(seen)
        seen.tries += 1
        seen.step, seen.began, seen.code, seen.left = step, self.now, None, ()
        seen.told, seen.came, seen.survived, seen.keyed = set(), set(), False, False
        seen.heard, seen.empty, seen.tested = frozenset(), False, False
        result = self.results[seen.node.job.name]
        if seen.node.job.cache is not None and not seen.node.cached:
            result.cache = CacheState.OFF
        if result.started is None:
            result.started = self.now
        self.reached["beside others"] += len(self.busy()) > 1

    def first_of_all(self, seen: Seen) -> None:
        """Of those that could start, the short go first, then the longest remaining path."""
        if self.case.shuffle is not None:
            return
        short, path = self.paths[seen.node.job.name]
        longer = [s for s in self.left if self.paths[s.node.job.name][1] > path]
        self.reached["short first"] += short and any(map(self.startable, longer))
        for other in self.left:
            if self.paths[other.node.job.name] > self.paths[seen.node.job.name]:
                ahead = self.startable(other) and self.alone(other, 0) == self.alone(seen, 0)
                ahead = ahead and not self.unasked(other)
                self.rule(not ahead, "{} goes before {}", seen.node.key, other.node.key)

    def refuses(self, step: Step) -> None:
        """The executor could not start it."""
        seen = self.all[step.node.key]
        self.reached["unstartable"] += 1
        passed = step.kind is StepKind.STORE
        self.conclude(seen, Outcome.PASSED if passed else Outcome.FAILED)

    def accepts(self, step: Step) -> None:
        """The executor has started it."""
        lacks = self.all[step.node.key].node.lacks
        self.rule(not lacks, "{} is started without {}", step.node.key, lacks)
        self.results[step.node.job.name].begun = True

    def stops(self, key: str, *, hung: bool) -> None:
        self.rule(self.pay("stop", key, hung), "{} is stopped without a reason", key)

    def kills(self, key: str) -> None:
        self.rule(self.pay("kill", key), "{} is killed without a reason", key)

    def waits(self, deadline: float) -> None:
        self.settled()
        self.rule(not self.finished(), "waits though all has ended")
        startable = [s.node.key for s in self.left if self.startable(s) and not self.unasked(s)]
        may = not startable or self.pressed()[0]
        self.rule(may, "held back though they could start: {}", startable)
        self.rule(not self.stuck(), "waits for what can never come")
        due = min([math.inf, *(due for due, _ in self.timers())])
        if any(map(self.refused, self.left)) and not self.pressed()[0]:
            self.reached["held by another run"] += 1
            due = min(due, self.now + LOOK)
        if not startable:
            self.held_since = None
        else:
            self.reached["held back"] += 1
            self.held_since = self.now if self.held_since is None else self.held_since
            due = min(due, self.now + FRESH, self.held_since + PATIENCE)
        self.rule(
            deadline <= due, "would sleep until {:g}, past what is due at {:g}", deadline, due
        )

    def stuck(self) -> list[Seen]:
        """Return those who could start but for what services hold, if nothing else moves."""
        waiting = [s for s in self.left if self.due(s) < math.inf and not self.barred(s)]
        if self.busy() or any(self.due(s) > self.now or self.fits(s) for s in waiting):
            return []
        return waiting

    # ---- what listeners are told

    def told(self, event: events.Event) -> None:
        self.rule(not self.over, "told after the end: {}", event)
        self.rule(event.at == self.now, "told for another moment: {}", event)
        match event:
            case events.RunStarted():
                self.run_starts(event)
            case events.Started(job=job, attempt=number):
                self.body_starts(job, number)
            case events.Finished():
                self.finishes(event)
            case events.AttemptEnded():
                self.attempt_ends(event)
            case events.RunEnded():
                self.run_ends(event)
            case events.Note(text=text):
                self.pay("note", text)  # others are the scheduler's own
            case _:
                debt = _debt(event)
                self.rule(self.pay(*debt), "told without a reason: {}", debt)

    def run_starts(self, event: events.RunStarted) -> None:
        names = {seen.node.job.name: None for seen in self.all.values()}
        skipped = set(self.case.skip or ())
        filtered = tuple(job.name for job in self.case.jobs if job.name in skipped)
        self.rule((event.names, event.filtered) == (tuple(names), filtered), "{}", event)
        for name in filtered:
            self.results[name] = Result(
                name, Outcome.SKIPPED, reason="filtered", cause=Cause.FILTERED
            )
        if not self.case.refused:
            self.restore()
            self.settle()
            return
        for seen in self.all.values():
            if seen.node.repeated:
                self.drop(seen)
            else:
                refused = seen.node.job.name in self.case.refused
                self.end(seen, Outcome.FAILED if refused else Outcome.CANCELLED)

    def restore(self) -> None:
        """What an earlier run has proven ends before anything starts."""
        for seen in [s for s in self.left if s.node.job.name in self.case.restored]:
            self.reached["from an earlier run"] += 1
            self.end(seen, Outcome.RESTORED)

    def body_starts(self, job: str, number: int) -> None:
        if not self.pay("started", job):
            seen = next(s for s in self.all.values() if s.node.job.name == job and not s.ended)
            self.begin(seen, StepKind.BODY)
            self.rule(not seen.node.cached, "{} runs though its cache was not asked", job)
            self.owe("start", seen.node.key, StepKind.BODY)
        expected = len(self.results[job].attempts) + 1
        self.rule(number == expected, "{}: told of attempt {}, it is {}", job, number, expected)

    def finishes(self, event: events.Finished) -> None:
        told = (event.result.outcome, event.outcome, event.repeated, event.again)
        debt = ("finished", event.job, *told)
        said = bool(event.reason)
        silent = event.outcome in (Outcome.PASSED, Outcome.RESTORED)
        earlier = event.reason == self.case.restored.get(event.job)
        may = said != silent or "no tests" in event.reason or earlier
        self.rule(may, "a pass of {}: {!r}", event.job, event.reason)
        if not self.pay(*debt):
            stuck = [s for s in self.stuck() if s.node.job.name == event.job]
            self.rule(stuck, "told without a reason: {}", debt)
            self.reached["stuck"] += 1
            self.end(stuck[0], Outcome.FAILED, told=True)
            self.compare(event.result)
            self.settle()
            return
        self.compare(event.result)

    def compare(self, told: Result) -> None:
        """Demand the result of the rules, with a reason if one is due."""
        mine = self.results[told.name]
        for name in ("started", "ended", "allowed", "begun", "cache"):
            pair = getattr(told, name), getattr(mine, name)
            self.rule(
                pair[0] == pair[1],
                "{}: {} is {}, it should be {}",
                told.name,
                name,
                pair[0],
                pair[1],
            )
        self.rule(len(told.attempts) == len(mine.attempts), "{}: {}", told.name, told.attempts)
        if told.outcome in GOOD:
            self.rule(told.cause is mine.cause, "{}: {!r}", told.name, told.reason)
        self.classed(told)
        if told.outcome is Outcome.SKIPPED and told.reason != "filtered":
            blamed = {
                c for s in self.all.values() if s.node.job.name == told.name for c in s.culprits
            }
            words = told.reason.removeprefix("dependency failed: ").split()
            self.rule(
                words[:1] and words[0] in blamed, "{}: {}, not {}", told.name, told.reason, blamed
            )

    def classed(self, told: Result | AttemptRecord) -> None:
        """Demand a class for a result with a reason, and one that the outcome can have."""
        self.rule(bool(told.reason) == bool(told.cause), "{!r}: no class or no words", told)
        fitting = CAUSES[told.outcome] if told.outcome else {Cause.NONE}
        self.rule(told.cause in fitting, "{} by {!r}", told.outcome, told.cause)

    def attempt_ends(self, event: events.AttemptEnded) -> None:
        record = event.record
        debt = ("attempt ended", event.job, record.number, event.again)
        self.rule(self.pay(*debt), "told without a reason: {}", debt)
        mine = self.results[event.job].attempts[record.number - 1]
        self.classed(record._replace(outcome=_of_job(record)))
        for name in ("outcome", "code", "started", "ended", "leaked"):
            pair = getattr(record, name), getattr(mine, name)
            self.rule(
                pair[0] == pair[1],
                "{}: attempt's {} is {}, not {}",
                event.job,
                name,
                pair[0],
                pair[1],
            )

    def run_ends(self, event: events.RunEnded) -> None:
        self.settled()
        self.rule(self.finished(), "the run ends before its jobs")
        outcomes = {
            name: result.outcome
            for name, result in self.results.items()
            if result.outcome and result.reason != "filtered"
        }
        self.code = self.code or exit_code(self.case, outcomes, tested=self.tested())
        if self.code in (0, 4) and self.case.refused:  # nothing has run
            self.code = 1
        self.rule(event.code == self.code, "the code is {}, not {}", event.code, self.code)
        for result in event.results:
            self.compare(result)
            mine = self.results[result.name].outcome
            self.rule(result.outcome is mine, "{} is {}, not {}", result.name, result.outcome, mine)
        self.rule([r.name for r in event.results] == list(self.results), "results are missing")
        self.reached["no match"] += event.code == 4
        self.over = True


def _of_job(record: AttemptRecord) -> Outcome:
    """Return the result of a job by the outcome of its attempt, with the attempt's reason."""
    return Outcome.FLAKY if record.cause is Cause.FLAKY else record.outcome


def _debt(event: events.Event) -> tuple[object, ...]:
    match event:
        case events.PhaseStarted(title=title):
            return "stage", title
        case events.OutputReady(job=job, output=output):
            return "output", job, output
        case events.Ready(job=job):
            return "ready", job
        case events.TimedOut(job=job, seconds=seconds):
            return "timed out", job, seconds
        case events.Leaked(job=job):
            return "leaked", job
        case events.FastFail():
            return ("fast fail",)
        case events.Interrupted(running=running):
            return "interrupted", running
        case events.Asked(running=running):
            jobs = tuple((job, seconds) for job, seconds, _ in running)
            return "asked", jobs, event.waiting, event.ended
    return ("an unknown event", event)
