"""What the documents list: modules, fields of a job with their defaults, tests of faults."""

from __future__ import annotations

import inspect
import re
import unittest
from collections.abc import Mapping
from pathlib import Path

from dsl import Job

HOME = Path(__file__).resolve().parents[2]
USAGE = (HOME / "docs" / "usage.md").read_text()


def section(heading: str) -> str:
    """Return the text below a heading that begins so, up to the next one."""
    return USAGE.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]


class TestDesign(unittest.TestCase):
    def test_table_explains_every_field_of_a_job_and_positional_ones_in_their_order(self) -> None:
        rows = re.findall(r"^\| `(\w+)` ", section("Fields of a job"), re.MULTILINE)
        fields = inspect.signature(Job).parameters.values()
        self.assertEqual(sorted(rows), sorted(field.name for field in fields))
        by_position = [f.name for f in fields if f.kind is f.POSITIONAL_OR_KEYWORD]
        self.assertEqual(rows[: len(by_position)], by_position)

    def test_table_tells_the_defaults_of_a_job(self) -> None:
        rows = dict(
            re.findall(r"^\| `(\w+)` \| `?([^|`]+)`?", section("Fields of a job"), re.MULTILINE)
        )
        made = Job("name", "true")
        for field in inspect.signature(Job).parameters.values():
            if field.default is not field.empty:
                value = getattr(made, field.name)
                shown = dict(value) if isinstance(value, Mapping) else value
                text = f'"{shown}"' if isinstance(shown, str) else str(shown)
                self.assertEqual(rows[field.name].strip(), text, field.name)

    def test_each_kind_of_fault_names_tests_that_are_there(self) -> None:
        lines = (HOME / "docs" / "faults.md").read_text().split("\n## ", 1)[1]
        named = set(re.findall(r"`((?:unit|runs|faults|bodies|rules)/[\w/]+)`", lines))
        tests = HOME / "tests"
        there = {str(path.relative_to(tests).with_suffix("")) for path in tests.rglob("test_*.py")}
        self.assertEqual(named - there, set())
        kinds = re.findall(r"(?ms)^- .*?(?=^- |^## |\Z)", lines)
        self.assertEqual([kind for kind in kinds if "/test_" not in kind], [])


if __name__ == "__main__":
    unittest.main()
