"""The jobs of a pipeline together: names, edges, cycles."""

from __future__ import annotations

import unittest

from dsl import Job
from tests.support.declaring import pipeline, problems


class Graphs(unittest.TestCase):
    def test_two_jobs_of_one_name_are_refused(self) -> None:
        found = problems(lambda: pipeline(Job("a", "true"), Job("a", "false")))
        self.assertIn("used by 2 jobs", found[0])

    def test_unknown_and_self_dependencies_are_refused_with_the_nearest_name(self) -> None:
        found = problems(lambda: pipeline(Job("build", "x"), Job("b", "x", ["biuld", "b"])))
        self.assertEqual(len(found), 2)
        self.assertIn("did you mean 'build'?", found[0])
        self.assertIn("is the job itself", found[1])

    def test_unknown_output_is_refused(self) -> None:
        declared = (Job("a", "x", outputs={"out": "p"}), Job("b", "x", ["a:otu"]))
        self.assertIn("did you mean 'out'?", problems(lambda: pipeline(*declared))[0])

    def test_cycle_is_shown_in_the_order_of_need(self) -> None:
        declared = (Job("a", "x", ["b"]), Job("b", "x", ["c"]), Job("c", "x", ["a"]))
        (found,) = problems(lambda: pipeline(*declared))
        self.assertIn(
            found.split(" (")[0],
            [
                f"cycle: {way}"
                for way in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c")
            ],
        )

    def test_outputs_whose_variables_collide_are_refused(self) -> None:
        declared = (Job("a-b", "x", outputs={"c": "p"}), Job("a.b", "x", outputs={"C": "q"}))
        self.assertIn("CI_OUT_A_B_C", problems(lambda: pipeline(*declared))[0])

    def test_cycles_are_told_beside_the_rest_and_each(self) -> None:
        jobs = [
            Job("one", "true", ["nowhere"]),
            Job("two", "true", ["three"]),
            Job("three", "true", ["two"]),
            Job("four", "true", resources={"cpu": 10**6}),
            Job("x", "true", ["y", "z"]),
            Job("y", "true", ["x"]),
            Job("z", "true", ["x"]),
            Job("behind", "true", ["z"]),
        ]
        found = problems(lambda: pipeline(*jobs))
        self.assertEqual(len(found), 5, found)
        self.assertIn("nowhere", found[0])
        self.assertIn("four", found[1])
        told_of = {frozenset(w for w in line.split()[1:4] if w != "->") for line in found[2:]}
        self.assertEqual(
            {frozenset(word.strip(":") for word in words) for words in told_of},
            {frozenset({"two", "three"}), frozenset({"x", "y"}), frozenset({"x", "z"})},
        )
        self.assertNotIn("behind", "".join(found))

    def test_more_cycles_than_one_wants_to_read_come_to_an_end(self) -> None:
        jobs = [Job(f"j{n}", "true", [f"j{m}" for m in range(12) if m != n]) for n in range(12)]
        self.assertEqual(len(problems(lambda: pipeline(*jobs))), 20)

    def test_one_path_of_two_jobs_is_told_beside_an_unknown_job(self) -> None:
        found = problems(
            lambda: pipeline(
                Job("a", "true", outputs={"o": "x"}),
                Job("b", "true", outputs={"o": "x"}),
                Job("c", "true", ["nowhere"]),
            )
        )
        self.assertEqual(len(found), 2, found)


if __name__ == "__main__":
    unittest.main()
