"""A log on a terminal: colours stay, nothing else controls it."""

from __future__ import annotations

import random
import unittest

from lib.commands.terminal_text import LONGEST, TerminalText


def shown(*pieces: bytes) -> str:
    text = TerminalText()
    return "".join(map(text.feed, pieces)) + text.end()


class Terminal(unittest.TestCase):
    def test_colours_stay_and_end(self) -> None:
        self.assertEqual(shown(b"\x1b[1;31mred\x1b[m\n"), "\x1b[1;31mred\x1b[m\n\x1b[0m")
        self.assertEqual(shown(b"plain\n"), "plain\n")

    def test_other_sequences_are_not_shown(self) -> None:
        for sequence in (b"\x1b[2J", b"\x1b[3A", b"\x1b]0;title\x07", b"\x1bc", b"\x1bP1$r\x1b\\"):
            self.assertEqual(shown(b"a" + sequence + b"b\n"), "ab\n", sequence)

    def test_other_control_characters_are_dots(self) -> None:
        self.assertEqual(shown(b"a\x07b\x08c\xc2\x85d\n"), "a·b·c·d\n")

    def test_of_a_meter_the_last_state_is_shown(self) -> None:
        self.assertEqual(shown(b"1%\r50%\r100%\r\n"), "100%\n")

    def test_line_is_shown_whole(self) -> None:
        text = TerminalText()
        self.assertEqual(text.feed(b"\x1b[3"), "")
        self.assertEqual(text.feed(b"1mx\xc3"), "")
        self.assertEqual(text.feed(b"\xa4\n"), "\x1b[31mxä\n")

    def test_line_without_an_end_is_shown_at_the_end_or_when_it_is_long(self) -> None:
        self.assertEqual(shown(b"prompt> "), "prompt> \n")
        self.assertEqual(len(TerminalText().feed(b"x" * (LONGEST + 1))), LONGEST + 1)

    def test_no_bytes_reach_the_terminal_as_a_sequence_but_colours(self) -> None:
        draw = random.Random(7)
        for _ in range(300):
            data = bytes(draw.choice(b"\x1b\x1b[]0123;mAJ\r\x07\x9b\xc2x") for _ in range(40))
            cut = draw.randrange(40)
            text = shown(data[:cut], data[cut:], b"\n")
            for part in text.split("\x1b")[1:]:
                self.assertRegex(part, r"\A\[[0-9;:]*m")
            self.assertNotRegex(text, "[\x00-\x08\x0b-\x1a\x7f-\x9f]")


if __name__ == "__main__":
    unittest.main()
