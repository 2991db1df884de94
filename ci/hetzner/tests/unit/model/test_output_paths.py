"""Paths that two jobs would write."""

from __future__ import annotations

import unittest

from dsl import Cache, Job
from tests.support.declaring import pipeline, problems


class OutputPaths(unittest.TestCase):
    def test_one_path_promised_by_two_jobs_that_may_run_at_once_is_refused(self) -> None:
        a = Job("a", "x", outputs={"o": "out/x"})
        for path in ("out/x", "./out//x", "out/y/../x", "/work/out/x"):
            other = Job("b", "x", outputs={"p": path})
            (found,) = problems(lambda other=other: pipeline(a, other, cwd="/work"))
            for word in ("a:o and b:p", "/work/out/x", "neither job waits for the end"):
                self.assertIn(word, found)

    def test_one_path_may_be_promised_by_jobs_that_run_one_after_the_other(self) -> None:
        made = {"outputs": {"o": "out"}}
        first, last = Job("a", "x", **made), Job("b", "x", ["c"], **made)  # type: ignore[arg-type]
        between = Job("c", "x", ["a"])
        for declared in ((first, between, last), (last, between, first)):
            self.assertEqual(problems(lambda declared=declared: pipeline(*declared)), [])
        twice = Job("a", "x", outputs={"o": "out", "p": "./out"})
        self.assertEqual(problems(lambda: pipeline(twice)), [])

    def test_edge_to_an_output_or_to_a_service_does_not_wait_for_the_end(self) -> None:
        for first, need in (
            (Job("a", "x", outputs={"o": "out"}), "a:o"),
            (Job("a", "x", outputs={"o": "out"}, service=True), "a"),
        ):
            for declared in (
                (first, Job("b", "x", [need], outputs={"o": "out"})),
                (first, Job("c", "x", [need]), Job("b", "x", ["c"], outputs={"o": "out"})),
            ):
                found = problems(lambda declared=declared: pipeline(*declared))
                self.assertEqual(len(found), 1, declared)

    def test_cache_that_may_restore_over_an_output_of_another_job_is_refused(self) -> None:
        lib = Job("lib", "x", cache=Cache("k", "out", "store"))
        for other in (
            Job("docs", "x", outputs={"b": "out/b"}),
            Job("docs", "x", outputs={"b": "/work/x/../out"}),
            Job("docs", "x", outputs={"all": "."}),
            Job("docs", "x", ["lib:o"], outputs={"b": "out/b"}),  # does not wait for its end
            Job("docs", "x", cache=Cache("k", "out", "store")),
            Job("docs", "x", cache=Cache("k", "b", "store", cwd="/work/out")),
            Job("docs", "x", cache=Cache("k", "../out", "store", cwd="sub")),
        ):
            cached = lib.but(outputs={"o": "out/o"})
            if not other.depends_on:
                cached = lib
            for declared in ((cached, other), (other, cached)):
                (found,) = problems(lambda declared=declared: pipeline(*declared, cwd="/work"))
                for word in ("the artifact of lib (/work/out)", "docs", "a directory of its own"):
                    self.assertIn(word, found)
        (found,) = problems(
            lambda: pipeline(Job("docs", "x", outputs={"b": "out/b"}), lib.but(depends_on=["docs"]))
        )
        self.assertIn("docs:b (/out/b) and the artifact of lib (/out) overlap", found)

    def test_cache_may_hold_its_own_outputs_and_be_written_to_when_its_job_has_ended(self) -> None:
        cached = Job("a", "x", outputs={"o": "out/o", "p": "out"}, cache=Cache("k", "out", "store"))
        for other in (
            Job("b", "x", outputs={"o": "out2/o"}),
            Job("b", "x", ["a"], outputs={"report": "out/report"}),
            Job("b", "x", cache=Cache("k", "out", "store", cwd="/work/sub")),
        ):
            found = problems(lambda other=other: pipeline(cached, other, cwd="/work"))
            self.assertEqual(found, [], other)

    def test_of_many_overlapping_caches_some_are_told(self) -> None:
        cache = Cache("k", "out", "store")
        many = [Job(f"j{number}", "x", cache=cache) for number in range(2000)]
        self.assertEqual(len(problems(lambda: pipeline(*many))), 20)

    def test_each_of_many_jobs_of_one_path_is_compared_with_the_one_before(self) -> None:
        chain = [
            Job(f"j{n}", "x", [f"j{n - 1}"] if n else [], outputs={"o": "out"}) for n in range(2000)
        ]
        self.assertEqual(problems(lambda: pipeline(*chain)), [])
        found = problems(lambda: pipeline(*chain, Job("k", "x", ["j5"], outputs={"o": "out"})))
        self.assertTrue(found)
        for line in found:
            self.assertIn("k:o", line)

    def test_two_jobs_may_promise_a_directory_and_a_path_in_it(self) -> None:
        declared = (Job("a", "x", outputs={"o": "d"}), Job("b", "x", outputs={"o": "d/x"}))
        self.assertEqual(problems(lambda: pipeline(*declared)), [])


if __name__ == "__main__":
    unittest.main()
