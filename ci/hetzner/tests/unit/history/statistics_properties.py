"""Properties of the figures of runs, which hypothesis tries to refute. `check.py` runs them."""

from __future__ import annotations

import unittest
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lib.history import statistics
from lib.history.statistics import BARS, FAILED

TIMES = st.lists(st.floats(0, 1e9), min_size=1)


class Properties(unittest.TestCase):
    @given(st.integers(0, 10**6), st.integers(0, 10**6))
    def test_interval_holds_the_rate_and_is_symmetric(self, passed: int, failed: int) -> None:
        total = passed + failed
        found, mirrored = statistics.wilson(passed, total), statistics.wilson(failed, total)
        if found is None or mirrored is None:
            self.assertEqual(total, 0)
            return
        low, high = found
        self.assertTrue(0 <= low <= passed / total <= high <= 1)
        self.assertLess(low, high)
        self.assertAlmostEqual(low, 1 - mirrored[1])

    @given(st.integers(0, 1000), st.integers(1, 1000), st.integers(2, 50))
    def test_interval_gets_narrower_with_more_runs(self, p: int, f: int, times: int) -> None:
        few, many = statistics.wilson(p, p + f), statistics.wilson(p * times, (p + f) * times)
        assert few and many
        self.assertLess(many[1] - many[0], few[1] - few[0])

    @given(TIMES)
    def test_half_of_the_values_are_on_each_side_of_the_median(self, values: list[float]) -> None:
        middle = statistics.median(values)
        assert middle is not None
        self.assertGreaterEqual(2 * sum(v <= middle for v in values), len(values))
        self.assertGreaterEqual(2 * sum(v >= middle for v in values), len(values))

    @given(TIMES, st.floats(0, 100))
    def test_percentile_is_a_value_that_so_many_do_not_exceed(
        self, values: list[float], percent: float
    ) -> None:
        found = statistics.percentile(values, percent)
        self.assertIn(found, values)
        assert found is not None
        self.assertGreaterEqual(100 * sum(v <= found for v in values) / len(values), percent - 1e-6)

    @given(st.lists(st.none() | st.floats(0, allow_infinity=False)))
    def test_sparkline_has_a_mark_for_each_value_and_keeps_their_order(
        self, values: list[float | None]
    ) -> None:
        line = statistics.sparkline(values)
        self.assertEqual(len(line), len(values))
        known = sorted(
            (v, BARS.index(c)) for v, c in zip(values, line, strict=True) if v is not None
        )
        self.assertEqual([bar for _, bar in known], sorted(bar for _, bar in known))
        self.assertEqual(line.count(FAILED), values.count(None))

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
    def test_tries_are_the_attempts(self, attempts: list[tuple[str, bool]]) -> None:
        counts = Counter(attempts)
        by_tree = {tree: (counts[tree, True], counts[tree, False]) for tree, _ in attempts}
        told = statistics.tries(by_tree)
        self.assertEqual(told.passed + told.failed, len(attempts))
        self.assertLessEqual(told.flaky_trees, min(told.trees, told.passed, told.failed))

    @given(st.lists(st.booleans()))
    def test_all_from_the_first_red_one_on_are_red(self, newest_first: list[bool]) -> None:
        found = statistics.first_red((red, at) for at, red in enumerate(newest_first))
        if found is None:
            self.assertFalse(newest_first[:1] == [True])
            return
        at, number = found
        self.assertEqual(number, at + 1)
        self.assertTrue(all(newest_first[:number]))
        self.assertFalse(newest_first[number : number + 1] == [True])


if __name__ == "__main__":
    unittest.main()
