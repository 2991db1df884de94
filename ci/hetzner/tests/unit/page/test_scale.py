"""Times of a run on one axis, in percent of its width."""

from __future__ import annotations

import unittest

from lib.page.scale import MOST_TICKS, SHORTEST, Scale


class OneAxis(unittest.TestCase):
    def test_moments_have_places_from_0_to_100_percent(self) -> None:
        scale = Scale(-2.0, 8.0)
        places = {-2.0: "0.00%", 3.0: "50.00%", 8.0: "100.00%", -9.0: "0.00%", 99.0: "100.00%"}
        self.assertEqual({at: scale.x(at) for at in places}, places)

    def test_bar_of_no_length_can_be_seen(self) -> None:
        self.assertEqual(Scale(0, 100).width(5, 5), f"{SHORTEST:.2f}%")
        self.assertEqual(Scale(0, 0).width(0, 0), f"{SHORTEST:.2f}%")

    def test_ticks_are_few_and_even_and_begin_with_the_run(self) -> None:
        for seconds in (0.001, 0.3, 1, 7, 59, 61, 600, 4000, 100_000, 10_000_000):
            with self.subTest(seconds):
                ticks = Scale(-1.0, seconds - 1.0).ticks()
                self.assertEqual(ticks[0], (-1.0, "0 s"))
                self.assertLessEqual(len(ticks), MOST_TICKS + 1)
                self.assertEqual(len({said for _, said in ticks}), len(ticks))

    def test_ticks_count_as_clocks_do(self) -> None:
        said = [said for _, said in Scale(0, 140).ticks()]
        self.assertEqual(said, ["0 s", "30 s", "1:00 min", "1:30 min", "2:00 min"])
        self.assertEqual(Scale(0, 3 * 3600).ticks()[-1][1], "3:00 h")
        self.assertEqual(Scale(0, 0.5).ticks()[1][1], "0.1 s")


if __name__ == "__main__":
    unittest.main()
