"""The end of a corpus: its table, what its runs have left, and whether all is as expected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.common import plain_text
from lib.corpus import left_behind, result_table
from lib.corpus.commits import Corpus
from lib.corpus.left_behind import Growth
from lib.corpus.result_table import Compared
from lib.corpus.rounds import Round

HEAD_OF_GROWTH = (
    "on the whole machine after each run, other programs included, beside before the first:"
)


class Report(NamedTuple):
    """The report on one round of a corpus.

    `left` are the processes that runs have left, by the name of the commit; `leaks` what each run
    added to. `before` is the name of the round that it is compared with, '' if there is none.
    """

    name: str
    before: str
    rows: tuple[Compared, ...]
    left: dict[str, tuple[str, ...]]
    growth: tuple[Growth, ...]
    leaks: tuple[str, ...]
    complete: bool
    green: bool

    def lines(self) -> list[str]:
        """Return it for people."""
        shown = [*result_table.lines(self.rows)]
        shown += [
            f"LEFT  {run}: {each}" for run, all_left in self.left.items() for each in all_left
        ]
        if self.growth:
            shown += ["", HEAD_OF_GROWTH]
            shown += _table(self.growth)
        shown += [f"GREW  {name}: each run after the first added some" for name in self.leaks]
        than = f"compared with {self.before}" if self.before else "nothing to compare with yet"
        shown += ["", f"{'GREEN' if self.green else 'RED'}   {self.name}, {than}"]
        if not self.complete:
            shown += ["not complete: `corpus run` goes on with it"]
        return shown

    def fields(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "schema": 1,
            "time": self.name,
            "before": self.before or None,
            "complete": self.complete,
            "green": self.green,
            "outcomes": result_table.fields(self.rows),
            "left": self.left,
            "growth": {each.name: dict(each.by) for each in self.growth},
            "leaks": list(self.leaks),
        }


def _table(growth: Sequence[Growth]) -> list[str]:
    names = left_behind.TOLD
    heads = ["commit", *(name.replace("_", " ") for name in names)]
    cells = [[each.name, *map(each.cell, names)] for each in growth]
    return plain_text.table([heads, *cells], right=range(1, len(heads)))


def of(corpus: Corpus, now: Round, before: Round | None, *, strict: bool = False) -> Report:
    """Return the report on a round, beside the last complete one before it."""
    rows: list[Compared] = []
    for commit in corpus.commits:
        earlier = before.runs.get(commit.name) if before else None
        run = now.runs.get(commit.name)
        rows += result_table.compared(commit, run, earlier)
    runs = [now.runs[commit.name] for commit in corpus.commits if commit.name in now.runs]
    left = {run.name: run.left for run in runs if run.left}
    leaks = left_behind.leaks([run.amounts for run in runs])
    green = now.complete and result_table.green(corpus.commits, rows) and not left
    return Report(
        name=now.name,
        before=before.name if before else "",
        rows=tuple(rows),
        left=left,
        growth=tuple(left_behind.growth(r.name, now.before[r.name], r.amounts) for r in runs),
        leaks=tuple(leaks),
        complete=now.complete,
        green=green and not (strict and leaks),
    )
