"""Sets our verdicts beside those of others, commit and job. Pure.

A verdict without a counterpart is no agreement, and neither is a word that is no verdict.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lib.common.plain_text import counted, table
from lib.corpus import checks
from lib.corpus.checks import Check
from lib.model.result import GOOD, Outcome

OF_COMMIT = "(commit)"
BAD = (Outcome.FAILED, Outcome.TIMED_OUT)
NONE = "-"


class Match(enum.StrEnum):
    """How two sides stand to each other."""

    AGREE = "agree"
    DISAGREE = "DISAGREE"
    UNDECIDED = "undecided"  # one of them is no verdict: skipped, cancelled, going on
    THEIRS_MISSING = "no check"
    OURS_MISSING = "no job"


class Ours(NamedTuple):
    """A run of ours. `whole`: it speaks for its commit; `code` None: it had no end."""

    name: str
    sha: str
    code: int | None
    jobs: Mapping[str, str]
    whole: bool


class Pair(NamedTuple):
    """One commit or job, and what each side says of it; `check` is its name there."""

    commit: str
    job: str
    check: str
    ours: str
    theirs: str
    match: Match


def pairs(
    runs: Sequence[Ours], found: Sequence[Check], names: Mapping[str, Sequence[str]]
) -> list[Pair]:
    """Return a pair for each commit, each of our jobs, and each check that no job stands for.

    `names` are the names of jobs there: by default their own; an empty list is a job that the
    others do not have.
    """
    return [pair for run in runs for pair in _of_run(run, found, names)]


def _of_run(run: Ours, found: Sequence[Check], names: Mapping[str, Sequence[str]]) -> list[Pair]:
    theirs = [check for check in found if check.sha and run.sha.startswith(check.sha)]
    made = []
    if run.whole or not theirs:
        code = "no end" if run.code is None else checks.FAILED if run.code else checks.PASSED
        all_checks = [checks.together(theirs)] if theirs else []
        made.append(_pair(run, OF_COMMIT, f"all {len(theirs)}", code, all_checks))
    if not theirs:
        return made
    known = {name for job in run.jobs for name in names.get(job, [job])}
    for job, outcome in run.jobs.items():
        there = names.get(job, [job])
        if there:
            named = [check for check in theirs if check.name in there]
            made.append(_pair(run, job, ", ".join(there), outcome, named))
    others = dict.fromkeys(check.name for check in theirs if check.name not in known)
    for name in others:
        check = checks.together([each for each in theirs if each.name == name])
        made.append(Pair(run.name, NONE, name, NONE, check.said, Match.OURS_MISSING))
    return made


def _pair(run: Ours, job: str, name: str, ours: str, found: Sequence[Check]) -> Pair:
    if not found:
        return Pair(run.name, job, name, ours, NONE, Match.THEIRS_MISSING)
    check = checks.together(found)
    mine = _verdict(ours)
    if not mine or not check.verdict:
        match = Match.UNDECIDED
    else:
        match = Match.AGREE if mine == check.verdict else Match.DISAGREE
    return Pair(run.name, job, name, ours, check.said, match)


def _verdict(outcome: str) -> str:
    if outcome in GOOD:
        return checks.PASSED
    return checks.FAILED if outcome in BAD else checks.UNDECIDED


def green(runs: Sequence[Ours], found: Sequence[Pair]) -> bool:
    """Whether nothing disagrees, and each run agrees in something: green is earned."""
    none_disagrees = all(pair.match != Match.DISAGREE for pair in found)
    return bool(runs) and none_disagrees and not _unproven(runs, found)


def _unproven(runs: Sequence[Ours], found: Sequence[Pair]) -> list[str]:
    """Return the names of the runs that agree in nothing."""
    agreed = {pair.commit for pair in found if pair.match == Match.AGREE}
    return [run.name for run in runs if run.name not in agreed]


def lines(runs: Sequence[Ours], found: Sequence[Pair]) -> list[str]:
    """Return the pairs for people, at the end what keeps them from being green, and a sentence."""
    heads = ("commit", "job", "check", "ours", "theirs", "")
    differ = [pair for pair in found if pair.match == Match.DISAGREE]
    counts = [
        f"{count} {match}" for match in Match if (count := sum(p.match == match for p in found))
    ]
    shown = [*table([heads, *found]), ""]
    shown += [f"{p.match} {p.commit} {p.job}: ours {p.ours}, theirs {p.theirs}" for p in differ]
    shown += [f"nothing agrees for {name}, so nothing is proven" for name in _unproven(runs, found)]
    commits = counted(len({pair.commit for pair in found}), "commit")
    return [*shown, f"{commits}: {', '.join(counts) or 'nothing to compare'}"]
