"""The table at the end of a corpus: expected, found, and the change since the last round. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from lib.common.plain_text import counted, table
from lib.corpus import judgement
from lib.corpus.commits import Commit
from lib.corpus.ended_run import EndedRun
from lib.corpus.judgement import Row
from lib.model.result import GOOD, Outcome


class Change(enum.StrEnum):
    """How an outcome stands to that of the last complete round."""

    FIRST = "first"  # there is none
    NEW = "new"  # wrong now, and not then
    FIXED = "fixed"
    FLAKY = "flaky"  # the same runner on the same commit found both, in one run or in two
    SAME = "same"


class Compared(NamedTuple):
    """A row with its change since the last complete round."""

    row: Row
    change: Change


def compared(commit: Commit, run: EndedRun | None, before: EndedRun | None) -> list[Compared]:
    """Return the rows of a commit, each beside the same one of the last complete round.

    Both are judged by what the file expects now.
    """
    then = {}
    if before:
        then = {row.job: row for row in judgement.rows(commit, before)}
    found = judgement.rows(commit, run)
    return [Compared(row, _change(row, run, then.get(row.job), before)) for row in found]


def _change(row: Row, run: EndedRun | None, then: Row | None, before: EndedRun | None) -> Change:
    if row.found == Outcome.FLAKY:
        return Change.FLAKY
    if before is None:
        return Change.FIRST
    if row.job == judgement.OF_RUN:  # such a row is there only if something is wrong
        return Change.SAME if then else Change.NEW
    if before.problem:  # it did not happen
        return Change.NEW if row.wrong else Change.FIXED if row.right else Change.FIRST
    if then is None:
        return Change.FIRST
    if run and run.alike(before) and _class(row.found) != _class(then.found):
        return Change.FLAKY
    if row.wrong != then.wrong:
        return Change.NEW if row.wrong else Change.FIXED
    return Change.SAME


def _class(found: str) -> str:
    return str(Outcome.PASSED) if found in GOOD else found


def lines(rows: Sequence[Compared]) -> list[str]:
    """Return the table for people, and a sentence that counts."""
    heads = ("commit", "job", "expected", "found", "", "since last round")
    cells = [
        (row.commit, row.job, " or ".join(row.expected) or "-", row.found, _mark(row), change)
        for row, change in rows
    ]
    return [*table([heads, *cells]), "", sentence(rows)]


def _mark(row: Row) -> str:
    return "WRONG" if row.wrong else "ok" if row.right else "-"


def sentence(rows: Sequence[Compared]) -> str:
    """Return the count of commits and jobs, of those that are wrong, and of the changes."""
    commits = len({each.row.commit for each in rows})
    judged = [each for each in rows if each.row.right is not None]
    wrong = [each for each in judged if each.row.wrong]
    parts = [f"{len(wrong)} wrong" if wrong else "all as expected"]
    parts += [
        f"{count} {change}"
        for change in (Change.NEW, Change.FIXED, Change.FLAKY)
        if (count := sum(each.change == change for each in rows))
    ]
    unseen = len(rows) - len(judged)
    parts += [f"{unseen} not judged"] if unseen else []
    return f"{counted(commits, 'commit')}, {counted(len(judged), 'outcome')}: {', '.join(parts)}"


def green(commits: Sequence[Commit], rows: Sequence[Compared]) -> bool:
    """Whether each commit has rows, and none of them is wrong: green is earned."""
    seen = {each.row.commit for each in rows if each.row.right}
    return (
        bool(commits)
        and all(c.name in seen for c in commits)
        and not any(each.row.wrong for each in rows)
    )


def fields(rows: Sequence[Compared]) -> list[dict[str, object]]:
    """Return the table for programs."""
    return [{**row._asdict(), "since_last_time": str(change)} for row, change in rows]
