"""Reads ci.log for what summary.json does not have: the jobs that run now, and the verdict. Pure.

`lib/report/log_lines.py` has the forms of the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

LINE = re.compile(r"\[(\d\d):(\d\d):(\d\d)\] (.*)")
STARTED = re.compile(r"START (\S+)(?: \(attempt (\d{1,6})\))?")
ENDED = re.compile(r"(PASS  |FAIL  |SKIP  |CANCEL )(\S+)(?: +\((.*)\))?")
OUTCOMES = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped", "CANCEL": "cancelled"}
CAUSE = re.compile(r"CAUSE (\S+): (.*)")
TRIED_AGAIN = re.compile(r"RETRY (\S+) ")
READY = re.compile(r"READY (\S+)")
END = re.compile(r"END   exit code (\d{1,3}): (.*)")
DAY = 24 * 3600  # seconds


class RunningJob(NamedTuple):
    """A job that was started and has not ended. `clock` is the time of day, in seconds."""

    name: str
    clock: int
    attempt: int
    ready: bool

    def seconds(self, now: int) -> int:
        """Return how long it has run at a time of day; less than a day, since days are not told."""
        return (now - self.clock) % DAY


class EndedJob(NamedTuple):
    """A job that has ended, `times` times: twice if test cases ran first and then all."""

    outcome: str
    times: int
    reason: str = ""


class Story(NamedTuple):
    """A run as its ci.log tells it. `sentence` is that of the verdict, '' before the end."""

    running: dict[str, RunningJob]
    ended: dict[str, EndedJob]
    sentence: str = ""
    exit_code: int | None = None


def read(lines: Iterable[str]) -> Story:
    """Return the story of the lines of a ci.log; lines of another form are left out."""
    running: dict[str, RunningJob] = {}
    ended: dict[str, EndedJob] = {}
    story = Story(running, ended)
    for line in lines:
        if not (parts := LINE.fullmatch(line)):
            continue
        hour, minute, second, text = int(parts[1]), int(parts[2]), int(parts[3]), parts[4]
        if found := STARTED.fullmatch(text):
            clock = hour * 3600 + minute * 60 + second
            running[found[1]] = RunningJob(found[1], clock, int(found[2] or 1), ready=False)
        elif found := ENDED.fullmatch(text):
            name = found[2]
            running.pop(name, None)
            times = ended[name].times + 1 if name in ended else 1
            reason = "" if found[1] == "FAIL  " else found[3] or ""  # the next line has it
            ended[name] = EndedJob(OUTCOMES[found[1].strip()], times, reason)
        elif (found := CAUSE.fullmatch(text)) and found[1] in ended:
            ended[found[1]] = ended[found[1]]._replace(reason=found[2])
        elif found := TRIED_AGAIN.match(text):
            running.pop(found[1], None)
        elif (found := READY.fullmatch(text)) and found[1] in running:
            running[found[1]] = running[found[1]]._replace(ready=True)
        elif found := END.fullmatch(text):
            story = story._replace(sentence=found[2], exit_code=int(found[1]))
    return story
