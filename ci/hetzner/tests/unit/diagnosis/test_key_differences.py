"""The parts of a cache's key that differ between two runs."""

from __future__ import annotations

import unittest

from lib.diagnosis.key_differences import differences

KEY = ["aa  src/a.ts", "bb  src/b.ts", "cc  package.json"]
RECORD = {"command": ["make"], "variables": {"A": "1"}, "directory": ".", "key": KEY, "lines": 3}


class Differences(unittest.TestCase):
    def test_changed_new_and_gone_lines_are_told(self) -> None:
        for key, told in (
            (
                ["aa  src/a.ts", "b2  src/b.ts", "cc  package.json"],
                ["- bb  src/b.ts", "+ b2  src/b.ts"],
            ),
            ([*KEY[:2], "dd  src/d.ts", KEY[2]], ["+ dd  src/d.ts"]),
            (KEY[1:], ["- aa  src/a.ts"]),
        ):
            found = differences(RECORD, {**RECORD, "key": key})
            self.assertEqual(found, ["its key:", *(f"  {line}" for line in told)])

    def test_command_places_and_variables_are_parts(self) -> None:
        new = {**RECORD, "command": ["make all"], "directory": "sub", "variables": {"B": "2"}}
        self.assertEqual(
            differences(RECORD, new),
            [
                *("its command:", "  - make", "  + make all", "its directory: . -> sub"),
                *("its variable A: 1 -> not set", "its variable B: not set -> 2"),
            ],
        )

    def test_equal_keys_have_none(self) -> None:
        self.assertEqual(differences(RECORD, dict(RECORD)), [])

    def test_many_lines_are_counted(self) -> None:
        found = differences(RECORD, {**RECORD, "key": [f"{n}" for n in range(100)]})
        self.assertEqual(found[-1], "  … and 93 more lines")
        self.assertEqual(len(found), 12)

    def test_difference_behind_the_recorded_lines_is_told(self) -> None:
        self.assertIn("behind", differences(RECORD, {**RECORD, "lines": 4})[0])

    def test_damaged_records_raise_nothing(self) -> None:
        odd: list[object] = [None, 1, "x", [], [[]], [None], {}, {"A": []}]
        for name in RECORD:
            for value in odd:
                differences(RECORD, {**RECORD, name: value})
                differences({name: value}, RECORD)


if __name__ == "__main__":
    unittest.main()
