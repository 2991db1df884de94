"""Colours of a log become classes; all else that a log holds stays text."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

from lib.page.ansi import rendered


class Colours(unittest.TestCase):
    def test_each_style_is_a_class(self) -> None:
        for numbers, classes in {
            "31": "ansi-red",
            "1;32": "ansi-green bold",
            "91": "ansi-red",
            "41": "on-red",
            "103": "on-yellow",
            "7": "on-white",
            "7;31": "on-red",
            "2;3;4;9": "dim italic struck underline",
            "38;5;9": "ansi-red",
            "38;5;208": "ansi-red",
            "38;5;21": "ansi-blue",
            "38;5;244": "ansi-white",
            "48;2;10;200;10": "on-green",
            "38;2;0;0;0": "ansi-black",
            "38:2:0:0:0": "ansi-black",
        }.items():
            with self.subTest(numbers):
                shown = rendered([f"\x1b[{numbers}mx"])
                self.assertEqual(shown, f'<span class="{classes}">x</span>')

    def test_each_style_is_taken_back(self) -> None:
        for on, off in {"31": "39", "41": "49", "1": "22", "2": "22", "3": "23"}.items():
            self.assertTrue(rendered([f"\x1b[{on}ma\x1b[{off}mb"]).endswith("a</span>b"), on)
        for off in ("0", "", "4;0"):
            self.assertTrue(rendered([f"\x1b[1;31;47ma\x1b[{off}mb"]).endswith("a</span>b"), off)

    def test_style_goes_on_in_the_next_line(self) -> None:
        shown = rendered(["\x1b[31ma", "b\x1b[mc"])
        red = '<span class="ansi-red">'
        self.assertEqual(shown, f"{red}a</span>\n{red}b</span>c")

    def test_numbers_that_are_cut_off_or_unknown_change_nothing(self) -> None:
        for numbers in ("38", "38;5", "38;2;1;2", "48;9", "8", "999", "5", ";;", "38;5;300"):
            self.assertEqual(rendered([f"\x1b[{numbers}mx"]), "x", numbers)

    def test_no_content_of_a_log_becomes_markup_or_a_sequence(self) -> None:
        hostile = "\x1b[31m<script>\x1b[0m\x1b]8;;javascript:x\x07&<b onclick='x'>\x1b[2J\x00\x9b1m"
        shown = rendered([hostile])
        read = ElementTree.fromstring(f"<pre>{shown}</pre>")
        self.assertEqual([element.tag for element in read], ["span"])
        self.assertTrue("".join(read.itertext()).replace("\n", "").isprintable())


if __name__ == "__main__":
    unittest.main()
