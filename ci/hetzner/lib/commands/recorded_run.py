"""Reads the record of a run in a store, for commands that answer from it."""

from __future__ import annotations

from lib.event_stream import reading
from lib.run_directories.stored_run import StoredRun
from lib.timeline.run_record import RunRecord


def record_of(run: StoredRun) -> RunRecord:
    """Return the record of a run. Raises LookupError if it kept no events that can be read."""
    try:
        return reading.read(run.path)
    except (OSError, ValueError) as error:
        kept = "a run of a runner before 0.5.0 has none"
        raise LookupError(f"the events of {run.name} cannot be read: {error} ({kept})") from error
