"""Two environments differ in what both know, and in what one of them added or lost."""

from __future__ import annotations

import unittest

from lib.report.environment_differences import differences


class Differences(unittest.TestCase):
    def test_equal_ones_have_none(self) -> None:
        one = {"kernel": "6.1", "packages": {"3.11": {"numpy": "2.0"}}, "browsers": ["a-1"]}
        self.assertEqual(differences(one, dict(one)), [])

    def test_a_line_for_each_value_that_changed(self) -> None:
        old = {"kernel": "6.1", "processors": 8, "tools": {"git": {"version": "2.39"}}}
        new = {"kernel": "6.2", "processors": 16, "tools": {"git": {"version": "2.40"}}}
        self.assertEqual(
            differences(old, new),
            ["kernel: 6.1 -> 6.2", "processors: 8 -> 16", "tools git version: 2.39 -> 2.40"],
        )

    def test_packages_that_came_went_and_changed(self) -> None:
        old = {"packages": {"3.11": {"numpy": "2.0", "gone": "1"}}}
        new = {"packages": {"3.11": {"numpy": "2.1", "fresh": "3"}}}
        self.assertEqual(
            differences(old, new),
            [
                "packages 3.11 numpy: 2.0 -> 2.1",
                "packages 3.11 gone: 1 -> none",
                "packages 3.11 fresh: none -> 3",
            ],
        )

    def test_items_of_a_list_are_gone_or_new(self) -> None:
        told = differences({"browsers": ["a-1", "b-1"]}, {"browsers": ["b-1", "a-2"]})
        self.assertEqual(told, ["browsers: a-1 is gone", "browsers: a-2 is new"])

    def test_what_only_one_run_knows_or_used_is_left_out(self) -> None:
        one = {"image": None, "tools": {"git": {"version": None}}, "packages": {}}
        other = {
            "image": "0.3.0",
            "tools": {"git": {"version": "2.40"}, "uv": {"path": "/uv", "version": "1"}},
            "packages": {"3.11": {"numpy": "2.0"}},
            "later": 1,
        }
        self.assertEqual(differences(one, other), [])
        self.assertEqual(differences(other, one), [])

    def test_damaged_content_is_compared_as_it_is(self) -> None:
        self.assertEqual(
            differences({"tools": "odd"}, {"tools": {"git": 1}}), ["tools: odd -> {'git': 1}"]
        )
        self.assertEqual(differences({}, {}), [])


if __name__ == "__main__":
    unittest.main()
