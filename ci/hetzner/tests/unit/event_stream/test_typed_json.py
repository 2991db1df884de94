"""Values of known types are read; a type without a reader is a mistake of ours, and named."""

from __future__ import annotations

import unittest
from collections.abc import Callable

from lib.event_stream import typed_json


class Readers(unittest.TestCase):
    def test_type_without_a_reader_is_named(self) -> None:
        for hint in (bytes, Callable[[], int]):
            with self.assertRaisesRegex(TypeError, "add its reader"):
                typed_json.reader(hint)

    def test_number_beyond_all_bounds_is_damage(self) -> None:
        for hint in (int, float):
            for number in (10**400, -(10**400), 1e16, float("inf"), float("nan")):
                with self.assertRaises(ValueError):
                    typed_json.reader(hint)(number)


if __name__ == "__main__":
    unittest.main()
