"""The records of a run for later ones: its history, what it has proven, and what it ran on.

They are written when the verdict is known. One that cannot be written is a line of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.common.plain_text import complaint
from lib.event_stream import event_file
from lib.event_stream.event_file import NAME as EVENTS
from lib.event_stream.event_file import EventFile
from lib.model import events
from lib.model.job import Job
from lib.model.run_facts import CHANGED, Facts
from lib.model.run_plan import RunPlan
from lib.processes.launch import Place
from lib.report.run_log import RunLog
from lib.run_directories import cleaning
from lib.run_directories.retention import Limits
from lib.views import run_views, step_summary

if TYPE_CHECKING:
    from lib.history.recorder import History
    from lib.proof.proof_record import ProofRecord
    from lib.proof.proving import Prover, Rerun

UNKNOWN_TREE = (
    "nothing tells which tree this is: run in a git checkout with at most 500 MB "
    "of new or changed files, or pass Pipeline(tree=…), a hash of all files that the jobs read"
)


class Records:
    """The records of one run in a store of these limits; `say` writes a line of the log.

    `told` are the fields of its summary on the tree and the selection.
    """

    def __init__(
        self,
        store: Path,
        limits: Limits,
        place: Place,
        plan: RunPlan,
        told: Mapping[str, Any],
        workers: int,
    ) -> None:
        self._store = store
        self._limits = limits
        self._told = told
        self._place = place
        self._history = _history(store, place, plan)
        self._proof: ProofRecord | None = None
        self._events: EventFile | None = None
        self._lost: list[str] = []
        try:
            self._events = event_file.in_directory(place.log_dir, place.redact)
        except OSError as error:
            self._lost.append(f"no view of this run can be made: {error}")
        jobs = [node.job for node in plan.phases.nodes if not node.repeated]
        self._programs = {name for job in jobs for name in job.requires}
        if told["asked_for_all"] and (known := prover(jobs, told, place, workers)):
            try:
                self._proof = known.record(place.log_dir)
            except OSError as error:
                self._lost.append(f"what this run proves cannot be recorded: {error}")

    def listeners(self) -> tuple[events.Listener, ...]:
        """Return those that follow the events of the run."""
        made = (self._history, self._proof, self._events)
        return tuple(each for each in made if each is not None)

    def finish(self, run: Mapping[str, Any], facts: Facts, log: RunLog) -> None:
        """Write the rest, and show the page of the run; `run` are the fields of its end."""
        say = log.line
        if self._proof is not None:
            try:
                self._proof.finish(facts.doubts() + self._changes())
            except OSError as error:
                self._lost.append(f"what this run proves is not recorded: {error}")
        for lost in self._lost:
            say(f"NOTE  {lost}")
        if self._history is not None:
            from lib.history.recorder import RunFields

            fields = RunFields.of({**self._told, **run}, facts.seconds)
            for line in self._history.write(fields):
                say(f"NOTE  {line}")
        if self._events and (changed := self._events.changed(self._place.log_dir / EVENTS)):
            say(f"NOTE  {changed}")
        self._write_environment(say)
        logs = self._place.log_dir
        written = run_views.write(logs, self._place.redact)
        cleaned = cleaning.clean(self._store, self._limits)
        for note in [*written.notes, *step_summary.add(logs), *cleaned.notes]:
            say(f"NOTE  {note}")
        if written.page:
            log.show_page(written.page)

    def _write_environment(self, say: Callable[[str], None]) -> None:
        from lib.report import environment_record

        place = self._place
        try:
            tools = environment_record.programs({"bash", *self._programs}, place.env)
            record = {**environment_record.generic(place.env), "tools": tools}
            environment_record.write(place.log_dir, record, place.redact)
        except Exception as error:  # noqa: BLE001 - the verdict is told, and stays
            say(f"NOTE  could not write what this run ran on: {complaint(error)}")

    def _changes(self) -> list[str]:
        """Return a doubt if the tree is another one now: nobody knows which one a job has read."""
        tree_now = self._place.tree_now
        changed = tree_now is not None and tree_now() != self._told["tree"]
        return [CHANGED] if changed else []

    def close(self) -> None:
        """Close the files of a run, of one that broke as well."""
        for file in (self._proof, self._events):
            if file is not None:
                file.close()


def prover(
    jobs: Sequence[Job], told: Mapping[str, Any], place: Place, workers: int
) -> Prover | None:
    """Return the prover of these jobs; None if their tree is not known."""
    if not told["tree"]:
        return None
    from lib.proof.proving import Prover  # late: only runs of a known tree prove something
    from lib.report import environment_record

    env = {**place.env, "PYTEST_WORKERS": str(workers)}
    return Prover(jobs, str(told["tree"]), place.cwd, env, environment_record.machine_inputs())


def proven_before(
    jobs: Sequence[Job], store: Path | None, told: Mapping[str, Any], place: Place, workers: int
) -> Rerun:
    """Return what a run of these jobs may restore from an earlier one in its store.

    Raises ValueError without a store, and OSError.
    """
    from lib.proof.proving import Rerun
    from lib.run_directories.run_store import RunStore

    if store is None:
        raise ValueError("expected a pipeline with a store, found one without: pass store=DIR")
    if known := prover(jobs, told, place, workers):
        return known.rerun(RunStore(store))
    return Rerun("", {}, [f"all jobs run: {UNKNOWN_TREE}"])


def _history(store: Path, place: Place, plan: RunPlan) -> History | None:
    """Return the recorder of a run, None for one of some test cases."""
    if plan.phases.test_filter:
        return None
    from lib.history.recorder import History

    return History(store / "history.db", place.log_dir)
