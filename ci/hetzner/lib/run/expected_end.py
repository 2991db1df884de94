"""The expected end of a run: the jobs that are left, played from now on through the scheduler."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping

from lib.model import events
from lib.model.durations import Timings
from lib.model.run_plan import RunPlan
from lib.model.usual_length import usual_length

PAUSE = 5.0  # seconds from one estimate to the next, at least
SHARE = 0.002  # of the time: playing takes no more of it
Tell = Callable[[float], object]


class ExpectedEnd:
    """A listener that knows when its run is expected to end.

    `now` reads the clock of the run, which stands still while that is suspended. The run's own
    thread adds up the usual lengths of the jobs that are left, which is quick; only a view, in a
    thread of its own, plays them.
    """

    def __init__(self, plan: RunPlan, now: Callable[[], float]) -> None:
        self._plan = plan
        self._now = now
        self._left = {node.job.name for node in plan.phases.nodes}.difference(plan.restored)
        self._started: dict[str, float] = {}
        self._written: set[tuple[str, str]] = set()
        self._tell: Tell = lambda moment: None
        self._told = -PAUSE  # the time of the last estimate for others
        usual = usual_length(plan)
        self._played = usual  # the end, on the run's clock
        self._play_again = PAUSE  # before this time, the usual length is as good

    def tell(self, tell: Tell) -> None:
        """Call this with the end, now and when jobs have ended. Never if it is unknown.

        It is in seconds since the epoch: for other programs, which have another clock.
        """
        self._tell = tell
        if self._played is not None:
            tell(time.time() + self._played - self._now())

    def __call__(self, event: events.Event) -> None:
        """Follow the starts and ends of jobs."""
        match event:
            case events.Started():
                self._started[event.job] = event.at
            case events.OutputReady():
                self._written.add((event.job, event.output))
            case events.AttemptEnded() if event.again:
                self._started.pop(event.job, None)
                self._written = {each for each in self._written if each[0] != event.job}
            case events.Finished() if not event.again:
                self._left.discard(event.job)
                self._tell_again(event.at)

    def _tell_again(self, now: float) -> None:
        if not self._left or now < self._told + PAUSE:
            return
        self._told = now
        left = remaining(self._plan, self._left, self._started, self._written, now)
        if (usual := usual_length(left)) is not None:
            self._tell(time.time() + usual)

    def look(self) -> float | None:
        """Return the end in seconds on the run's clock, None if no duration is known.

        It is found anew if that was a while ago. For one thread, which need not be the run's.
        """
        now = self._now()
        if self._played is not None and now >= self._play_again:
            began = time.perf_counter()
            left, started, written = set(self._left), dict(self._started), set(self._written)
            self._played = now + length(remaining(self._plan, left, started, written, now))
            self._play_again = now + max(PAUSE, (time.perf_counter() - began) / SHARE)
        return self._played


def remaining(
    plan: RunPlan,
    left: Collection[str],
    started: Mapping[str, float],
    written: Collection[tuple[str, str]],
    now: float,
) -> RunPlan:
    """Return the plan of the jobs that are left; of those that run the rest is, and they go first.

    Nothing waits any more for a job that has ended, nor for an output that is `written`.
    """
    kept = [node for node in plan.phases.nodes if node.job.name in left]
    names = {node.key: node.job.name for node in kept}
    nodes = []
    for node in kept:
        waits = node.job.name not in started
        edges = tuple(
            edge
            for edge in node.edges
            if waits and edge.key in names and (names[edge.key], edge.output) not in written
        )
        job = node.job if waits or not node.job.delay else node.job.but(delay=0)
        nodes.append(node._replace(edges=edges, job=job))
    durations = {
        name: max(0.0, seconds - (now - started.get(name, now)))
        for name, seconds in plan.durations.items()
    }
    running = dict.fromkeys((name for name in started if name in left), math.inf)
    return plan._replace(
        phases=plan.phases._replace(nodes=tuple(nodes)),
        durations=durations,
        urgency={**plan.urgency, **running},
        short=frozenset(running),
    )


def length(plan: RunPlan) -> float:
    """Return the seconds that a plan takes, played through the real scheduler."""
    from lib.simulate import dry_run  # late: a short run needs no look

    ends = [0.0]
    scheduler = dry_run.make(plan, Timings(plan.durations), lambda event: ends.append(event.at))
    scheduler.run()
    return ends[-1]
