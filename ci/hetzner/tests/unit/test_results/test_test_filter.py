"""A filter of test cases selects exactly the failed ones, or there is none."""

from __future__ import annotations

import re
import unittest

from lib.processes.environment import filters
from lib.test_results.test_case import FAILED, PASSED, TestCase
from lib.test_results.test_filter import exact_filter


def cases(tool: str, told: str) -> list[TestCase]:
    """Make cases of `"m.TestA::test_x, m::test_y!"`: those with a ! have failed."""
    made = []
    for text in told.split(", "):
        classname, _, title = text.rstrip("!").rpartition("::")
        outcome = FAILED if text.endswith("!") else PASSED
        made.append(TestCase("j", text.rstrip("!"), outcome, 0.0, classname, title, tool=tool))
    return made


class Pytest(unittest.TestCase):
    def found(self, told: str) -> str:
        return exact_filter({"j": cases("pytest", told)})

    def test_title_is_enough_where_no_other_test_has_it(self) -> None:
        self.assertEqual(self.found("m::test_x!, m::test_y, m.TestA::test_z!"), "test_x,test_z")

    def test_other_tests_whose_names_begin_with_it_are_excluded(self) -> None:
        self.assertEqual(
            self.found("m::test_x!, m::test_x_more, m::test_y"), "test_x and not test_x_more"
        )

    def test_test_of_the_same_title_in_another_class_is_excluded(self) -> None:
        self.assertEqual(self.found("m.TestA::test_x!, m.TestB::test_x"), "test_x and TestA")
        self.assertEqual(self.found("t.test_a::test_x!, t.test_b::test_x"), "test_x and test_a")

    def test_parameters_are_a_part_of_the_name(self) -> None:
        self.assertEqual(self.found("m::test_x[a-1]!, m::test_x[a-10]"), "test_x[a-1]")

    def test_there_is_none_where_it_cannot_be_said(self) -> None:
        for told in (
            "m::test_x[a b]!, m::test_y",  # no name in an expression
            "m::test_x[a,b]!, m::test_y",
            "::m!, m::test_y",  # a module that cannot be imported
            "m::test_x!, m::test_xa, m::test_xb, m::test_xc, m::test_xd",
            "tests.test_x::test_x!, tests.test_x::test_y, tests.test_x::test_x_more",
            "m::test_***!, m::test_y",
            "m::test_x, m::test_y",
            "m::and!, m::test_y",
            ", ".join(f"m::test_{number}_!" for number in range(21)),
        ):
            with self.subTest(told):
                self.assertEqual(self.found(told), "")

    def test_runner_that_is_unknown_gets_none(self) -> None:
        self.assertEqual(exact_filter({"j": cases("", "m::test_x!, m::test_y")}), "")

    def test_module_of_another_test_with_the_word_in_its_name_counts(self) -> None:
        self.assertEqual(self.found("m::frames!, tests.frames::test_y"), "")


class JavaScript(unittest.TestCase):
    def selected(self, told: str, tool: str) -> tuple[str, list[str]]:
        """Return the filter, and the cases that it selects as the runner would."""
        made = cases(tool, told)
        words = exact_filter({"j": made})
        pattern = re.compile(filters(words)["PW_GREP_FILTER"] or "$^", re.IGNORECASE)
        first = "{0.classname} {0.title}" if tool == "playwright" else "{0.title}"
        joined = [first.format(c).replace(" › ", " ").replace(" > ", " ") for c in made]
        return words, [
            c.title for c, text in zip(made, joined, strict=True) if pattern.search(text)
        ]

    def test_characters_that_mean_something_in_a_pattern_are_any_character(self) -> None:
        told = "a.ts::table is (empty), or not | a+b!, a.ts::table is full"
        words, selected = self.selected(told.replace(", or", "; or"), "jest")
        self.assertEqual(words, "table.is..empty...or.not...a.b")
        self.assertEqual(selected, ["table is (empty); or not | a+b"])

    def test_title_with_which_others_begin_is_anchored(self) -> None:
        for tool, sign in (("jest", " "), ("vitest", " > ")):
            told = f"a.ts::table{sign}renders!, a.ts::table{sign}renders twice"
            words, selected = self.selected(told, tool)
            self.assertEqual((words, selected), ("^table.renders$", [f"table{sign}renders"]))

    def test_file_tells_tests_of_one_title_apart(self) -> None:
        words, selected = self.selected("a.spec.ts::g › t!, b.spec.ts::g › t", "playwright")
        self.assertEqual((words, selected), ("a.spec.ts.g.t", ["g › t"]))

    def test_notebook_beside_a_file_is_no_part_of_what_is_searched(self) -> None:
        told = "a.spec.ts one.ipynb::t{}, a.spec.ts two.ipynb::t"
        self.assertEqual(self.selected(told.format("!"), "playwright")[0], "")
        both = f"{told.format('!')}!, b.spec.ts::t"
        self.assertEqual(self.selected(both, "playwright")[0], "a.spec.ts.t")

    def test_there_is_none_for_tests_that_differ_in_nothing(self) -> None:
        self.assertEqual(self.selected("a.spec.ts::t!, a.spec.ts::t", "playwright")[0], "")


class Together(unittest.TestCase):
    def found(self, python: str, script: str) -> str:
        return exact_filter({"p": cases("pytest", python), "j": cases("jest", script)})

    def test_each_job_gets_the_words_of_all(self) -> None:
        self.assertEqual(
            self.found("m::test_x!, m::test_y", "a.ts::table is (1)!, a.ts::b"),
            "test_x,table.is..1.",
        )

    def test_there_is_none_if_a_word_of_one_job_selects_a_test_of_another(self) -> None:
        self.assertEqual(self.found("m::frame!, m::test_y", "a.ts::b!, a.ts::frame"), "")

    def test_there_is_none_if_a_word_of_one_job_is_no_filter_for_another(self) -> None:
        self.assertEqual(self.found("m::test_x!, m::y", "a.ts::b!, a.ts::b c"), "")
        self.assertEqual(self.found("m::test_x[z-a]!, m::y", "a.ts::b!, a.ts::c"), "")

    def test_there_is_none_if_a_job_has_no_failed_test(self) -> None:
        self.assertEqual(self.found("m::test_x!", "a.ts::b"), "")


if __name__ == "__main__":
    unittest.main()
