"""Reads the record of a run in a store, for commands that answer from it."""

from __future__ import annotations

from lib.event_stream import event_file, reading
from lib.run_directories.stored_run import StoredRun
from lib.timeline.run_record import RunRecord


def record_of(run: StoredRun) -> RunRecord:
    """Return the record of a run. Raises LookupError if it kept no events that can be read."""
    require_events(run)
    try:
        return reading.read(run.path)
    except (OSError, ValueError) as error:
        raise LookupError(f"the events of {run.name} cannot be read: {error}") from error


def require_events(run: StoredRun) -> None:
    """Raise LookupError for a run that kept no events."""
    if not (run.path / event_file.NAME).exists():
        raise LookupError(
            f"expected {event_file.NAME} in {run.path}, found none: runners before 0.5.0 wrote "
            f"none, else ci.log says why; `show {run.name}` tells of the run"
        )
