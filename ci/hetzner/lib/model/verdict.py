"""Decides, alone, whether a run is green. Green is earned: missing, stuck or cut off is red."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes of the same job."""
    return max(one, other, key=_SEVERITY.__getitem__)


def green(selected: Collection[str], results: Mapping[str, Result], *, cut_off: bool) -> bool:
    """Whether every selected job is there and may stand in a green run."""
    return (
        bool(selected)
        and not cut_off
        and all(name in results and results[name].acceptable for name in selected)
    )


def exit_code(
    selected: Collection[str],
    results: Mapping[str, Result],
    *,
    signal: int | None = None,
    timed_out: bool = False,
    matched: bool = True,
) -> int:
    """Return the run's exit code: 0, 1, 4, 124 for its own timeout, 128+n for signal n.

    4 is that of a run which is red for nothing but a filter of test cases that `matched` no test.
    """
    if signal is not None:
        return 128 + signal
    if timed_out:
        return TIMED_OUT
    if not green(selected, results, cut_off=False):
        return FAILED
    return PASSED if matched else NO_MATCH


def also_failed(code: int) -> int:
    """Return the exit code of a run that would have had this one, and has failed besides."""
    return FAILED if code in (PASSED, NO_MATCH) else code
