"""Finds what an earlier run has proven for the jobs of this one.

Proven is what passed on the same tree, in the same environment, as the same job. All else runs
again, with the reason.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.model import restoring
from lib.model.cause import Cause
from lib.model.job import Job
from lib.model.job_fields import NOTHING
from lib.model.result import GOOD, Earlier, Outcome
from lib.processes import job_directory
from lib.proof import evidence, fingerprint, proof_record
from lib.proof.evidence import Evidence
from lib.proof.fingerprint import JobFingerprints
from lib.proof.proof_record import JobProof, ProofRecord, RunProof
from lib.run_directories import run_name
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun


class Rerun(NamedTuple):
    """What a run restores from `run` ('': from none), and lines for the beginning of its log."""

    run: str
    restored: Mapping[str, Earlier]
    notes: Sequence[str]


class Prover:
    """Knows what the jobs of a pipeline depend on at this moment.

    `tree` is the hash of the tree in `cwd`, `env` are the variables that reach all jobs, and
    `inputs` further texts on which they depend, by name. `made` returns texts on what a job of this
    name makes outside of the tree for the jobs that depend on it, as that is at the moment.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        tree: str,
        cwd: Path,
        env: Mapping[str, str],
        inputs: Mapping[str, str],
        made: Callable[[str], Mapping[str, str]] = lambda _: NOTHING,
    ) -> None:
        self._jobs = jobs
        self._tree = tree
        self._cwd = cwd
        self._depends = fingerprint.of_run(env, cwd, inputs)
        outputs = {path for job in jobs for path in job.outputs.values()}
        self._fingerprints = JobFingerprints(env, cwd, outputs)
        self._made = made

    def record(self, log_dir: Path, *, own_tree: bool = False) -> ProofRecord:
        """Begin the record of what a run of these jobs proves. Raises OSError.

        `own_tree`: nobody but the runner and its jobs writes to the tree.
        """
        return ProofRecord(
            log_dir,
            self._tree,
            self._jobs,
            self._cwd,
            self._depends,
            self._fingerprints,
            self._made,
            own_tree=own_tree,
        )

    def rerun(
        self,
        store: RunStore,
        bring: Callable[[Job], None] = lambda _: None,
        prepare: Mapping[str, str] = NOTHING,
        *,
        look: bool = True,
    ) -> Rerun:
        """Return what a run would restore from the newest run of everything on this tree.

        `bring` may bring the outputs of a job that is restored. `prepare` are jobs that have to do
        their work again if a job needs it, with the reasons. Without `look` all outputs count as
        those of the earlier run. Raises OSError.
        """
        found = evidence.of_tree(store, self._tree, time.time())
        if (run := found.run) is None:
            return Rerun(
                "", {}, ["all jobs run: no earlier run was one of everything on this tree"]
            )
        try:
            proof = proof_record.read(run.path)
            doubt = found.doubt or self._doubt(run, proof)
        except ValueError as error:
            doubt = str(error)
        if doubt:
            return Rerun("", {}, [f"all jobs run: {run.name} proves nothing here: {doubt}"])
        return self._after(found, run, proof, bring if look else None, prepare)

    def _doubt(self, run: StoredRun, proof: RunProof) -> str:
        """Return why nothing that a run has proven holds now, '' if some may."""
        if proof.tree != self._tree:
            return "its two files tell of different trees"
        if name := evidence.contradicted(run, proof):
            return f"its two files tell different results of {name}"
        return "; ".join(proof.faults) or fingerprint.difference(proof.depends, self._depends)

    def _after(
        self,
        found: Evidence,
        run: StoredRun,
        proof: RunProof,
        bring: Callable[[Job], None] | None,
        prepare: Mapping[str, str],
    ) -> Rerun:
        proven: dict[str, Earlier] = {}
        unproven: dict[str, str] = {}
        for job in self._jobs:
            why = self._unproven(job, proof, run.name) or found.red.get(job.name)
            if why:
                unproven[job.name] = why
            else:
                proven[job.name] = _earlier(job.name, proof.jobs[job.name], run)

        def lacks(job: Job, outputs: Collection[str]) -> str:
            if bring is None:
                return ""
            bring(job)
            recorded = proven[job.name].outputs
            return next(filter(None, (self._lack(job, o, recorded) for o in sorted(outputs))), "")

        decision = restoring.decide(self._jobs, proven, unproven, lacks, prepare)
        notes = [restoring.line(name, why) for name, why in decision.again.items()]
        return Rerun(
            run.name, decision.restored, notes or [f"nothing to run again after {run.name}"]
        )

    def _unproven(self, job: Job, proof: RunProof, run: str) -> str:
        """Return why a run has not proven a job, '' if it has."""
        found = proof.jobs.get(job.name)
        if found is None:
            return f"it was cut off in {run}" if job.name in proof.names else f"it is not in {run}"
        if found.outcome not in GOOD:
            return evidence.red(found.outcome, run)
        if not self._in_tree(job):
            return "it starts outside of the tree, whose hash says nothing of the files there"
        now = {**self._fingerprints.of(job), **self._made(job.name)}
        changed = fingerprint.difference(found.depends, now)
        return f"{changed} since {run}" if changed else ""

    def _in_tree(self, job: Job) -> bool:
        place = os.path.realpath(job_directory.of(job, self._cwd))
        return Path(place).is_relative_to(os.path.realpath(self._cwd))

    def _lack(self, job: Job, output: str, recorded: Mapping[str, str]) -> str:
        """Return why an output cannot be used as it is, '' if it can."""
        told = f"its output {output} ({job.outputs[output]})"
        path = self._cwd / job.outputs[output]
        if not path.exists():
            return f"{told} is gone"
        if not recorded.get(output):
            return f"{told} was not recorded"
        return "" if proof_record.digest_of(path) == recorded[output] else f"{told} has changed"


def _earlier(name: str, proof: JobProof, run: StoredRun) -> Earlier:
    origin = proof.run if run_name.parse(proof.run) else run.name
    causes = {proof.cause, Cause.FLAKY if proof.outcome == Outcome.FLAKY else ""}
    log = run.path.parent / origin / f"{name}.log"
    known = str(log) if log.is_file() else ""
    if Cause.NO_TESTS in causes:
        told, cause = "passed without tests", Cause.NO_TESTS
    elif Cause.FLAKY in causes:
        told, cause = "was flaky", Cause.FLAKY
    elif proof.outcome == Outcome.RESTORED and origin == run.name:  # it may never have had a log
        return Earlier(f"was restored in {origin}", run=origin, log=known, outputs=proof.outputs)
    else:
        told, cause = "passed", Cause.EARLIER_RUN
    gone = "" if known else ", whose log is gone"
    return Earlier(f"{told} in {origin}{gone}", cause, origin, known, proof.outputs)
