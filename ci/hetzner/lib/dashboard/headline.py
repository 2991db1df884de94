"""The sentence on top of the first page: about the main branch if there is one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.commit_queue.states import State
from lib.dashboard.overview import Item, Overview
from lib.dashboard.words import colour_of, name

ENDED_BY_OTHERS = (State.CUT_OFF, State.CANCELLED, State.SUPERSEDED)


class Headline(NamedTuple):
    """The sentence, and the class of its colour."""

    sentence: str
    colour: str


def of(shown: Overview) -> Headline:
    """Return the sentence for what the page shows."""
    if shown.branches:
        branch, item = shown.branches[0]
        if branch == shown.main:
            return _of_branch(branch, item.state)
        return _of_branches([(each, i.state) for each, i in shown.branches])
    if shown.recent:
        return _of_run(shown.recent[0])
    return Headline("The first run goes on" if shown.running else "Nothing has run yet", "")


def _of_run(last: Item) -> Headline:
    state = last.state
    if state in (State.PASSED, State.FAILED):
        says = f" {state}"
    else:
        says = f" was {state}" if state in ENDED_BY_OTHERS else f": {state}"
    remark = f" ({last.limits})" if last.limits else ""
    return Headline(f"The last run{says}{remark}", colour_of(state, whole=last.whole))


def _of_branch(branch: str, state: str) -> Headline:
    says = {State.PASSED.value: "passes", State.FAILED.value: "fails"}.get(state)
    sentence = f"{name(branch)} {says}" if says else f"{name(branch)}: {state}"
    return Headline(sentence, colour_of(state))


def _of_branches(states: Sequence[tuple[str, str]]) -> Headline:
    """Return the sentence on all branches: green only if each of them has passed."""
    bad = [(branch, state) for branch, state in states if state != State.PASSED]
    if len(bad) == 1:
        return _of_branch(*bad[0])
    if not bad:
        return Headline("All branches pass", "green")
    colours = {colour_of(state) for _, state in bad}
    says = "fail" if colours == {"red"} else "do not pass"
    return Headline(f"{len(bad)} branches {says}", "red" if "red" in colours else "amber")
