"""With --quiet only failures and the verdict are shown."""

from __future__ import annotations

import io
import unittest

from lib.report.view import Section
from lib.terminal.quiet_view import QuietView

NOISE = ("START x", "PASS  x", "SKIP  x (filtered)", "NOTE  careful", "LEAK  x left 1", "READY x")
NEWS = (
    "FAIL  x  (see u/x.log)",
    "CAUSE x: exit code 3",
    "TIMEOUT x (>1s)",
    "FAST-FAIL: x failed",
    "INTERRUPTED by SIGINT, running: x",
    "ERROR no such commit",
    "BUG   the runner broke: KeyError: 'x'",
    "END   exit code 1: failed in 2 s: x",
    "ASKED what runs: 1 job",
    "RUNNING x (12.0 s): last",
)


class Quiet(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.StringIO()
        self.view = QuietView(self.stream)

    def test_lines_of_failures_and_the_verdict_are_shown(self) -> None:
        for text in (*NOISE, *NEWS):
            self.view.show([f"[12:00:00] {text}"])
        self.assertEqual(
            self.stream.getvalue().splitlines(), [f"[12:00:00] {text}" for text in NEWS]
        )

    def test_log_that_cannot_be_written_is_told(self) -> None:
        self.view.show(["the run is red: could not write ci.log: No space left on device"])
        self.assertIn("No space left", self.stream.getvalue())

    def test_end_of_the_run_tells_of_failures_only(self) -> None:
        sections = [Section(["job"], needed=False), Section(["--- x: exit code 3"], job="x")]
        self.assertEqual(self.view.end(sections), "")
        self.assertEqual(self.stream.getvalue(), "--- x: exit code 3\n")


if __name__ == "__main__":
    unittest.main()
