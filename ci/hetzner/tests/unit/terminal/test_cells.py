"""Text is fitted into the cells of a terminal, and controls none of it."""

from __future__ import annotations

import unittest

from lib.terminal import cells
from lib.terminal.cells import RED, Look, Part

PLAIN = Look(colour=False)
TEXTS = ("plain", "Größe", "日本語のテスト", "e\u0301tude", "✓ ▸ █", "a" * 50, "日" * 40, "")


class Fit(unittest.TestCase):
    def test_cut_text_takes_at_most_the_given_cells(self) -> None:
        for text in TEXTS:
            for size in range(0, 60):
                self.assertLessEqual(cells.width(cells.fit(text, size)), size, text)

    def test_padded_text_takes_exactly_the_given_cells(self) -> None:
        for text in TEXTS:
            for size in range(0, 60):
                self.assertEqual(cells.width(cells.pad(text, size)), size, text)

    def test_text_that_fits_stays_and_a_cut_one_says_so(self) -> None:
        self.assertEqual(cells.fit("日本", 4), "日本")
        self.assertEqual(cells.fit("日本語", 5), "日本…")
        self.assertEqual(cells.fit("日本語", 4), "日…")

    def test_marks_take_no_cell_of_their_own(self) -> None:
        self.assertEqual(cells.width("e\u0301"), 1)


class Lines(unittest.TestCase):
    def test_colours_are_left_out_without_colour(self) -> None:
        parts = [Part("bad", RED), Part(" rest")]
        self.assertEqual(cells.line(parts, 20, Look()), "\x1b[31mbad\x1b[0m rest")
        self.assertEqual(cells.line(parts, 20, PLAIN), "bad rest")

    def test_line_is_cut_across_its_parts(self) -> None:
        self.assertEqual(cells.line([Part("abc", RED), Part("defg")], 5, PLAIN), "abcd…")
        self.assertEqual(cells.line([Part("abcdef", RED), Part("g")], 5, PLAIN), "abcd…")

    def test_text_cannot_control_the_terminal(self) -> None:
        for evil in ("\x1b[2J", "a\nb", "a\rb", "\x9b5A", "\x07", "a\u202eb", "\x00", "\t"):
            shown = cells.line([Part(evil)], 40, PLAIN)
            self.assertTrue(shown.isprintable(), evil)
            shown = cells.log_line(f"[12:00:00] NOTE  {evil}", PLAIN)
            self.assertTrue(shown.replace("\t", "").isprintable(), evil)

    def test_terminal_without_utf_8_gets_ascii_of_the_same_width(self) -> None:
        for encoding in ("ascii", "no such encoding"):
            look = Look(colour=False, encoding=encoding)
            shown = cells.line([Part("✓ ▸ █▒░ · Größe 日…")], 40, look)
            self.assertTrue(shown.isascii(), shown)
            self.assertEqual(shown, "+ > #=. . Gr??e ?~")
        self.assertEqual(cells.line([Part("Größe")], 9, Look(False, "latin-1")), "Größe")

    def test_cut_line_ends_in_ascii_too(self) -> None:
        look = Look(colour=False, encoding="ascii")
        self.assertEqual(cells.line([Part("a" * 50)], 5, look), "aaaa~")

    def test_word_of_a_log_line_has_its_colour(self) -> None:
        line = "[12:00:00] FAIL  a  (see x)"
        shown = "\x1b[2m[12:00:00]\x1b[0m \x1b[31mFAIL\x1b[0m  a  (see x)"
        self.assertEqual(cells.log_line(line, Look()), shown)
        self.assertEqual(cells.log_line(line, PLAIN), line)
        self.assertEqual(cells.log_line("    FAIL", Look()), "    FAIL")

    def test_end_has_the_colour_of_the_verdict(self) -> None:
        for code, number in ((0, 32), (1, 31), (10, 31), (130, 31)):
            line = cells.log_line(f"[12:00:00] END   exit code {code}: text", Look())
            self.assertIn(f"\x1b[{number}mEND\x1b[0m", line)


if __name__ == "__main__":
    unittest.main()
