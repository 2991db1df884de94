"""The state of a run, its debts, and the nodes that may start. Changes only the debts.

A command to the executor or an event that the rules demand at once is *owed*. Everything is asked
of all nodes anew each time, so that little can be forgotten.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn

from lib.model.result import Outcome, Result
from lib.scheduler.protocol import StepKind
from tests.rules.reference import BAD, GOOD, Case, Node, nodes, titles, urgency

LOOK = 0.1  # seconds from one question for what other runs hold to the next
FRESH, PATIENCE = 2.0, 30.0  # seconds: of a reading of the pressure, of who is held back by it
Verdict = Outcome | StepKind  # what follows when a tree has ended: an outcome, or the next step


class RuleError(AssertionError):
    """A rule was broken; the message names it."""


@dataclass
class Seen:
    """The state of a node, by the reports on it."""

    node: Node
    outcome: Outcome | None = None
    dropped: bool = False  # its phase is never begun
    tries: int = 0
    step: StepKind | None = None  # the step that runs now
    began: float = 0.0
    due: float = math.inf  # when the time of this step is up
    unwanted: bool = False  # a user has cancelled its job
    verdict: Verdict | None = None  # it is being stopped, and what follows then
    ready: bool = False
    ready_at: float = 0.0
    heard: frozenset[int] = frozenset()  # ports on which it listens
    told: set[str] = field(default_factory=set)  # outputs reported while it ran
    came: set[str] = field(default_factory=set)  # all outputs that were written
    free_since: float | None = None  # all that it needs is there
    code: int | None = None
    keyed: bool = False  # its cache was asked, and its artifact can be stored
    left: tuple[str, ...] = ()
    survived: bool = False
    empty: bool = False  # its body has ended by itself, and with 5
    tested: bool = False  # its body has ended, and not with 5, 126 or 127
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


class Ledger:
    """The state of a run, and its debts."""

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

    # ---- outputs and services in use

    def has(self, user: Seen, key: str, output: str | None) -> bool:
        """Whether a need of a node is met."""
        need = self.all[key]
        if not need.ended:
            return need.ready if output is None else output in need.told
        if user.node.always or need.outcome in GOOD:
            return True
        allowed = need.failed and need.node.job.allow_failure
        return allowed and (output is None or output in need.came)

    def took(self, seen: Seen) -> bool:
        """Whether a job works, or has worked, from an output of a node as it is now."""
        wanted = [user for user in self.all.values() if user.tries > 0 and not user.idle]
        needs = [need for user in wanted for need in user.node.needs]
        return any(key == seen.node.key and output is not None for key, output in needs)

    def blame(self, user: Seen) -> frozenset[str]:
        """Return the jobs that keep a node from ever starting."""
        blamed: set[str] = set()
        for key, output in user.node.needs:
            need = self.all[key]
            unwanted = need.unwanted and need.outcome is Outcome.CANCELLED
            ill = unwanted or need.outcome in (*BAD, Outcome.SKIPPED)
            if ill and not self.has(user, key, output):
                blamed |= need.culprits or {need.node.job.name}
        return frozenset(blamed)

    def barred(self, seen: Seen) -> bool:
        """Whether nothing of this node begins any more."""
        return bool(self.cut) or seen.unwanted or (self.ending and not seen.node.always)

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

    def held_until(self, seen: Seen) -> float:
        """Return the moment until when other runs of the machine hold what a node needs."""
        names = seen.node.job.resources
        return max((self.case.held.get(name, -math.inf) for name in names), default=-math.inf)

    def unasked(self, seen: Seen) -> bool:
        """Whether a run may not know yet that others have given back what a node needs."""
        return self.held_until(seen) <= self.now < self.held_until(seen) + LOOK

    def startable(self, seen: Seen) -> bool:
        return self.could_start(seen) and self.held_until(seen) <= self.now

    def refused(self, seen: Seen) -> bool:
        """Whether nothing but another run keeps a node from its start."""
        return self.could_start(seen) and self.held_until(seen) > self.now

    def could_start(self, seen: Seen) -> bool:
        """Whether a node may start for all that is of this run."""
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

    def timers(self) -> list[tuple[float, Seen | None]]:
        """Return all that the clock will bring; None stands for the end of the run's time."""
        found: list[tuple[float, Seen | None]] = []
        if not self.cut and self.case.timeout < math.inf and not self.case.refused:
            found.append((self.case.timeout, None))
        for seen in self.left:
            if seen.running and not seen.ready:
                found.append((seen.due, seen))
            elif self.now < self.due(seen) < math.inf:
                found.append((self.due(seen), seen))
        return sorted(found, key=lambda timer: timer[0])
