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


def found_by_javascript(words: str, full_name: str) -> bool:
    """Whether the pattern of a filter is found in a name: JavaScript compares UTF-16 units."""
    units = memoryview(full_name.encode("utf-16-le")).cast("H")
    pattern = filters(words)["PW_GREP_FILTER"]
    return bool(re.search(pattern, "".join(map(chr, units)), re.IGNORECASE | re.ASCII))


class JavaScript(unittest.TestCase):
    def found(self, told: str, tool: str) -> str:
        return exact_filter({"j": cases(tool, told)})

    def test_pattern_finds_the_full_name_that_a_reporter_tells_of_in_its_own_way(self) -> None:
        for tool, told, full_name in (
            ("jest", "math adds 🎉 up", "math adds 🎉 up"),
            ("jest", "table is (empty); or not | a+b", "table is (empty); or not | a+b"),
            ("jest", "is é à [1; 2] {a} $x ^y a*b? \\d", "is é à [1; 2] {a} $x ^y a*b? \\d"),
            ("jest", "e\u0301t\u00e9 \u017f \u212a", "e\u0301t\u00e9 \u017f \u212a"),
            ("jest", "math adds a line", "math adds\na line"),  # XML has a blank for a line end
            ("jest", " adds", " adds"),
            ("jest", "adds", " adds "),
            ("jest", "-t is no flag", "-t is no flag"),
            ("jest", "🎉", "🎉"),
            ("jest-junit", "math › adds", "math adds"),
            ("jest-junit", "math-adds", "math adds"),
            ("jest-junit", "math_adds", "math adds"),
            ("jest-junit", "› adds", "adds"),  # in no group
            ("vitest", "math > is 1 when a > b", "math is 1 when a > b"),
            ("vitest", "math > adds a line", "math adds \n a line"),
            ("playwright", "g › goes › to", "p a.spec.ts g goes › to"),
        ):
            classname = told if tool == "jest-junit" else "a.spec.ts"
            with self.subTest(tool=tool, told=told):
                words = self.found(f"{classname}::{told}!, {classname}::nothing", tool)
                self.assertTrue(words)
                self.assertTrue(found_by_javascript(words, full_name), words)
                self.assertFalse(found_by_javascript(words, "nothing"))
                self.assertNotRegex(words, r"^-|[\s\\]")  # no flag, and one word for each shell

    def test_title_with_which_others_begin_is_anchored_where_it_is_the_full_name(self) -> None:
        for title in ("table renders", " table renders", "table\trenders 🎉"):
            words = self.found(f"a.ts::{title}!, a.ts::{title} twice", "jest")
            self.assertTrue(found_by_javascript(words, title), words)
            self.assertFalse(found_by_javascript(words, f"{title} twice"), words)
        for told, tool in (
            ("a.ts::table > renders!, a.ts::table > renders twice", "vitest"),
            ("renders::renders!, renders twice::renders twice", "jest-junit"),
        ):
            self.assertEqual(self.found(told, tool), "")

    def test_title_that_may_have_words_that_the_full_name_lacks_gives_none(self) -> None:
        for tool, told in (
            ("jest-junit", "a.ts::adds!"),
            ("jest-junit", "math adds::a.ts math adds!"),
            ("jest-junit", "math::adds math!"),
            ("vitest", "src/a.ts::src/a.ts math > adds!"),
        ):
            with self.subTest(tool=tool, told=told):
                self.assertEqual(self.found(told, tool), "")
        self.assertEqual(self.found("math adds::adds!, math::b", "jest-junit"), "adds")

    def test_file_tells_tests_of_one_title_apart(self) -> None:
        words = self.found("a.spec.ts::g › t!, b.spec.ts::g › t", "playwright")
        self.assertTrue(found_by_javascript(words, "a.spec.ts g t"))
        self.assertFalse(found_by_javascript(words, "b.spec.ts g t"))

    def test_notebook_beside_a_file_is_no_part_of_the_name_that_is_searched(self) -> None:
        told = "a.spec.ts one.ipynb::t{}, a.spec.ts two.ipynb::t"
        self.assertEqual(self.found(told.format("!"), "playwright"), "")
        words = self.found(f"{told.format('!')}!, b.spec.ts::t", "playwright")
        self.assertTrue(found_by_javascript(words, "a.spec.ts t"))

    def test_there_is_none_for_tests_that_differ_in_nothing(self) -> None:
        self.assertEqual(self.found("a.spec.ts::t!, a.spec.ts::t", "playwright"), "")


class Together(unittest.TestCase):
    def found(self, python: str, script: str) -> str:
        return exact_filter({"p": cases("pytest", python), "j": cases("jest", script)})

    def test_each_job_gets_the_words_of_all(self) -> None:
        self.assertEqual(
            self.found("m::test_x!, m::test_y", "a.ts::renders!, a.ts::b"), "test_x,renders"
        )

    def test_there_is_none_if_a_pattern_is_no_name_for_pytest(self) -> None:
        self.assertEqual(self.found("m::test_x!, m::test_y", "a.ts::table is (1)!, a.ts::b"), "")

    def test_there_is_none_if_a_word_of_one_job_selects_a_test_of_another(self) -> None:
        self.assertEqual(self.found("m::frame!, m::test_y", "a.ts::b!, a.ts::frame"), "")

    def test_there_is_none_if_a_word_of_one_job_is_no_filter_for_another(self) -> None:
        self.assertEqual(self.found("m::test_x!, m::y", "a.ts::b!, a.ts::b c"), "")
        self.assertEqual(self.found("m::test_x[z-a]!, m::y", "a.ts::b!, a.ts::c"), "")

    def test_there_is_none_if_a_job_has_no_failed_test(self) -> None:
        self.assertEqual(self.found("m::test_x!", "a.ts::b"), "")


if __name__ == "__main__":
    unittest.main()
