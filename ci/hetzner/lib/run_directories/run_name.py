"""The name of a run's directory: `<YYYYMMDDThhmmssZ>-<sha7>[-n]`. Pure."""

from __future__ import annotations

import calendar
import re
import time
from typing import NamedTuple

RUNS, LOGS = "runs", "logs"  # in a store: the directories of runs, and the links of commits
NO_COMMIT = "nocommit"
SHORT = 7  # digits of a commit in a name
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # SHA-1 or SHA-256, as git writes them
FORM = re.compile(rf"(\d{{8}}T\d{{6}}Z)-([0-9a-f]{{{SHORT}}}|{NO_COMMIT})(?:-([1-9]\d{{0,8}}))?")
STAMP = "%Y%m%dT%H%M%SZ"


class RunName(NamedTuple):
    """The parts of a name. They are in the order of age: a later run compares as greater."""

    stamp: str  # time of its start, UTC
    number: int  # of the run among those of one commit that began in one second, from 1 on
    commit: str  # its first digits, or NO_COMMIT

    @property
    def started(self) -> float:
        """Seconds since the epoch; 0 for a stamp that is no time."""
        try:
            return float(calendar.timegm(time.strptime(self.stamp, STAMP)))
        except ValueError:
            return 0.0

    def __str__(self) -> str:
        return f"{self.stamp}-{self.commit}{f'-{self.number}' if self.number > 1 else ''}"


def of(sha: str, started: float, number: int = 1) -> RunName:
    """Return the name of a run of a commit that started then (seconds since the epoch)."""
    commit = sha[:SHORT] if COMMIT.fullmatch(sha) else NO_COMMIT
    return RunName(time.strftime(STAMP, time.gmtime(started)), number, commit)


def parse(text: str) -> RunName | None:
    """Return the parts of a name, None if it is not the name of a run."""
    found = FORM.fullmatch(text)
    return RunName(found[1], int(found[3] or 1), found[2]) if found else None
