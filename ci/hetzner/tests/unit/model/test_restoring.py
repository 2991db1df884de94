"""Which jobs are restored from an earlier run, and why the others run again."""

from __future__ import annotations

import unittest
from collections.abc import Collection, Sequence
from typing import Any

from lib.model.job import Job
from lib.model.restoring import Decision, decide, line
from lib.model.result import Earlier
from tests.support.fakes import jobs

PASSED = Earlier("passed")
SERVICE: dict[str, Any] = {"service": True}
OUTPUT: dict[str, Any] = {"outputs": {"o": "out"}}


def after(
    declared: Sequence[Job], failed: str, gone: Collection[str] = (), why: str = "failed"
) -> Decision:
    """Decide after a run in which all but the `failed` jobs passed."""
    bad = dict.fromkeys(failed.split(), why)
    proven = {job.name: PASSED for job in declared if job.name not in bad}
    return decide(declared, proven, bad, lambda job, _: "its output is gone" * (job.name in gone))


class Restoring(unittest.TestCase):
    def check(self, decision: Decision, again: str) -> None:
        self.assertEqual(sorted(decision.again), again.split())
        self.assertEqual(decision.again.keys() & decision.restored.keys(), set())

    def test_what_failed_runs_again_with_all_that_depends_on_it(self) -> None:
        decision = after(jobs("a; b<a; c<b; d<c; e<a"), "b")
        self.check(decision, "b c d")
        self.assertEqual(decision.restored, {"a": PASSED, "e": PASSED})
        self.assertEqual(decision.again["b"], "failed")
        self.assertEqual(decision.again["d"], "it depends on c, which runs again")

    def test_where_nothing_failed_all_is_restored(self) -> None:
        self.check(after(jobs("a; b<a"), ""), "")

    def test_a_job_of_which_nothing_is_known_runs(self) -> None:
        decision = decide(jobs("a; b"), {"a": PASSED}, {}, lambda *_: "")
        self.check(decision, "b")
        self.assertTrue(decision.again["b"])

    def test_a_job_that_runs_after_any_outcome_runs_again(self) -> None:
        self.check(after(jobs("a; b<a; c<b", b={"when": "always"}), ""), "b c")
        self.check(after(jobs("a; b", b={"when": "end"}), ""), "b")

    def test_a_service_starts_again_for_a_job_that_runs_and_its_other_users_are_restored(
        self,
    ) -> None:
        decision = after(jobs("s; a<s; b<s", s=SERVICE), "a")
        self.check(decision, "a s")
        self.assertEqual(decision.again["s"], "a, which runs, needs this service")

    def test_a_service_that_no_job_needs_now_is_restored(self) -> None:
        self.check(after(jobs("s; a<s; b", s=SERVICE), "b"), "b")

    def test_all_users_of_a_service_that_failed_run_again(self) -> None:
        decision = after(jobs("s; a<s; b<a", s=SERVICE), "s")
        self.check(decision, "a b s")
        self.assertEqual(decision.again["s"], "failed")

    def test_services_of_a_service_start_again_too(self) -> None:
        self.check(after(jobs("t; s<t; a<s; b<t", s=SERVICE, t=SERVICE), "a"), "a s t")

    def test_a_job_that_prepares_does_so_for_a_job_that_runs_and_the_results_of_others_stand(
        self,
    ) -> None:
        declared = jobs("modules; a<modules; b<modules; c")
        proven = dict.fromkeys(["modules", "b", "c"], PASSED)
        work = {"modules": "its lock file changed"}
        decision = decide(declared, proven, {"a": "failed"}, lambda *_: "", work)
        self.assertEqual(decision.again, {"modules": "its lock file changed", "a": "failed"})
        # that b used it is no reason to run b again
        declared = jobs("modules; b<modules; a<b,modules; c")
        decision = decide(declared, proven, {"a": "failed"}, lambda *_: "", work)
        self.check(decision, "a modules")
        proven["a"] = PASSED
        del proven["c"]
        self.check(decide(declared, proven, {}, lambda *_: "", work), "c")

    def test_what_a_needed_job_did_to_a_service_is_done_again(self) -> None:
        # b fills the server that c asks: a fresh server is empty
        decision = after(jobs("s; b<s; c<b,s; d<b; e<s", s=SERVICE, b=OUTPUT), "c")
        self.check(decision, "b c d s")
        self.assertEqual(
            decision.again["b"], "it used the service s, which starts again, and c depends on it"
        )

    def test_a_service_that_started_again_and_needs_what_runs_again_takes_its_users_along(
        self,
    ) -> None:
        # x runs again, so s serves something else now
        for failed in ("x", "x a"):
            decision = after(jobs("x; s<x; a<s; b<s", s=SERVICE), failed)
            self.check(decision, "a b s x")
            self.assertEqual(decision.again["s"], "it depends on x, which runs again")

    def test_a_job_whose_output_is_gone_runs_again_if_a_job_that_runs_needs_it(self) -> None:
        declared = jobs("a; b<a:o; c<a; d", a=OUTPUT)
        self.check(after(declared, "d", gone="a"), "d")
        decision = after(declared, "b", gone="a")
        self.check(decision, "a b c")
        self.assertEqual(decision.again["a"], "its output is gone")

    def test_it_is_done_again_however_far_the_job_is_that_depends_on_it(self) -> None:
        # nothing needs e: what it did to the service is of no use now
        decision = after(jobs("s; b<s; m<b; n<m; c<n,s; e<s", s=SERVICE), "c")
        self.check(decision, "b c m n s")
        self.assertIn("and c depends on it", decision.again["b"])

    def test_needs_of_a_service_that_starts_again_are_met(self) -> None:
        self.check(after(jobs("w; s<w; a<s", s=SERVICE, w=OUTPUT), "a", gone="w"), "a s w")

    def test_a_need_that_the_run_leaves_out_is_passed_over(self) -> None:
        declared = jobs("s; a<s,x", s=SERVICE)
        self.check(after(declared, "a"), "a s")

    def test_the_outputs_that_are_asked_for_are_those_that_the_jobs_that_run_need(self) -> None:
        asked: dict[str, Collection[str]] = {}

        def note(job: Job, outputs: Collection[str]) -> str:
            asked[job.name] = outputs
            return ""

        two: dict[str, Any] = {"outputs": {"o": "1", "p": "2"}}
        declared = jobs("a; b; c<a:o,b; d<a:p", a=two, b=two)
        decide(declared, dict.fromkeys("abd", PASSED), {}, note)
        self.assertEqual(asked, {"a": {"o"}, "b": {"o", "p"}})

    def test_the_line_of_the_log_names_job_and_reason(self) -> None:
        self.assertEqual(line("a", "it failed"), "a runs again: it failed")

    def test_a_long_chain_is_decided_at_once(self) -> None:
        chain = "j0; " + "; ".join(f"j{n}<j{n - 1}" for n in range(1, 3000))
        self.assertEqual(len(after(jobs(chain), "j0").again), 3000)


if __name__ == "__main__":
    unittest.main()
