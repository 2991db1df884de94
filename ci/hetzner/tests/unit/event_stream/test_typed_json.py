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


if __name__ == "__main__":
    unittest.main()
