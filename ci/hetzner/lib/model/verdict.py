"""Makes the verdict on a run, alone. Green is earned: missing, stuck or cut off is red. Pure.

A fact that bears on the verdict is one of the `Facts`; `decide` turns them into the exit code, the
state of the commit and a sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from lib.common import signal_names
from lib.model.cause import Cause
from lib.model.result import Outcome, Result

PASSED, FAILED, NO_MATCH, TIMED_OUT = 0, 1, 4, 124

_SEVERITY = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.RESTORED,
            Outcome.PASSED,
            Outcome.FLAKY,
            Outcome.SKIPPED,
            Outcome.CANCELLED,
            Outcome.FAILED,
            Outcome.TIMED_OUT,
        )
    )
}


class Facts(NamedTuple):
    """All that a verdict depends on; `_replace` adds one.

    `results` are by job, those of jobs that were filtered out too; `seconds` have passed since the
    run began. `signal` is the first that asked the run to end; `timed_out` says that its own time
    limit did. `unmatched`: it has a filter of test cases by which no job ran a test. `refused` are
    jobs that cannot run here, for which nothing was started; `left_out` are those left out for that
    reason. `error` tells why the jobs did not come to their end (no checkout, a bug). `survivors`:
    some processes could not be stopped. `removed_locks` are files that kept other runs away until
    they were removed. `write_error` tells which report could not be written, and why.
    """

    selected: Collection[str] = ()
    results: Mapping[str, Result] = {}
    seconds: float = 0.0
    signal: int | None = None
    timed_out: bool = False
    unmatched: bool = False
    refused: Sequence[str] = ()
    left_out: Sequence[str] = ()
    error: str = ""
    survivors: bool = False
    removed_locks: Sequence[str] = ()
    write_error: str = ""


class Verdict(NamedTuple):
    """The end of a run; `state` is that of its commit at GitHub."""

    exit_code: int
    state: Literal["success", "failure", "error"]
    sentence: str


def decide(facts: Facts) -> Verdict:
    """Return the verdict on a run."""
    code = _exit_code(facts)
    return Verdict(code, _state(facts, code), _sentence(facts))


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes of the same job."""
    return max(one, other, key=_SEVERITY.__getitem__)


def _exit_code(facts: Facts) -> int:
    if facts.signal is not None:
        return signal_names.exit_code(facts.signal)
    if facts.timed_out:
        return TIMED_OUT
    if facts.error or _faults(facts) or not _all_acceptable(facts):
        return FAILED
    return NO_MATCH if facts.unmatched else PASSED


def _all_acceptable(facts: Facts) -> bool:
    """Whether jobs were selected, and each may stand in a green run."""
    if not facts.selected or facts.refused:  # a refused job may be allowed to fail
        return False
    return all(result.acceptable for result in _results(facts))


def _results(facts: Facts) -> list[Result]:
    """Return the results of the selected jobs; one that is missing counts as unfinished."""
    return [facts.results.get(name) or Result(name) for name in facts.selected]


def _state(facts: Facts, code: int) -> Literal["success", "failure", "error"]:
    if code == PASSED:
        return "success"
    by_the_jobs = code in (FAILED, NO_MATCH) and not facts.error and not _faults(facts)
    return "failure" if by_the_jobs else "error"


def _sentence(facts: Facts) -> str:
    if facts.signal is not None:
        return f"ended by {signal_names.name_of(facts.signal)}"
    return "; ".join([*_faults(facts), facts.error or _of_jobs(facts)])


def _faults(facts: Facts) -> list[str]:
    """Return the faults that make a run red after any outcome of its jobs."""
    found = [facts.write_error] if facts.write_error else []
    found += [
        f"the lock {path} was removed during the run, so another run may have gone on beside it"
        for path in facts.removed_locks
    ]
    return found + ["processes could not be stopped"] * facts.survivors


def _of_jobs(facts: Facts) -> str:
    """Return the sentence on the jobs."""
    results = _results(facts)
    took = f"in {facts.seconds:.0f} s"
    if bad := [r for r in results if not r.acceptable]:
        failed = [r for r in bad if r.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)]
        text = f"failed {took}: {', '.join(r.name for r in failed or bad)}"
    elif facts.refused:
        text = f"failed {took}: nothing was started: {', '.join(facts.refused)} cannot run"
    elif not facts.selected:
        text = f"failed {took}: no job was selected"
    else:
        text = f"{len(results)} job{'s' * (len(results) != 1)} passed {took}{_but(facts, results)}"
    return f"{text}; left out: {', '.join(facts.left_out)}" if facts.left_out else text


def _but(facts: Facts, results: Sequence[Result]) -> str:
    """Return the remarks on a run whose jobs may all stand in a green one."""
    if facts.timed_out:
        return ", but the run has run out of time"
    if facts.unmatched:
        return ", but the filter of test cases matched no test"
    empty = [r.name for r in results if r.cause is Cause.NO_TESTS]
    flaky = [r.name for r in results if r.outcome is Outcome.FLAKY]
    text = f", no tests in: {', '.join(empty)}" if empty else ""
    return text + (f", flaky: {', '.join(flaky)}" if flaky else "")
