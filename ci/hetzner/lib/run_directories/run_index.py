"""The sizes and verdicts of the runs of a store, remembered between clean-ups for retention.

The files of a run that has ended stay as they are. So its size and its verdict are taken once, and
written into `runs/.index.json`: a clean-up of thousands of runs reads one file.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from lib.common import files, json_text, waste
from lib.run_directories import run_name
from lib.run_directories.retention import KnownRun
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import CUT_OFF, FAILED, StoredRun

INDEX = ".index.json"


def known(store: Path) -> list[KnownRun]:
    """Return the runs of a store, the newest first. Raises OSError if it cannot be listed."""
    path = store / run_name.RUNS / INDEX
    before = _read(path)
    found = [before.get(run.name) or _look_at(run) for run in RunStore(store).runs()]
    # a directory without a log may be of a run that is just beginning
    after = {run.name: run for run in found if run.begun and not run.live}
    if after != before:
        with contextlib.suppress(OSError):  # the next clean-up looks again
            text = json.dumps([[*run] for run in after.values()])
            files.atomic_write(path, text, durable=False)
    return found


def _look_at(run: StoredRun) -> KnownRun:
    # before the question whether it lives: a run has its lock before it begins its log
    begun = (run.path / "ci.log").exists() or bool(run.summary)
    if run.live:
        return KnownRun(run.name, run.started, live=True)
    return KnownRun(
        name=run.name,
        started=run.started,
        size=waste.disk_usage(run.path),
        begun=begun,
        whole=run.speaks_for_commit,
        red=run.state in (FAILED, CUT_OFF),
        branch=run.branch,
    )


def _read(path: Path) -> dict[str, KnownRun]:
    """Return the remembered runs; none if the file is damaged."""
    try:
        rows: Any = json_text.parse(files.read(path))
        found = [KnownRun(*row) for row in rows]
        kinds = {tuple(map(type, run)) for run in found}
        right = kinds <= {(str, float, int, bool, bool, bool, bool, str)}
    except (OSError, ValueError, TypeError):
        return {}
    return {run.name: run for run in found} if right else {}
