"""The sentence of a verdict, for the END line of the log and the status of the commit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.common import signal_names
from lib.model.cause import Cause
from lib.model.result import Outcome, Result
from lib.model.run_facts import Facts


def sentence(facts: Facts) -> str:
    """Return the sentence on a run: that of its END line and of its commit's status."""
    if facts.signal is not None:
        return "; ".join([f"ended by {signal_names.name_of(facts.signal)}", *facts.faults()])
    return "; ".join([*facts.faults(), facts.error or _of_jobs(facts)])


def _of_jobs(facts: Facts) -> str:
    """Return the sentence on the jobs."""
    results = facts.selected_results()
    took = f"in {facts.seconds:.0f} s"
    if bad := [r for r in results if not r.acceptable]:
        text = f"failed {took}: {_culprits(bad)}"
        text += "; the run's timeout cut it off" if facts.timed_out else ""
    elif facts.refused:
        text = f"failed {took}: nothing was started: {', '.join(facts.refused)} cannot run"
    elif not facts.selected:
        text = f"failed {took}: no job was selected"
    else:
        text = f"{len(results)} job{'s' * (len(results) != 1)} passed {took}{_but(facts, results)}"
    return f"{text}; left out: {', '.join(facts.left_out)}" if facts.left_out else text


def _culprits(bad: Sequence[Result]) -> str:
    """Return the jobs that failed, and those that a user cancelled; without any, all of them."""
    failed = [r.name for r in bad if r.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)]
    cancelled = [r.name for r in bad if r.cause is Cause.CANCELLED]
    parts = [", ".join(failed)] if failed else []
    parts += [f"cancelled by a user: {', '.join(cancelled)}"] if cancelled else []
    return "; ".join(parts) or ", ".join(r.name for r in bad)


def _but(facts: Facts, results: Sequence[Result]) -> str:
    """Return the remarks on a run whose jobs may all stand in a green one."""
    if facts.timed_out:
        return ", but the run has run out of time"
    if facts.unmatched:
        return ", but the filter of test cases matched no test"
    empty = [r.name for r in results if r.cause is Cause.NO_TESTS]
    flaky = [r.name for r in results if r.outcome is Outcome.FLAKY or r.cause is Cause.FLAKY]
    before = sum(bool(r.earlier and r.earlier.run) for r in results)
    text = f", {before} of them in an earlier run" if before else ""
    text += f", no tests in: {', '.join(empty)}" if empty else ""
    return text + (f", flaky: {', '.join(flaky)}" if flaky else "")
