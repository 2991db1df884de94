"""What a run tells of itself in files: its name, its report, its last line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.common import files, json_text, redact
from lib.common.plain_text import one_line
from lib.run_directories import run_name

READ = 4096  # bytes of a log, from its end
LONGEST = 200  # bytes of the file with the name; characters of a line that is shown
VERDICT = re.compile(r"\[[\d:]{8}\] END   exit code \d+: (.+)")  # of a run, in words
BEHIND = re.compile(r"\[[\d:]{8}\] PAGE  ")  # the line that may follow it


def name(path: Path) -> str:
    """Return the name that a run has written into a file, '' if it has not yet."""
    try:
        found = files.read(path, LONGEST).decode(errors="replace").strip()
    except OSError:
        return ""
    return found if run_name.parse(found) else ""


def report(state_dir: Path, run: str) -> Mapping[str, Any]:
    """Return the fields of a run's summary.json; {} if it cannot be read."""
    try:
        found = json_text.parse(files.read(state_dir / run_name.RUNS / run / "summary.json"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def confirms(report: Mapping[str, Any], sha: str, code: int) -> bool:
    """Whether a report says that the run of a commit ended with this exit code.

    A run that cannot write its report is not green, so none that cannot be read confirms 0.
    """
    if not report:
        return code != 0
    return report.get("sha") == sha and report.get("exit_code") == code


def checked_all(report: Mapping[str, Any]) -> bool:
    """Whether a run was to check all of its commit, and so tells GitHub; True if nobody knows."""
    return report.get("whole") is not False


def last_line(log: Path) -> str:
    """Return the last line of a log that is not blank, without secrets; '' if there is none.

    Of a run that has told its verdict in words, return these.
    """
    try:
        with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
            before = max(0, os.fstat(file.fileno()).st_size - READ - redact.LONGEST_SECRET)
            file.seek(before)
            text = file.read(READ + redact.LONGEST_SECRET).decode(errors="replace")
    except OSError:
        return ""
    masked = redact.masked_end(text) if before else redact.of_environment()(text)
    lines = [line.strip() for line in masked.splitlines() if line.strip()]
    while len(lines) > 1 and BEHIND.match(lines[-1]):
        lines.pop()
    if not lines:
        return ""
    verdict = VERDICT.fullmatch(lines[-1])
    return redact.shorten(one_line(verdict[1] if verdict else lines[-1]), LONGEST)
