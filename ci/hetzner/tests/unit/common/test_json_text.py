"""JSON that others wrote: all damage is one error, and one module reads it."""

from __future__ import annotations

import ast
import unittest
from pathlib import Path

from lib.common import json_text
from tests.support.sources import nodes_of

LIB = Path(__file__).resolve().parents[3] / "lib"
# modules that read JSON in another way, with the reason
MAY_READ = {
    "buckaroo/jest_junit": "runs within a job, which fails",
    "buckaroo/test_report": "runs within a job, which fails",
    "buckaroo/jupyter_warm": "runs within a job, which fails",
    "receiver/payload": "refuses more, as its text says",
}


class Reading(unittest.TestCase):
    def test_damage_is_a_value_error(self) -> None:
        wrong: tuple[str, ...] = (
            "",
            "{",
            "[" * 100_000,
            '{"a":' * 100_000,
            f"[{10**400}]",
            f"-1{'0' * 5000}",
        )
        for text in wrong:
            for either in (text, text.encode()):
                with self.assertRaises(ValueError, msg=text[:20]):
                    json_text.parse(either)
        with self.assertRaises(ValueError):
            json_text.parse(b"\xff\xfe[\x00")

    def test_values_one_behind_the_other(self) -> None:
        self.assertEqual(list(json_text.parse_all(' {"a": 1}[2]\n\n3 ')), [{"a": 1}, [2], 3])
        self.assertEqual(list(json_text.parse_all(" \n")), [])
        for damaged in ("{} x", "[1", f"1 {'[' * 100_000}", f"1 {10**400}"):
            with self.assertRaises(ValueError, msg=damaged[:20]):
                list(json_text.parse_all(damaged))

    def test_values_are_those_of_python(self) -> None:
        text = '{"a": [1, -2.5, 1e3, true, null, "\\u00e9"]}'
        expected = {"a": [1, -2.5, 1000.0, True, None, "é"]}
        self.assertEqual(json_text.parse(text), expected)
        self.assertEqual(json_text.parse(text.encode()), expected)
        self.assertEqual(json_text.parse(str(10**299)), 10**299)

    def test_no_other_module_reads_json(self) -> None:
        found = {
            str(path.relative_to(LIB).with_suffix(""))
            for path in LIB.rglob("*.py")
            if any(_reads(node) for node in nodes_of(path))
        }
        self.assertEqual(found - {"common/json_text"}, MAY_READ.keys(), "use json_text.parse")


def _reads(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
        and node.attr in ("load", "loads", "JSONDecoder")
    )


if __name__ == "__main__":
    unittest.main()
