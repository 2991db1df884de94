"""The reasons why a run, or a job of it, is cut off: a signal, its timeout, fast_fail, a user."""

from __future__ import annotations

from lib.common.signal_names import name_of
from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.job import Job
from lib.model.run_plan import DEFAULT_TIMEOUT


class CutOff:
    """Whether a run is cut off, and the reason; the first one counts."""

    def __init__(self) -> None:
        self.everything: Why | None = None  # the reason why everything ends
        self.fast_fail: Why | None = None  # why only jobs that run regardless still start
        self.cancelled: dict[str, Why] = {}  # the jobs that a user has cancelled
        self.reason = ""  # for the log
        self.signal: int | None = None
        self.timed_out = False

    def reason_against(self, job: Job) -> Why | None:
        """Return the reason why no step of this job begins any more, None if one may."""
        if why := self.everything or self.cancelled.get(job.name):
            return why
        return None if job.regardless else self.fast_fail

    def by_signal(self, number: int) -> Why | None:
        """Let a signal end everything. None for a second one: it takes the grace from all stops."""
        if self.everything:
            return None
        self.signal = number
        return self._everything(name_of(number), Cause.INTERRUPTED)

    def by_timeout(self, seconds: float) -> Why:
        """Let the timeout of the run end everything."""
        self.timed_out = True
        hint = by_default("timeout", seconds, DEFAULT_TIMEOUT)
        return self._everything(f"the run's timeout of {seconds:g} s{hint}", Cause.RUN_TIMEOUT)

    def by_failure(self, reason: str) -> Why:
        """Let a failure end all but the jobs that run regardless."""
        self.fast_fail = Why(f"cut off by fast_fail: {reason}", Cause.FAST_FAIL)
        return self.fast_fail

    def by_user(self, job: str) -> Why:
        """Let a user end one job."""
        return self.cancelled.setdefault(job, Why("cancelled by a user", Cause.CANCELLED))

    def _everything(self, reason: str, cause: Cause) -> Why:
        self.reason, self.everything = reason, Why(f"cut off by {reason}", cause)
        return self.everything
