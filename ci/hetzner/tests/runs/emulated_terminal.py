"""The live view as the terminal emulator pyte shows it. `check.py` runs these tests."""

from __future__ import annotations

import random
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

import pyte

from lib.terminal.screen import Screen
from tests.support.on_terminal import Terminal, program

COLUMNS, ROWS = 80, 24
KEYS = "t jobs · l log · c cancel · q stop"


def shown(screen: pyte.Screen) -> list[str]:
    """Return the lines of a screen without the blank ones at its end."""
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


class Emulated(unittest.TestCase):
    """A screen, and what is written to it."""

    def setUp(self) -> None:
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS, history=100_000, ratio=0.5)
        self.stream = pyte.Stream(self.screen)
        self.written = 0
        self.gone: list[str] = []  # lines that have scrolled away

    def write(self, text: str) -> None:
        self.written += len(text)
        self.stream.feed(text)

    def history(self) -> list[str]:
        """Return the lines that have scrolled away, and those on the screen."""
        width = range(self.screen.columns)
        gone = self.screen.history.top
        self.gone += ["".join(line[n].data for n in width).rstrip() for line in gone]
        gone.clear()
        return [*self.gone, *shown(self.screen)]


class Region(Emulated):
    def test_lines_above_are_whole_and_in_order_whatever_is_drawn(self) -> None:
        draw = random.Random(7)
        view = Screen(self.write)
        said: list[str] = []
        for step in range(200):
            lines = [
                f"row {draw.randrange(3)}{'x' * draw.randrange(40)}"
                for _ in range(draw.randrange(1, ROWS))
            ]
            above = [f"said {step} {n}" for n in range(draw.choice((0, 0, 0, 1, 2, 30)))]
            view.update(above, lines, (COLUMNS, ROWS))
            said += above
            self.assertEqual(self.history(), said + lines, f"step {step}")
            self.assertTrue(self.screen.cursor.hidden)
            if draw.random() < 0.05:
                view.leave([f"left {step}"])
                said.append(f"left {step}")
                self.assertEqual(self.history(), said)
                self.assertFalse(self.screen.cursor.hidden)

    def test_other_size_leaves_no_part_of_the_old_picture(self) -> None:
        draw = random.Random(11)
        view = Screen(self.write)
        view.update([f"said {n}" for n in range(10)], ["one", "two", "three"], (COLUMNS, ROWS))
        for rows in range(ROWS, ROWS + 50):  # the emulator does not move the cursor to fewer rows
            columns = draw.randrange(40, 120)
            self.screen.resize(rows, columns)
            lines = [f"row {n} of {columns}" for n in range(draw.randrange(1, 12))]
            view.update([], lines, (columns, rows))
            self.assertEqual(shown(self.screen)[10:], lines)


class Run(Emulated):
    """A pipeline on a real terminal, whose output the emulator shows."""

    def start(self, jobs: str) -> Terminal:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        terminal = Terminal(COLUMNS, ROWS)
        self.addCleanup(terminal.close)
        terminal.type(f"{program(self.cwd, jobs)}\n")
        return terminal

    def follow(self, terminal: Terminal, *wanted: str) -> list[str]:
        """Feed the emulator until these texts are on its screen; return its lines.

        A part of a picture may have come, so each that is asserted on has to be waited for.
        """
        terminal.until(lambda _: self.is_shown(terminal, wanted))
        return shown(self.screen)

    def is_shown(self, terminal: Terminal, wanted: Sequence[str]) -> bool:
        new = terminal.seen[self.written :]
        self.write(new)
        text = "\n".join(shown(self.screen))
        return all(each in text for each in wanted)

    def test_two_hundred_jobs_have_their_place(self) -> None:
        body = "echo said; until test -e go; do sleep 1; done"
        terminal = self.start(f"*[Job(f'job-{{n}}', {body!r}) for n in range(200)]")
        lines = self.follow(terminal, "and 185 more that run", "0/200 done, 200 running", KEYS)
        self.assertEqual(lines[-1], KEYS)
        self.assertIn("0/200 done, 200 running", lines[-2])
        terminal.resize(40, 12)
        self.screen.resize(12, 40)
        self.screen.reset()  # pyte does not move the cursor up when a screen loses rows
        lines = self.follow(terminal, "and 193 more that run")
        # the emulator keeps the row of the cursor, and what is above: a command of one line or two
        self.assertLess(len(lines[self.screen.cursor.y :]), 12)
        (self.cwd / "go").touch()
        terminal.until(lambda read: " END " in read and read.endswith("$ "))
        self.follow(terminal, " END ")
        self.assertNotIn(KEYS, self.history())
        self.assertEqual(sum("PASS  job-" in line for line in self.history()), 200)


if __name__ == "__main__":
    unittest.main()
