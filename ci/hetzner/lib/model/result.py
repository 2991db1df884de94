"""How jobs and attempts end. Data only: no clock, no process, no file."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

from lib.model.cause import Cause


class Outcome(enum.StrEnum):
    """How a job ended."""

    PASSED = "passed"
    FLAKY = "flaky"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RESTORED = "restored"


class CacheState(enum.StrEnum):
    """The state of a job's cache in a run."""

    OFF = "off"  # a part of its test cases runs: the cache is for all of them
    HIT = "hit"
    MISS = "miss"  # and nothing was stored, or not yet
    STORED = "stored"
    NO_KEY = "no key"
    UNUSABLE = "unusable"  # the store or the artifact cannot be used


GOOD = frozenset({Outcome.PASSED, Outcome.FLAKY, Outcome.RESTORED})
_SEVERITY = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.RESTORED,
            Outcome.PASSED,
            Outcome.FLAKY,
            Outcome.SKIPPED,
            Outcome.CANCELLED,
            Outcome.FAILED,
            Outcome.TIMED_OUT,
        )
    )
}


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes of the same job."""
    return max(one, other, key=_SEVERITY.__getitem__)


class Load(NamedTuple):
    """The load of a machine.

    `average` is its load average over the last minute. `cpu` and `memory` are the shares of the
    last ten seconds, in percent, in which a process waited for them; None if they are unknown.
    """

    average: float
    cpu: float | None = None
    memory: float | None = None

    @property
    def pressure(self) -> float | None:
        """The greater of both pressures, None if neither is known."""
        return max((p for p in (self.cpu, self.memory) if p is not None), default=None)

    def __str__(self) -> str:
        """Return `load 7.9, cpu pressure 81 %, memory pressure 0 %`."""
        parts = [f"load {self.average:.1f}"]
        parts += [
            f"{name} pressure {percent:.0f} %"
            for name, percent in (("cpu", self.cpu), ("memory", self.memory))
            if percent is not None
        ]
        return ", ".join(parts)


class AttemptRecord(NamedTuple):
    """One try of a job, as it ended. Times are seconds on the run's clock.

    `load` is that of the machine at its end, if the job was or will be tried again.
    """

    number: int
    outcome: Outcome
    code: int | None  # exit code, negative for a signal (subprocess' convention); None: no process
    started: float
    ended: float
    reason: str
    leaked: tuple[str, ...]
    load: Load | None
    cause: Cause


class Earlier(NamedTuple):
    """A result of an earlier run that stands for one of this run.

    `text` is the reason for people, with its class; `run` the run in which the job really ran,
    `log` the path of its log there ('': unknown, or gone), `outputs` digests of its outputs by
    name.
    """

    text: str
    cause: Cause = Cause.EARLIER_RUN
    run: str = ""
    log: str = ""
    outputs: Mapping[str, str] = {}


class Result:
    """The result of a selected job; filled in while the run goes on.

    `outcome` is None until the job has ended. Times are seconds on the run's clock.
    """

    def __init__(
        self,
        name: str,
        outcome: Outcome | None = None,
        *,
        reason: str = "",
        cause: Cause = Cause.NONE,
        allowed: bool = False,
    ) -> None:
        self.name = name
        self.outcome = outcome
        self.attempts: tuple[AttemptRecord, ...] = ()
        self.started: float | None = None
        self.ended: float | None = None
        self.reason = reason  # for people; '' for a plain pass
        self.cause = cause  # the class of the reason
        self.waited_for = ""  # the dependency, pool or delay that held it back last
        self.allowed = allowed  # allow_failure: a failure of this job does not fail the run
        self.cache: CacheState | None = None  # None: it has none, or has not been asked
        self.earlier: Earlier | None = None  # the result that it was restored from
        self.failed_tests: tuple[str, ...] = ()  # by its JUnit files, once all jobs have ended
        self.begun = False  # a process of it was started, so its log is of this run

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Result({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def snapshot(self) -> Result:
        """Return a copy as of now."""
        copied = Result.__new__(Result)
        copied.__dict__.update(self.__dict__)
        return copied

    @property
    def duration(self) -> float:
        """Seconds from its first start to its end; 0 if it never started or still runs."""
        if self.started is None or self.ended is None:
            return 0.0
        return self.ended - self.started

    @property
    def acceptable(self) -> bool:
        """Whether this result may stand in a green run."""
        if self.outcome in GOOD:
            return True
        return self.allowed and self.outcome in (
            Outcome.FAILED,
            Outcome.TIMED_OUT,
            Outcome.SKIPPED,
        )
