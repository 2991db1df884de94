"""No test of real processes knows how long something took."""

from __future__ import annotations

import ast
import re
import unittest
from pathlib import Path

from tests.support.sources import nodes_of

TESTS = Path(__file__).resolve().parents[1]
OF_PROCESSES = ("runs", "faults", "bodies", "services", "deploy", "pages")
FIXED_DIGITS = re.compile(r"(?:\\d|[0-9])\\\.(?:\\d|0)\+? s\b")  # in a regular expression


class Measured(unittest.TestCase):
    def test_durations_in_expected_texts_have_any_number_of_digits(self) -> None:
        found = [
            f"{path.relative_to(TESTS)}:{node.lineno}: {node.value}"
            for room in OF_PROCESSES
            for path in sorted((TESTS / room).rglob("*.py"))
            for node in nodes_of(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if FIXED_DIGITS.search(node.value)
        ]
        self.assertEqual(found, [], "use tests.support.measured.DURATION")


if __name__ == "__main__":
    unittest.main()
