"""Choices that are refused before anything starts, and the lines of a dry run."""

from __future__ import annotations

import re
import unittest
from typing import Any

from lib.model.run_plan import RunPlan
from lib.model.selection import Choice, asks_for_all, is_whole, plan, summary_fields
from tests.support.fakes import jobs
from tests.support.three_jobs import ThreeJobs


class Selections(ThreeJobs):
    def refused(self, **selection: Any) -> str:
        with self.assertRaises(ValueError) as caught:
            self.pipeline.run(**selection)
        self.assertEqual(self.pipeline.results, {})
        with self.assertRaisesRegex(ValueError, re.escape(str(caught.exception))):
            self.pipeline.check(Choice(**selection))
        return str(caught.exception)

    def test_a_good_choice_is_not_refused(self) -> None:
        self.pipeline.check()
        self.pipeline.check(Choice(only_jobs=["test"], first_jobs=["build"]))

    def test_mistyped_only_jobs_is_an_error_with_a_suggestion_never_a_green(self) -> None:
        self.assertIn("did you mean 'test'?", self.refused(only_jobs=["tset"]))

    def test_unknown_skip_and_first_jobs_are_errors(self) -> None:
        self.assertIn("skip_jobs", self.refused(skip_jobs=["x"]))
        self.assertIn("first_jobs", self.refused(first_jobs=["x"]))

    def test_selection_of_nothing_is_an_error(self) -> None:
        self.refused(only_jobs=[])
        self.refused(skip_jobs=["lint", "build", "test"])
        self.refused(only_jobs=["lint"], skip_jobs=["lint"])

    def test_string_in_place_of_a_list_is_an_error(self) -> None:
        self.assertIn("expected a list", self.refused(only_jobs="lint"))

    def test_a_filter_of_test_cases_that_is_a_list_is_an_error_before_anything_starts(self) -> None:
        for name in ("only_testcases", "first_testcases"):
            self.assertIn(
                f'{name}: expected a string, such as "x,y"', self.refused(**{name: ["x"]})
            )

    def test_no_deps_without_only_jobs_is_an_error(self) -> None:
        self.refused(no_deps=True)

    def test_first_jobs_that_are_not_selected_are_an_error(self) -> None:
        self.refused(only_jobs=["lint"], first_jobs=["test"])

    def test_both_filters_of_test_cases_are_an_error(self) -> None:
        self.refused(only_testcases="a", first_testcases="b")

    def test_names_may_come_from_a_generator(self) -> None:
        told = self.pipeline.dry_run(Choice(skip_jobs=(name for name in ["lint"])))  # type: ignore[arg-type]
        self.assertIn("skip  lint (filtered)", "\n".join(told))

    def test_dry_run_tells_order_and_reason_and_starts_nothing(self) -> None:
        told = "\n".join(self.pipeline.dry_run(Choice(only_jobs=["test"])))
        self.assertRegex(told, r"start build: needs nothing[^\n]*\n[^\n]*start test: after build")
        self.assertEqual(self.pipeline.results, {})


USUAL = {"suite": 100, "unit": 10, "lint": 1}


class Plans(unittest.TestCase):
    def plan(self, **selection: Any) -> RunPlan:
        return plan(jobs("suite; unit; lint"), Choice(**selection), USUAL)

    def test_without_a_wish_all_jobs_run_and_a_failure_does_not_end_the_run(self) -> None:
        made = self.plan(only_testcases=None)
        self.assertEqual([node.key for node in made.phases.nodes], ["suite", "unit", "lint"])
        self.assertFalse(made.fast_fail)
        expected = RunPlan(made.phases, urgency=made.urgency, short=made.short, durations=USUAL)
        self.assertEqual(made, expected)

    def test_jobs_that_do_not_run_make_no_other_one_short(self) -> None:
        self.assertEqual(self.plan().short, {"lint"})
        self.assertEqual(self.plan(only_jobs=["unit", "lint"]).short, set())

    def test_seed_is_the_given_one_or_none(self) -> None:
        self.assertEqual([self.plan(shuffle=s).seed for s in (7, None, False)], [7, None, None])
        with self.assertRaisesRegex(ValueError, "shuffle: expected a whole number"):
            self.plan(shuffle="x")

    def test_a_run_is_whole_if_all_jobs_run_with_all_their_test_cases(self) -> None:
        declared = jobs("a; b<a; c")
        for whole, selection in (
            (True, {}),
            (True, {"only_jobs": ["b", "c"], "first_testcases": "x"}),
            (False, {"only_jobs": ["b"]}),
            (False, {"skip_jobs": ["a"]}),
            (False, {"only_testcases": "x"}),
        ):
            self.assertEqual(is_whole(declared, Choice(**selection)), whole, selection)

    def test_everything_is_asked_for_without_a_wish_that_leaves_something_out(self) -> None:
        for asked, selection in (
            (True, {}),
            (True, {"first_jobs": ["b"], "first_testcases": "x"}),
            (False, {"only_jobs": ["a", "b", "c"]}),
            (False, {"skip_jobs": ["a"]}),
            (False, {"only_testcases": "x"}),
        ):
            self.assertIs(asks_for_all(Choice(**selection)), asked, selection)

    def test_the_summary_tells_the_wishes_and_none_for_no_wish(self) -> None:
        choice = Choice(only_jobs=("a", "b"), first_jobs=(), no_deps=True, only_testcases="x")
        chosen = {"only_jobs": ["a", "b"], "skip_jobs": None, "first_jobs": [], "no_deps": True}
        fields = {
            "whole": False,
            "asked_for_all": True,
            "selection": chosen,
            "filter": {"only_testcases": "x", "first_testcases": ""},
        }
        self.assertEqual(summary_fields(choice, whole=False, asked_for_all=True), fields)


if __name__ == "__main__":
    unittest.main()
