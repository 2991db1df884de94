"""No regular expression that bytes of strangers reach takes long, whatever it is given.

One whose work grows with the square of a text, or faster, holds the whole receiver: no other thread
of Python runs while a pattern is matched.
"""

from __future__ import annotations

import subprocess
import sys
import unittest

from tests.support.patterns import LIB

PACKAGES = (
    *("web_server", "receiver", "dashboard", "commit_queue", "common", "corpus"),
    *("push_sources", "queue_commands", "run_directories"),
)
DEADLINE = 60  # seconds; the whole takes about one


class Patterns(unittest.TestCase):
    def test_long_hostile_texts_are_matched_at_once(self) -> None:
        command = [sys.executable, "-m", "tests.support.patterns", *PACKAGES]
        try:
            done = subprocess.run(
                command, cwd=LIB.parent, check=True, capture_output=True, timeout=DEADLINE
            )
        except subprocess.TimeoutExpired as error:
            place = (error.stdout or b"").decode().split()[-1]
            self.fail(f"expected work that grows with the length of a text, found {place}")
        self.assertIn("lib.web_server.request_head._FIELD", done.stdout.decode().split())


if __name__ == "__main__":
    unittest.main()
