"""What jobs did in several runs of one commit, those that differ first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.commands import columns
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.common.plain_text import counted
from lib.model.result import Outcome
from lib.run_directories import run_name, run_report
from lib.run_directories.stored_run import StoredRun

MISSING = "no record"  # a run has no outcome of the job
NO_RECORDS = "no run has a record of its jobs: CI_QUEUE_COMMAND has to write {name_to}"
# a job that was restored has passed; the cache is full or not whatever the job does
SAME = {Outcome.RESTORED.value: Outcome.PASSED.value}


class Table(NamedTuple):
    """The outcomes of each job, in how many runs; and the entries of the runs."""

    entries: Sequence[Entry]
    jobs: Mapping[str, Counter[str]]

    @property
    def differing(self) -> list[str]:
        """The jobs that ended otherwise in some runs, or passed at a second attempt."""
        return [
            name
            for name, outcomes in self.jobs.items()
            if len(outcomes) > 1 or Outcome.FLAKY in outcomes
        ]

    @property
    def alike_and_green(self) -> bool:
        """Whether all runs passed, and each job ended alike in all of them."""
        passed = all(entry.state is State.PASSED for entry in self.entries)
        return bool(self.jobs) and passed and not self.differing

    def lines(self) -> list[str]:
        """Return the table for people."""
        names = [*Outcome, MISSING]
        used = [name for name in names if any(name in found for found in self.jobs.values())]
        rows = [
            [name, *(str(self.jobs[name][each] or "") for each in used)] for name in self._order()
        ]
        head = [self._sentence(), *(self._row(entry) for entry in self.entries)]
        return [*head, "", *columns.aligned(["job", *used], rows)] if rows else head

    def as_json(self) -> dict[str, object]:
        """Return the table for programs."""
        runs = [
            {"entry": each.id, "run": each.run, "state": each.state, "exit_code": each.exit_code}
            for each in self.entries
        ]
        return {
            "runs": runs,
            "jobs": {name: dict(self.jobs[name]) for name in self._order()},
            "differing": self.differing,
        }

    def _order(self) -> list[str]:
        """Return the jobs: those that differ first, then those that never passed."""
        differing = set(self.differing)
        good = {Outcome.PASSED.value, Outcome.FLAKY.value}
        return sorted(
            self.jobs, key=lambda name: (name not in differing, good >= set(self.jobs[name]), name)
        )

    def _sentence(self) -> str:
        passed = sum(entry.state is State.PASSED for entry in self.entries)
        if not self.jobs:
            return f"{passed} of {counted(len(self.entries), 'run')} passed; {NO_RECORDS}"
        differ = ", ".join(self.differing)
        alike = f"jobs that differ: {differ}" if differ else "no job differs"
        return f"{passed} of {counted(len(self.entries), 'run')} passed; {alike}"

    def _row(self, entry: Entry) -> str:
        return f"  {entry.id}  {entry.state.value}  {entry.run or entry.reason}"


def of(state_dir: Path, entries: Sequence[Entry]) -> Table:
    """Return the table of these entries' runs, as each summary.json tells it."""
    jobs: dict[str, Counter[str]] = {}
    outcomes = [_outcomes(state_dir, entry.run) for entry in entries]
    for name in sorted({name for run in outcomes for name in run}):
        jobs[name] = Counter(run.get(name, MISSING) for run in outcomes)
    return Table(entries, jobs)


def _outcomes(state_dir: Path, run: str) -> dict[str, str]:
    """Return the outcome of each job of a run, {} for a run that is not known."""
    name = run_name.parse(run)
    if name is None:
        return {}
    report = run_report.read(StoredRun(state_dir / run_name.RUNS / run, name).summary)
    return {job.name: SAME.get(job.outcome, job.outcome or MISSING) for job in report.jobs}
