"""Makes the verdict on a run, alone. Green is earned: missing, stuck or cut off is red. Pure.

`decide` turns the facts about a run into its exit code, the state of its commit and a sentence.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from lib.common import signal_names
from lib.model.run_facts import Facts
from lib.model.verdict_sentence import sentence

PASSED, FAILED, NO_MATCH, TIMED_OUT = 0, 1, 4, 124


class Verdict(NamedTuple):
    """The end of a run; `state` is that of its commit at GitHub."""

    exit_code: int
    state: Literal["success", "failure", "error"]
    sentence: str


def decide(facts: Facts) -> Verdict:
    """Return the verdict on a run."""
    code = _exit_code(facts)
    return Verdict(code, _state(facts, code), sentence(facts))


def _exit_code(facts: Facts) -> int:
    if facts.signal is not None:
        return signal_names.exit_code(facts.signal)
    if facts.timed_out:
        return TIMED_OUT
    if facts.error or facts.faults() or not _all_acceptable(facts):
        return FAILED
    return NO_MATCH if facts.unmatched else PASSED


def _all_acceptable(facts: Facts) -> bool:
    """Whether jobs were selected, and each may stand in a green run."""
    if not facts.selected or facts.refused:  # a refused job may be allowed to fail
        return False
    return all(result.acceptable for result in facts.selected_results())


def _state(facts: Facts, code: int) -> Literal["success", "failure", "error"]:
    if code == PASSED:
        return "success"
    by_the_jobs = code in (FAILED, NO_MATCH) and not facts.error and not facts.faults()
    return "failure" if by_the_jobs else "error"
