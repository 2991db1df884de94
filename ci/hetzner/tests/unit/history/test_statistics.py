"""The figures of recorded runs, against known values and in general."""

from __future__ import annotations

import unittest

from lib.history import statistics
from lib.history.statistics import BARS, PLAIN_BARS, Tries


class Wilson(unittest.TestCase):
    def test_interval_is_that_of_the_tables(self) -> None:
        for passed, total, low, high in (
            (8, 10, 0.490, 0.943),
            (0, 10, 0.0, 0.278),
            (10, 10, 0.722, 1.0),
            (1, 1, 0.207, 1.0),
            (81, 263, 0.255, 0.366),
            (50, 100, 0.404, 0.596),
        ):
            with self.subTest(passed=passed, total=total):
                found = statistics.wilson(passed, total)
                assert found
                self.assertEqual((round(found[0], 3), round(found[1], 3)), (low, high))

    def test_no_runs_tell_no_rate(self) -> None:
        self.assertIsNone(statistics.wilson(0, 0))


class Middles(unittest.TestCase):
    def test_median_is_the_middle_or_the_mean_of_both(self) -> None:
        for values, middle in (
            ([], None),
            ([3], 3),
            ([9, 1], 5),
            ([9, 1, 2], 2),
            ([4, 1, 2, 9], 3),
        ):
            self.assertEqual(statistics.median(values), middle)

    def test_percentile_is_one_of_the_values(self) -> None:
        hundred = list(range(1, 101))
        for values, percent, expected in (
            ([], 95, None),
            ([7.0], 95, 7),
            (hundred, 95, 95),
            (hundred, 100, 100),
            (hundred[::-1], 1, 1),
            ([15, 20, 35, 40, 50], 40, 20),
            ([1, 2, 3], 95, 3),
        ):
            self.assertEqual(statistics.percentile(values, percent), expected)


class Sparklines(unittest.TestCase):
    def test_greatest_value_has_the_full_height(self) -> None:
        self.assertEqual(statistics.sparkline([1, 2, 3, 4, 5, 6, 7, 8]), BARS)
        self.assertEqual(statistics.sparkline([5, 5, 10], PLAIN_BARS), "~~#")

    def test_failure_is_a_cross_and_no_time_is_the_lowest_bar(self) -> None:
        self.assertEqual(statistics.sparkline([None, 0, 0]), "x▁▁")
        self.assertEqual(statistics.sparkline([0, 8, None]), "▁█x")
        self.assertEqual(statistics.sparkline([None]), "x")
        self.assertEqual(statistics.sparkline([]), "")

    def test_smallest_numbers_have_a_bar(self) -> None:
        self.assertEqual(statistics.sparkline([5e-324, 5e-324]), "██")


class Flaky(unittest.TestCase):
    def test_only_a_tree_on_which_it_passed_and_failed_is_flaky(self) -> None:
        counts = {"t1": (3, 0), "t2": (0, 2), "t3": (1, 4)}
        self.assertEqual(statistics.tries(counts), Tries(3, 1, 4, 6))
        self.assertEqual(statistics.tries({}), Tries(0, 0, 0, 0))


class FirstRed(unittest.TestCase):
    def first(self, newest_first: str) -> tuple[int, int] | None:
        return statistics.first_red((o == "f", at) for at, o in enumerate(newest_first))

    def test_it_is_the_oldest_failure_without_a_pass_since(self) -> None:
        self.assertEqual(self.first("fffpf"), (2, 3))
        self.assertEqual(self.first("ff"), (1, 2))

    def test_there_is_none_after_a_pass_or_without_runs(self) -> None:
        self.assertIsNone(self.first("pff"))
        self.assertIsNone(self.first(""))


class LoadFactor(unittest.TestCase):
    def test_it_compares_medians(self) -> None:
        self.assertEqual(statistics.load_factor([10, 12, 11], [22, 22, 900]), 2.0)

    def test_few_values_tell_nothing(self) -> None:
        for alone, loaded in (([10], [20, 20]), ([10, 10], [20]), ([], []), ([0, 0], [1, 1])):
            self.assertIsNone(statistics.load_factor(alone, loaded))


if __name__ == "__main__":
    unittest.main()
