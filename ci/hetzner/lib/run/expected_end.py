"""The expected end of a run: the jobs that are left, played from now on through the scheduler."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping

from lib.model import events
from lib.model.durations import Timings
from lib.model.run_plan import RunPlan
from lib.model.usual_length import usual_length

PAUSE = 5.0  # seconds from one look to the next, at least
SHARE = 0.002  # of the time: the looks take no more of it
Tell = Callable[[float], object]


class ExpectedEnd:
    """A listener that knows when its run is expected to end, in seconds since the epoch.

    `now` reads the clock of the run. `moment` is None if no duration is known.
    """

    def __init__(self, plan: RunPlan, now: Callable[[], float]) -> None:
        self._plan = plan
        self._now = now
        self._left = {node.job.name for node in plan.phases.nodes}.difference(plan.restored)
        self._started: dict[str, float] = {}
        self._written: set[tuple[str, str]] = set()
        self._looks = threading.Lock()
        self._due = 0.0  # the time of the next look
        self._tell: Tell = lambda moment: None
        usual = usual_length(plan)
        self.moment = None if usual is None else time.time() + usual

    def tell(self, tell: Tell) -> None:
        """Call this with the moment, now and whenever a job has ended and it is another one."""
        self._tell = tell
        if self.moment is not None:
            tell(self.moment)

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
                if self._left and self._look(event.at) and self.moment is not None:
                    self._tell(self.moment)

    def look(self) -> float | None:
        """Return the moment, found anew if the last look was a while ago. For any thread."""
        now = self._now()
        if now >= PAUSE:  # before, the usual length is as good
            self._look(now)
        return self.moment

    def _look(self, now: float) -> bool:
        """Find the moment anew, if that is due; return whether it was."""
        if self.moment is None or now < self._due or not self._looks.acquire(blocking=False):
            return False
        try:
            began = time.perf_counter()
            left, started, written = set(self._left), dict(self._started), set(self._written)
            self.moment = time.time() + length(remaining(self._plan, left, started, written, now))
            self._due = now + max(PAUSE, (time.perf_counter() - began) / SHARE)
        finally:
            self._looks.release()
        return True


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
