"""What an earlier run has proven for the jobs of this one."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from lib.model import events
from lib.model.cause import Cause
from lib.model.job import Job
from lib.model.result import Earlier, Outcome, Result
from lib.proof.proving import Prover, Rerun
from lib.run_directories import run_name
from lib.run_directories.run_store import RunStore

SHA, OTHER = "1" * 40, "2" * 40
YEAR_2100 = 4_102_444_800.0  # seconds since the epoch


class Proving(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.store = RunStore(self.root / "store")
        self.cwd = self.root / "tree"
        self.cwd.mkdir()
        self.jobs = [
            Job("a", "true", outputs={"o": "out"}),
            Job("b", "true", ["a"]),
            Job("c", "true", allow_failure=True),
        ]
        self.runs = 0

    def prover(self, tree: str = "tree", **variables: str) -> Prover:
        return Prover(self.jobs, tree, self.cwd, {"PATH": "", **variables}, {})

    def add(
        self,
        *results: Result,
        faults: tuple[str, ...] = (),
        started: float = 0.0,
        own_tree: bool = False,
        **told: Any,
    ) -> Path:
        """Add a run that is newer than those before; jobs of which nothing is said passed."""
        self.runs += 1
        name = run_name.of(told.get("sha", SHA), started or self.runs)
        run = self.store.directory / "runs" / str(name)
        run.mkdir(parents=True)
        summary = {"tree": "tree", "asked_for_all": True, "exit_code": 1, **told}
        record = self.prover(str(summary["tree"])).record(run, own_tree=own_tree)
        by_name = {job.name: Result(job.name, Outcome.PASSED) for job in self.jobs}
        by_name |= {result.name: result for result in results}
        jobs = [{"name": n, "outcome": result.outcome} for n, result in by_name.items()]
        (run / "summary.json").write_text(json.dumps({"jobs": jobs, **summary}))
        (self.cwd / "out").write_text("made")
        for result in by_name.values():
            (run / f"{result.name}.log").touch()
            outcome = result.outcome or Outcome.CANCELLED
            record(events.Finished(0.0, result.name, result, outcome, result.reason))
        record.finish(faults)
        return run

    def rerun(self, **options: Any) -> Rerun:
        return self.prover().rerun(self.store, **options)

    def nothing(self, rerun: Rerun, why: str) -> None:
        self.assertEqual(rerun.restored, {})
        self.assertRegex(" ".join(rerun.notes), why)

    # ---- how it is told

    def test_a_pass_is_restored_with_its_run_its_log_and_its_outputs(self) -> None:
        run = self.add(Result("b", Outcome.FAILED))
        found = self.rerun().restored["a"]
        self.assertEqual((found.text, found.cause), (f"passed in {run.name}", Cause.EARLIER_RUN))
        self.assertEqual((found.run, found.log), (run.name, str(run / "a.log")))
        self.assertEqual(list(found.outputs), ["o"])

    def test_a_pass_that_was_no_plain_one_stays_one(self) -> None:
        for result, told, cause in (
            (Result("a", Outcome.FLAKY, cause=Cause.FLAKY), "was flaky", Cause.FLAKY),
            (
                Result("a", Outcome.PASSED, cause=Cause.NO_TESTS),
                "passed without tests",
                Cause.NO_TESTS,
            ),
            (Result("a", Outcome.RESTORED), "was restored", Cause.EARLIER_RUN),
        ):
            run = self.add(result)
            found = self.rerun().restored["a"]
            self.assertEqual((found.text, found.cause), (f"{told} in {run.name}", cause))

    def test_through_a_chain_of_runs_the_first_is_named(self) -> None:
        first = self.add()
        result = Result("a", Outcome.RESTORED, cause=Cause.FLAKY)
        result.earlier = Earlier("was flaky", Cause.FLAKY, run=first.name, outputs={"o": "x"})
        self.add(result)
        found = self.rerun().restored["a"]
        self.assertEqual((found.text, found.run), (f"was flaky in {first.name}", first.name))
        self.assertEqual((found.log, found.outputs), (str(first / "a.log"), {"o": "x"}))

    def test_a_log_that_is_gone_is_told(self) -> None:
        run = self.add()
        (run / "a.log").unlink()
        found = self.rerun().restored["a"]
        self.assertEqual((found.text, found.log), (f"passed in {run.name}, whose log is gone", ""))

    def test_a_name_that_is_no_run_leads_nowhere(self) -> None:
        result = Result("a", Outcome.RESTORED)
        result.earlier = Earlier("x", run="../../../etc")
        run = self.add(result)
        self.assertEqual(self.rerun().restored["a"].run, run.name)

    # ---- what is not proven

    def test_each_outcome_that_is_no_pass_runs_again_and_is_told(self) -> None:
        for outcome, told in (
            (Outcome.FAILED, "it failed in"),
            (Outcome.TIMED_OUT, "it timed out in"),
            (Outcome.SKIPPED, "it was skipped in"),
            (Outcome.CANCELLED, "it was cut off in"),
        ):
            run = self.add(Result("c", outcome, allowed=True))
            rerun = self.rerun()
            self.assertEqual(rerun.notes, [f"c runs again: {told} {run.name}"])
            self.assertEqual(list(rerun.restored), ["a", "b"])

    def test_a_job_that_is_new_or_another_runs_again(self) -> None:
        run = self.add()
        self.jobs = [*self.jobs[:2], self.jobs[2].but(cmd="false"), Job("d", "true")]
        self.assertEqual(
            self.rerun().notes,
            [
                f"c runs again: its command changed since {run.name}",
                f"d runs again: it is not in {run.name}",
            ],
        )

    def test_an_output_is_compared_if_a_job_needs_it_that_runs(self) -> None:
        run = self.add(Result("b", Outcome.FAILED))
        self.assertEqual(list(self.rerun().restored), ["a", "c"])
        (self.cwd / "out").write_text("other")
        rerun = self.rerun()
        self.assertEqual(list(rerun.restored), ["c"])
        self.assertIn("a runs again: its output o (out) has changed", rerun.notes)
        (self.cwd / "out").unlink()
        self.assertIn("a runs again: its output o (out) is gone", self.rerun().notes)
        self.assertEqual(list(self.rerun(look=False).restored), ["a", "c"])

        def bring(job: Job) -> None:
            (self.cwd / job.outputs["o"]).write_text("made")

        self.assertEqual(list(self.rerun(bring=bring).restored), ["a", "c"])
        lines = (run / "jobs.json").read_text().splitlines()
        kept = [line for line in lines if '"digests"' not in line]
        (run / "jobs.json").write_text("\n".join(kept))
        self.assertIn("a runs again: its output o (out) was not recorded", self.rerun().notes)

    # ---- runs that prove nothing

    def test_a_doubtful_run_proves_nothing(self) -> None:
        self.add(faults=("processes could not be stopped",))
        self.nothing(self.rerun(), "proves nothing here: processes could not be stopped")

    def test_another_environment_proves_nothing(self) -> None:
        self.add()
        rerun = self.prover(CC="gcc").rerun(self.store)
        self.nothing(rerun, "proves nothing here: the variable CC changed")

    def test_without_a_run_of_the_tree_all_jobs_run(self) -> None:
        self.nothing(self.rerun(), "no earlier run was one of everything on this tree")
        self.add(tree="another")
        self.nothing(self.rerun(), "no earlier run was one of everything on this tree")
        self.add(asked_for_all=False)
        self.nothing(self.rerun(), "no earlier run was one of everything on this tree")

    def test_files_that_tell_of_different_trees_prove_nothing(self) -> None:
        run = self.add(tree="another")
        (run / "summary.json").write_text('{"tree": "tree", "asked_for_all": true}')
        self.nothing(self.rerun(), "its two files tell of different trees")

    def test_a_run_that_was_cut_off_proves_something_in_a_tree_of_the_runner_alone(self) -> None:
        for own_tree in (False, True):
            run = self.add(own_tree=own_tree, exit_code=None, jobs=[{"name": "a", "outcome": None}])
            lines = (run / "jobs.json").read_text().splitlines(keepends=True)
            (run / "jobs.json").write_text("".join(lines[:-1]))
            if own_tree:
                self.assertEqual(list(self.rerun().restored), ["a", "b", "c"])
            else:
                self.nothing(self.rerun(), f"{run.name} proves nothing here: it was cut off")

    def test_a_pass_of_which_the_summary_tells_something_else_is_a_doubt(self) -> None:
        for told in ([{"name": "a", "outcome": "failed"}], [], [3]):
            self.add(jobs=told)
            self.nothing(self.rerun(), "its two files tell different results of a")

    # ---- the run that counts

    def test_the_newest_run_of_everything_on_the_tree_counts(self) -> None:
        self.add()
        wanted = self.add()
        self.add(tree="another")
        self.add(asked_for_all=False)
        self.assertEqual(self.rerun().run, wanted.name)

    def test_a_job_that_did_not_pass_in_a_newer_run_of_some_jobs_runs_again(self) -> None:
        for tree in ("tree", None):
            for outcome, why in (
                (Outcome.FAILED, "it failed in"),
                (Outcome.CANCELLED, "it was cut off in"),
                (None, "it was cut off in"),
            ):
                self.add()
                partial = self.add(Result("c", outcome), asked_for_all=False, tree=tree)
                rerun = self.rerun()
                self.assertEqual(rerun.notes, [f"c runs again: {why} {partial.name}"])
                self.assertEqual(list(rerun.restored), ["a", "b"])

    def test_what_failed_in_a_newer_run_of_another_tree_does_not_count(self) -> None:
        self.add()
        self.add(Result("c", Outcome.FAILED), asked_for_all=False, tree="another")
        self.assertEqual(list(self.rerun().restored), ["a", "b", "c"])

    def test_a_newer_run_that_cannot_be_read_may_be_the_one(self) -> None:
        for sha in (SHA, OTHER):
            for damage in ("{", "{}", '{"jobs": 3}'):
                self.add()
                run = self.add(sha=sha)
                (run / "summary.json").write_text(damage)
                self.nothing(self.rerun(), f"{run.name} proves nothing here: its summary.json")

    def test_a_run_that_is_later_than_now_is_a_doubt(self) -> None:
        self.add()
        self.add(tree="another", started=YEAR_2100)
        self.assertEqual(list(self.rerun().restored), ["a", "b", "c"])
        run = self.add(started=YEAR_2100 + 1)
        self.nothing(self.rerun(), f"{run.name} proves nothing here: its name is later than now")


if __name__ == "__main__":
    unittest.main()
