"""The phases of a run, and which jobs run in both passes over the test cases."""

from __future__ import annotations

import unittest

from lib.model import phases
from tests.support.fakes import jobs


class Built(unittest.TestCase):
    def test_jobs_at_the_end_alone_are_the_only_phase(self) -> None:
        built = phases.build(jobs("a", a={"when": "end"}), ["a"])
        self.assertEqual(built.titles, ("",))
        self.assertEqual([node.phase for node in built.nodes], [0])
        beside = phases.build(jobs("a; b", a={"when": "end"}), ["a", "b"])
        self.assertEqual([node.phase for node in beside.nodes], [1, 0])

    def test_first_job_with_a_typo_is_refused_with_the_nearest_name(self) -> None:
        with self.assertRaisesRegex(ValueError, "first_jobs: .*'tset'.* did you mean 'test'"):
            phases.build(jobs("test; lint"), ["test", "lint"], first_jobs=["tset"])

    def test_services_below_a_service_of_one_pass_run_once_all_the_way_down(self) -> None:
        service = {"service": True}
        declared = jobs("c; b<c; a<b; t<a", a=service | {"testcases": False}, b=service, c=service)
        built = phases.build(declared, ["c", "b", "a", "t"], first_testcases="x")
        self.assertEqual([node.key for node in built.nodes], ["c", "b", "a", "t", "t#2"])

    def test_outputs_of_a_restored_job_have_to_be_there_for_its_users(self) -> None:
        declared = jobs("a; b<a:o; c<b", a={"outputs": {"o": "out", "p": "other"}})
        built = phases.build(declared, ["a", "b", "c"], restored={"a"})
        expects = {node.key: node.expects for node in built.nodes}
        self.assertEqual(expects, {"a": (), "b": (("a:o", "out"),), "c": ()})


if __name__ == "__main__":
    unittest.main()
