"""The lines of ci.log on each event. Pure.

People and programs read these forms, so they are fixed: `START x`, `PASS  x`,
`FAIL  x  (see <url>/x.log)`, `SKIP  x (why)`, `TIMEOUT x (>1s)`, `FAST-FAIL: …`. What they have no
room for has its own lines.
"""

from __future__ import annotations

from lib.model import events
from lib.model.result import Outcome, Result


def of(event: events.Event, url: str) -> list[str]:
    """Return the lines on an event, without the time; the logs are at `url`."""
    match event:  # the most frequent first
        case events.Started():
            again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
            return [f"START {event.job}{again}"]
        case events.Finished():
            return _finished(event, url)
        case events.RunStarted():
            return _begun(event)
        case events.PhaseStarted():
            return [f"PHASE {event.title}"]
        case events.Ready():
            return [f"READY {event.job}"]
        case events.TimedOut():
            return [f"TIMEOUT {event.job} (>{event.seconds:.15g}s)"]
        case events.Leaked():
            left = "; ".join(event.processes)
            return [f"LEAK  {event.job} left {len(event.processes)}, stopping: {left}"]
        case events.AttemptEnded() if event.again:
            record = event.record
            return [f"RETRY {event.job} (attempt {record.number}: {record.reason})"]
        case events.FastFail():
            return [f"FAST-FAIL: {event.reason}"]
        case events.Interrupted():
            running = ", ".join(event.running) or "nothing"
            return [f"INTERRUPTED by {event.reason}, running: {running}"]
        case events.Note():
            return [f"NOTE  {event.text}"]
    return []


def _begun(event: events.RunStarted) -> list[str]:
    lines = [f"SKIP  {name} (filtered)" for name in event.filtered]
    if event.seed is not None:
        text = f"ready jobs start in random order; --shuffle={event.seed} gives it again"
        lines.append(f"NOTE  {text}")
    return lines


def _finished(event: events.Finished, url: str) -> list[str]:
    """Return the lines on the outcome of a job, or of a pass of it."""
    result, name, reason = event.result, event.job, event.reason
    match event.outcome:
        case Outcome.PASSED:
            lines = [f"PASS  {name}  ({reason})" if reason else f"PASS  {name}"]
        case Outcome.FLAKY:
            lines = [f"PASS  {name}  (flaky: {'; '.join([reason, *_loads(result)])})"]
        case Outcome.RESTORED:
            lines = [f"PASS  {name}  (restored{': ' + reason if reason else ''})"]
        case Outcome.SKIPPED:
            lines = [f"SKIP  {name} ({reason})"]
        case Outcome.CANCELLED:
            lines = [f"CANCEL {name} ({reason})"]
        case Outcome.FAILED | Outcome.TIMED_OUT:
            where = f"see {url}/{name}.log" if result.begun else "it did not start"
            allowed = "allowed to fail, " if result.allowed else ""
            lines = [f"FAIL  {name}  ({where})", f"CAUSE {name}: {allowed}{reason}"]
    if event.outcome is not result.outcome:  # of the two passes of the job the worse counts
        lines.append(f"NOTE  {name} counts as {result.outcome}: {result.reason}")
    return lines


def _loads(result: Result) -> list[str]:
    """Return the load at the end of each attempt, where it is known."""
    return [f"attempt {a.number}: {a.load}" for a in result.attempts if a.load is not None]
