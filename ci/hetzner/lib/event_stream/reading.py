"""Reads the events of a run back from its directory, whatever a job or a crash has left there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, json_text
from lib.event_stream import event_json
from lib.event_stream.event_file import NAME
from lib.model import events
from lib.model.job_fields import NAME as JOB_NAME
from lib.timeline.run_record import RunRecord
from lib.timeline.timeline import Timeline

MOST = 256 * 1024 * 1024  # bytes that are read
LONGEST = 64 * 1024 * 1024  # bytes of a line; the first one has all jobs


def read(run: Path, most: int = MOST) -> RunRecord:
    """Return the record of a run in its directory; `most` bytes of its events are read.

    Lines that are damaged are skipped, and counted; the last one may be cut. Raises
    FileNotFoundError for a run without events, ValueError for one that holds none, and OSError.
    """
    timeline = Timeline()
    known: set[str] = set()
    skipped = taken = 0
    for line in _lines(run / NAME, most):
        try:
            event = event_json.decode(json_text.parse(line))
            _check(event, known)
        except (ValueError, TypeError):
            skipped += 1
            continue
        taken += 1
        timeline(event)
    if not taken:
        raise ValueError(f"expected the events of a run, found none in {run / NAME}")
    return timeline.record()._replace(skipped=skipped)


def _check(event: events.Event, known: set[str]) -> None:
    """Take the names of jobs; raise ValueError for an event of an unknown job."""
    if isinstance(event, events.RunDeclared):
        names = [job.name for job in event.jobs]
    elif isinstance(event, events.RunStarted):
        names = [*event.names, *event.filtered]
    else:
        name = getattr(event, "job", None)
        if name is not None and name not in known:
            raise ValueError(f"expected a job of this run, found {name!r}")
        return
    if not all(map(JOB_NAME.match, names)):
        raise ValueError("expected names of jobs")
    known.update(names)


def _lines(path: Path, left: int) -> Iterator[bytes]:
    """Yield the whole lines of that many bytes of a file. Raises OSError."""
    with os.fdopen(files.open_file(path, os.O_RDONLY), "rb") as file:
        while left > 0 and (line := file.readline(min(LONGEST, left))):
            left -= len(line)
            if line.endswith(b"\n"):
                yield line
