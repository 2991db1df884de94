"""Finds the lines of a log that name a failure, by the forms of common tools. Pure.

A false find costs a line on the screen; a missed one costs its reader a look into the log. So the
forms are those of the tools that bodies call, not of all tools.

A log may hold anything, so each form takes a time that grows no faster than the length of a line:
no two repetitions in a row may match the same characters, unless they are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, islice

LONGEST = 2000  # characters of a line that are searched
# each names a failure: a test, a place in a file, a step
NAMES = (
    r"(?:FAILED|ERROR) (?!\((?:failures|errors)=)\S",  # pytest; not the counts of unittest
    r"\[gw\d+\].* (?:FAILED|ERROR) ",  # pytest-xdist
    r"(?=\S+::\S)\S+ (?:FAILED|ERROR)\b",  # pytest -v
    r"\S+\.py:\d+: \w*(?:Error|Exception|Failed)\b",  # pytest: the place
    r"!{3,} .+ !{3,}$",  # pytest: Interrupted: 1 error during collection
    r"(?:FAIL|ERROR): \S",  # unittest
    r"\s*● \S",  # jest
    r"\s*FAIL\s+\S",  # jest, vitest, go test
    r"\s*[×✕✖✗✘⨯]\s+\S",  # vitest, jest, mocha, Playwright's list
    r"\s*\d+\) \S",  # mocha; Playwright: 1) [chromium] › a.spec.ts:3:5 › title
    r"\s*\[[\w -]+\] › \S+:\d+:\d+",  # Playwright's summary
    r"\s*--- FAIL: ",  # go test
    r"test .+ \.\.\. FAILED",  # cargo test
    r"thread '.*' panicked at|panic: ",  # Rust, Go
    r"\s*not ok \d+",  # TAP
    r"[^\s:][^:]*(?::\d+){1,2}: (?:fatal )?error\b",  # gcc, clang, mypy
    r"\S+\.go:\d+:\d+: ",  # go build, go vet
    r".*\berror TS\d+: ",  # tsc
    r"\S+:\d+:\d+: [A-Z]+\d+ ",  # ruff, flake8
    r"\s+\d+:\d+\s+error\s",  # eslint
    r"error(?:\[\w+\])?: |(?:fatal|Fatal error): ",  # rustc, ruff, uv, git
    r"In \S+ line \d+:",  # shellcheck
    r"g?make(?:\[\d+\])?: \*\*\* |FAILED: |ninja: .*(?:error|stopped)|CMake Error",
    r"\S*ld(?:\.\w+)?: .*(?:undefined|cannot find)|.*\bundefined reference to ",
    r"\S+: (?:line )?\d+: \S+: |\S+: -c: line \d+: |\S+: line \d+: ",  # bash, dash
    r"npm (?:ERR!|error) |\s*ERR_PNPM_|\s*\bELIFECYCLE\b|yarn .*error |\[ERROR\] |::error",
    r"\* What went wrong:|> Task \S+ FAILED|BUILD FAILED",  # gradle, ant
    r"(?:ERROR|FATAL|CRITICAL)\b[ :]",  # pip
    # loggers, after the time
    r"(?=\S{0,40}\d)\S{1,40}(?: \S{1,80}){0,2} \[?(?:ERROR|FATAL|CRITICAL)\b",
    r".*(?:Segmentation fault|core dumped|AddressSanitizer|Out of memory|No space left on device)",
)
# details of a failure that another line names
DETAILS = (
    r"E {3,}\S",  # pytest: the message
    r"\s+(?:Expected|Received)\b[\w ]*: ",  # jest, Playwright
    r"\s+\S+_test\.go:\d+: ",  # go test: the message
    r"\s*--> \S+:\d+:\d+",  # rustc, ruff
    r"[\s|+]*(?:[\w.$]+)?(?:Error|Exception|Interrupt|Exit)(?: \[\w+\])?(?:: |$)",
    r"=+ (?=.*\b(?:failed|errors?)\b).* =+$",  # pytest's last line
    r"\s*(?:Test Suites|Tests|Test Files|Snapshots):? .*\bfailed\b",  # jest, vitest
)
CODE = r"> {3,}\S"  # pytest: the line that raised
_NAMES, _DETAILS, _CODE = (re.compile("|".join(forms)) for forms in (NAMES, DETAILS, [CODE]))
# bodies that run several commands at once begin each line with the name of its own
_BY = re.compile(r"\[[\w.-]{1,40}\] (?=\S)")
TRACEBACK = "Traceback (most recent call last):"


def pick(lines: Sequence[str], most: int) -> list[int]:
    """Return the places of the lines that name a failure, at most `most`, in their order.

    If there are more, lines that name one go before details, and these before places. Of names the
    first and the last ones are returned: the first error of a compiler is the cause of others, and
    a summary comes at the end.
    """
    names, details, places = [], [], []
    frames: list[int] | None = None  # of a traceback; the line after the last one has the error
    for number, line in enumerate(lines):
        start = line[:LONGEST]
        if frames is not None and start[:1].strip():
            details.append(number)
            places += frames[-1:]
            frames = None
        elif _matches(_NAMES, start):
            names.append(number)
        elif _matches(_DETAILS, start):
            details.append(number)
        elif _matches(_CODE, start):
            places.append(number)
        if start.endswith(TRACEBACK):
            frames = []
        elif frames is not None and start.startswith("  File "):
            frames.append(number)
    if len(names) > most:
        names = [*names[: most - most // 2], *names[len(names) - most // 2 :]]
    return sorted(islice(chain(names, details, places), most))


def _matches(forms: re.Pattern[str], line: str) -> bool:
    """Whether a line has one of these forms, or has it after the name of a command."""
    if forms.match(line):
        return True
    name = _BY.match(line) if line.startswith("[") else None
    return bool(name and forms.match(line, name.end()))
