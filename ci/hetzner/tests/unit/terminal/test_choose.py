"""Which view a program gets: by its stream, its flags and its environment."""

from __future__ import annotations

import io
import unittest
from unittest import mock

from lib.terminal import choose


class Tty(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def chosen(stream: io.StringIO, *flags: str, **environ: str) -> list[str]:
    """Return the names of the classes of the views."""
    given = dict.fromkeys(flags, True)
    made = choose.views(stream, environ=environ, **given)
    return [type(view).__name__ for view in made]


class Chosen(unittest.TestCase):
    def test_terminal_that_can_be_drawn_on_gets_the_live_view(self) -> None:
        self.assertEqual(chosen(Tty(), TERM="xterm"), ["LiveView", "PlainView"])

    def test_every_other_stream_gets_lines(self) -> None:
        for stream, environ in (
            (io.StringIO(), {"TERM": "xterm"}),
            (Tty(), {"TERM": "dumb"}),
            (Tty(), {}),
        ):
            with self.subTest(environ):
                self.assertEqual(chosen(stream, **environ), ["HeartbeatView", "PlainView"])

    def test_flags_outrank_the_terminal(self) -> None:
        self.assertEqual(chosen(Tty(), "quiet", TERM="xterm")[0], "QuietView")
        self.assertEqual(chosen(Tty(), "verbose", TERM="xterm")[0], "VerboseView")

    def test_step_of_github_gets_commands_around_both_views(self) -> None:
        self.assertEqual(chosen(io.StringIO(), GITHUB_ACTIONS="true"), ["GitHubView", "GitHubView"])
        self.assertEqual(chosen(io.StringIO(), GITHUB_ACTIONS="false")[0], "HeartbeatView")

    def test_closed_stream_gets_none(self) -> None:
        with mock.patch("sys.stdout", None):
            self.assertEqual(choose.views(), [])


if __name__ == "__main__":
    unittest.main()
