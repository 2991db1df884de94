"""What follows from what happens in a run: outcomes, stops, skips, phases. Chooses no start.

What the rules demand at once is *owed*: a command to the executor or an event. `umpire` sees the
debts paid. Everything is asked of all nodes anew each time, so that little can be forgotten.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn

from lib.model import AttemptRecord, Outcome, Result
from lib.seam import Step
from tests.reference import BAD, GOOD, Case, Node, acceptable, nodes, titles, urgency, worse

FRESH, PATIENCE = 2.0, 30.0  # seconds: of a reading of the pressure, of who is held back by it
Verdict = Outcome | Step  # what follows when a tree has ended: an outcome, or the next step


class RuleError(AssertionError):
    """A rule was broken; the message names it."""


@dataclass
class Seen:
    """What is known of a node from what was reported of it."""

    node: Node
    outcome: Outcome | None = None
    dropped: bool = False  # its phase is never begun
    tries: int = 0
    step: Step | None = None  # what runs now
    began: float = 0.0
    due: float = math.inf  # when the time of this step is up
    verdict: Verdict | None = None  # it is being stopped, and what follows then
    ready: bool = False
    told: set[str] = field(default_factory=set)  # outputs reported while it ran
    came: set[str] = field(default_factory=set)  # all outputs that were written
    free_since: float | None = None  # all that it needs is there
    code: int | None = None
    left: tuple[str, ...] = ()
    survived: bool = False
    culprits: frozenset[str] = frozenset()

    @property
    def ended(self) -> bool:
        return self.outcome is not None or self.dropped

    @property
    def idle(self) -> bool:
        return not self.ended and self.step is None

    @property
    def running(self) -> bool:
        """Runs, and is not being stopped."""
        return self.step is not None and self.verdict is None

    @property
    def failed(self) -> bool:
        return self.outcome in BAD


class Rules:
    """Where a run is, and what it owes."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.now = 0.0
        self.all = {node.key: Seen(node) for node in nodes(case)}
        self.titles = titles(case, [seen.node for seen in self.all.values()])
        self.paths = urgency(case)
        self.left = list(self.all.values())  # that have not ended
        self.stage = -1
        self.cut = ""  # "SIGTERM": all ends
        self.code = 0
        self.ending = False
        self.over = False
        self.held_since: float | None = None  # what could start waits for the pressure to fall
        self.owed: Counter[object] = Counter()
        self.results = {
            seen.node.job.name: Result(seen.node.job.name, allowed=seen.node.job.allow_failure)
            for seen in self.all.values()
        }
        self.reached: Counter[str] = Counter()  # what this run has shown, for the generator's test

    # ---- debts

    def rule(self, kept: object, what: str, *details: object) -> None:
        """Demand something; `what` has a place for each of the details."""
        if not kept:
            self.foul(what.format(*details))

    def foul(self, what: str) -> NoReturn:
        raise RuleError(f"{what} (at {self.now:g} s)")

    def owe(self, *debt: object) -> None:
        self.owed[debt] += 1

    def pay(self, *debt: object) -> bool:
        if not self.owed[debt]:
            return False
        self.owed[debt] -= 1
        return True

    def settled(self) -> None:
        """Demand that all was done that had to be done at once."""
        if any(self.owed.values()):
            self.foul(f"not done, or not told: {list(+self.owed)}")

    # ---- what runs see and use

    def has(self, user: Seen, key: str, output: str | None) -> bool:
        """Whether a need of a node is met."""
        need = self.all[key]
        if not need.ended:
            return need.ready if output is None else output in need.told
        if user.node.always or need.outcome in GOOD:
            return True
        allowed = need.failed and need.node.job.allow_failure
        return allowed and (output is None or output in need.came)

    def blame(self, user: Seen) -> frozenset[str]:
        """Return the jobs that keep a node from ever starting."""
        blamed: set[str] = set()
        for key, output in user.node.needs:
            need = self.all[key]
            if need.outcome in (*BAD, Outcome.SKIPPED) and not self.has(user, key, output):
                blamed |= need.culprits or {need.node.job.name}
        return frozenset(blamed)

    def barred(self, seen: Seen) -> bool:
        """Whether nothing of this node begins any more."""
        return bool(self.cut) or (self.ending and not seen.node.always)

    def open_to(self, seen: Seen) -> bool:
        opened = seen.node.stage <= self.stage
        return opened and all(self.has(seen, key, output) for key, output in seen.node.needs)

    def serves(self, seen: Seen) -> bool:
        return seen.ready and seen.running

    def busy(self) -> list[Seen]:
        return [s for s in self.left if s.step is not None and not self.serves(s)]

    def fits(self, seen: Seen) -> bool:
        used: Counter[str] = Counter()
        slots = 0
        for other in self.left:
            if other.step is not None:
                used.update(other.node.job.resources)
                slots += not other.ready
        limit = self.case.max_parallel
        return (limit is None or slots < limit) and all(
            used[name] + count <= self.case.pools.get(name, 1)
            for name, count in seen.node.job.resources.items()
        )

    def due(self, seen: Seen) -> float:
        """Return when a node may start for all that its needs say; inf if they are not met."""
        if seen.free_since is None or not seen.idle:
            return math.inf
        return seen.free_since + seen.node.job.delay

    def startable(self, seen: Seen) -> bool:
        if self.due(seen) > self.now or self.barred(seen) or not self.fits(seen):
            return False
        busy = self.busy()
        if any(self.alone(other) for other in busy):
            return False
        return not (self.alone(seen, 0) and busy)

    def alone(self, seen: Seen, more: int = 1) -> bool:
        """Whether this try of a node (or the next, with 0) has the machine to itself."""
        return seen.node.job.retry_alone and seen.tries > more and not seen.ready

    def pressed(self) -> tuple[bool, bool]:
        """Return whether starts may be held back now, and whether they must be.

        A run may know the pressure of any moment of the last two seconds.
        """
        limit = self.case.pressure
        if limit is None or not self.busy() or self.impatient():
            return False, False
        before = [percent for moment, percent in self.case.pressures if moment <= self.now - FRESH]
        since = [p for moment, p in self.case.pressures if self.now - FRESH < moment <= self.now]
        above = [percent > limit for percent in (*(before or [0.0])[-1:], *since)]
        return any(above), all(above)

    def impatient(self) -> bool:
        """Whether starts have been held back for so long that one goes ahead."""
        return self.held_since is not None and self.held_since + PATIENCE <= self.now

    # ---- what follows

    def stop(self, seen: Seen, verdict: Verdict) -> None:
        seen.verdict, seen.due = verdict, math.inf
        self.owe("stop", seen.node.key)

    def cancel_running(self, seen: Seen) -> None:
        # a body that has passed has passed, stored or not
        self.stop(seen, Outcome.PASSED if seen.step is Step.STORE else Outcome.CANCELLED)

    def cancel_idle(self, seen: Seen) -> None:
        if seen.node.repeated and seen.node.stage > self.stage:
            self.drop(seen)
        else:
            self.end(seen, Outcome.CANCELLED)

    def drop(self, seen: Seen) -> None:
        """Forget a node of a phase that is not begun: its job keeps the outcome that it has."""
        seen.dropped = True
        self.left.remove(seen)

    def next(self, seen: Seen, verdict: Verdict) -> None:
        """Follow a tree that has ended."""
        seen.verdict = None
        if isinstance(verdict, Outcome):
            self.conclude(seen, verdict)
        elif not self.barred(seen):
            seen.step = verdict
            self.owe("start", seen.node.key, verdict)
            if verdict is Step.BODY:
                self.owe("started", seen.node.job.name)
        else:
            passed = verdict is Step.STORE
            self.conclude(seen, Outcome.PASSED if passed else Outcome.CANCELLED)

    def conclude(self, seen: Seen, outcome: Outcome) -> None:
        """An attempt has ended: another one follows, or the node has its outcome."""
        job = seen.node.job
        if seen.survived:
            outcome = Outcome.FAILED
        may = not (seen.survived or seen.ready or self.barred(seen))
        again = outcome in BAD and may and seen.tries <= job.retries
        seen.step, seen.due = None, math.inf
        result = self.results[job.name]
        if outcome is not Outcome.RESTORED:
            number = len(result.attempts) + 1
            record = AttemptRecord(
                number, outcome, seen.code, seen.began, self.now, leaked=seen.left
            )
            result.attempts += (record,)
            self.owe("attempt ended", job.name, number, again)
        if again:
            self.reached["again"] += 1
            seen.told, seen.came = set(), set()
            # the delay is over, unless what it needs has to come again
            seen.free_since = -math.inf if self.open_to(seen) else None
            self.settle()
        else:
            passed = outcome is Outcome.PASSED
            self.end(seen, Outcome.FLAKY if passed and seen.tries > 1 else outcome)
            self.settle()

    def end(self, seen: Seen, outcome: Outcome, *, told: bool = False) -> None:
        """Give a node its outcome."""
        seen.outcome = outcome
        self.left.remove(seen)
        job = seen.node.job
        result = self.results[job.name]
        result.outcome = worse(result.outcome, outcome)
        result.ended = self.now
        self.reached[outcome.value] += 1
        if not told:
            self.owe("finished", job.name, result.outcome, seen.node.repeated)

    def settle(self) -> None:
        """Let everything follow that follows: skips, fast_fail, services not needed, phases."""
        while self.skip() or self.fail_fast() or self.release() or self.begin_stage():
            pass
        for seen in self.left:
            if not self.open_to(seen):
                seen.free_since = None
            elif seen.free_since is None:
                seen.free_since = self.now

    def skip(self) -> bool:
        for seen in self.left:
            if seen.node.always or (seen.node.repeated and seen.node.stage > self.stage):
                continue
            if seen.idle and (blamed := self.blame(seen)):
                seen.culprits = blamed
                self.end(seen, Outcome.SKIPPED)
                return True
        return False

    def fail_fast(self) -> bool:
        if self.ending or self.cut or not self.case.fast_fail:
            return False
        critical = [s for s in self.all.values() if s.failed and s.node.job.fast_fail]
        return any(not s.node.job.allow_failure for s in critical) and self.end_early()

    def end_early(self) -> bool:
        if self.ending or self.cut or not self.case.fast_fail:
            return False
        self.ending = True
        self.reached["fast fail"] += 1
        self.owe("fast fail")
        for seen in list(self.left):
            begun = seen.node.stage <= self.stage
            if seen.node.always and (begun or not seen.node.repeated):
                continue
            if seen.idle:
                self.cancel_idle(seen)
            elif seen.running and not seen.ready:
                self.cancel_running(seen)
        return True

    def release(self) -> bool:
        for seen in self.left:
            if self.serves(seen) and not self.users(seen):
                self.stop(seen, Outcome.PASSED)
                return True
        return False

    def users(self, seen: Seen) -> list[Seen]:
        key = seen.node.key
        return [s for s in self.left if key in dict(s.node.needs)]

    def begin_stage(self) -> bool:
        opened = [s for s in self.left if s.node.stage <= self.stage]
        if self.stage == len(self.titles) - 1 or self.finished():
            return False
        if not all(self.serves(s) for s in opened):
            return False
        if self.stage >= 0 and self.red():
            self.end_early()
        self.stage += 1
        title = self.titles[self.stage]
        if title and not self.ending:
            self.owe("stage", title)
        self.reached["stage"] += self.stage > 0
        return True

    def red(self) -> bool:
        return any(
            s.outcome is not None
            and not acceptable(s.node.job, self.results[s.node.job.name].outcome or s.outcome)
            for s in self.all.values()
        )

    def finished(self) -> bool:
        return not self.left

    def cut_off(self, reason: str, code: int) -> None:
        self.cut, self.code = reason, code
        self.reached["cut off"] += 1
        running = [s for s in self.left if s.running]
        self.owe("interrupted", tuple(s.node.job.name for s in running))
        for seen in running:
            self.cancel_running(seen)
        for seen in list(self.left):
            if seen.idle:
                self.cancel_idle(seen)
