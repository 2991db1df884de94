"""Text for a terminal: nothing controls it, cells stand below each other, figures have units."""

from __future__ import annotations

import unittest

from lib.common import plain_text


class PlainText(unittest.TestCase):
    def test_cells_stand_below_each_other_and_figures_end_in_line(self) -> None:
        rows = [("job", "seconds", "waited for"), ("a", "12.5", "-"), ("longer", "1.0", "a")]
        self.assertEqual(
            plain_text.table(rows, right=[1]),
            ["job     seconds  waited for", "a          12.5  -", "longer      1.0  a"],
        )

    def test_table_of_nothing_has_no_line(self) -> None:
        self.assertEqual(plain_text.table([]), [])

    def test_cell_that_would_move_the_terminal_is_shown_as_dots(self) -> None:
        self.assertEqual(plain_text.table([("\x1b[2Jx\ny", "z")]), ["·[2Jx·y  z"])

    def test_lengths_of_time_have_two_units_at_most(self) -> None:
        lengths = {0.04: "0.0 s", 59.4: "59.4 s", 60: "1 min 0 s", 3599: "59 min 59 s"}
        lengths |= {3600: "1 h 0 min", 47 * 3600: "47 h 0 min", 49 * 3600: "2 d 1 h"}
        for seconds, shown in lengths.items():
            self.assertEqual(plain_text.duration(seconds), shown)

    def test_bytes_have_a_unit(self) -> None:
        sizes = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 5 * 10**9: "5.0 GB", 10**16: "10000.0 TB"}
        for count, shown in sizes.items():
            self.assertEqual(plain_text.size(count), shown)

    def test_time_is_told_in_utc_and_one_that_no_calendar_has_not_at_all(self) -> None:
        self.assertEqual(plain_text.utc(1e9), "2001-09-09T01:46:40Z")
        self.assertEqual(plain_text.utc(1e9, "%Y-%m-%d"), "2001-09-09")
        for damaged in (1e300, -1e300, float("nan"), float("inf")):
            self.assertEqual(plain_text.utc(damaged), "")

    def test_changes_of_amounts_have_their_sign(self) -> None:
        told = plain_text.changes({"processes": 2, "disk_free_bytes": -4500})
        self.assertEqual(told, "processes +2, disk_free_bytes -4.5 kB")

    def test_exception_whose_text_breaks_is_told_by_its_type(self) -> None:
        class OddError(Exception):
            def __str__(self) -> str:
                raise ValueError

        self.assertEqual(plain_text.complaint(OSError("gone")), "OSError: gone")
        self.assertEqual(plain_text.complaint(OddError()), "OddError")


if __name__ == "__main__":
    unittest.main()
