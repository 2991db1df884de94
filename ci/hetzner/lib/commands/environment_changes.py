"""Finds what changed around a failed run since the last green one of its branch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lib.common import files, json_text
from lib.report.environment_differences import differences
from lib.report.environment_record import FILE
from lib.run_directories.stored_run import PASSED, StoredRun

MOST = 100  # earlier runs that are looked at


class Changes(NamedTuple):
    """The name of the earlier run, '' if there is none, and a line for each difference."""

    since: str = ""
    lines: Sequence[str] = ()


def since_green(run: StoredRun, runs: Iterable[StoredRun]) -> Changes:
    """Compare a run with the newest whole green one before it; `runs` are the newest first."""
    now = environment(run)
    if not now:
        return Changes()
    earlier = (each for each in runs if each.key < run.key)
    for each in itertools.islice(earlier, MOST):
        if each.branch == run.branch and each.whole and each.state == PASSED:
            return Changes(each.name, differences(environment(each), now))
    return Changes()


def environment(run: StoredRun) -> Mapping[str, Any]:
    """Return what a run ran on; {} if that cannot be read."""
    try:
        found = json_text.parse(files.read(run.path / FILE))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
