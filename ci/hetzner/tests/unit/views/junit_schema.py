"""junit.xml of a run, and the files of our reporters, are valid by the schema of Jenkins' xUnit.

tests/support/junit-10.xsd is `junit-10.xsd` of github.com/jenkinsci/xunit-plugin (8c515de2).
It needs xmlschema, which check.py installs.
"""

from __future__ import annotations

import unittest
from pathlib import Path

import xmlschema

from lib.buckaroo import jest_junit
from lib.views import run_junit
from tests.support import red_run
from tests.unit.buckaroo.test_jest_junit import report, test

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "support" / "junit-10.xsd")


class Valid(unittest.TestCase):
    def valid(self, text: str) -> None:
        SCHEMA.validate(text)

    def test_file_of_a_run(self) -> None:
        self.valid(run_junit.view(red_run.inputs()))
        self.valid(run_junit.view(red_run.inputs()._replace(tests={}, excerpts={})))
        empty = red_run.inputs().record._replace(jobs=())
        self.valid(run_junit.view(red_run.inputs()._replace(record=empty)))

    def test_file_of_jest(self) -> None:
        tried = test("a", "passed", invocations=2, retryReasons=["once"])
        for told in (
            report(test("b", "failed", "no"), tried),
            report(status="failed", message="x"),
        ):
            self.valid(jest_junit.junit(told, Path("/core")))

    def test_schema_refuses_another_file(self) -> None:
        with self.assertRaises(xmlschema.XMLSchemaValidationError):
            self.valid("<testsuites><testcase/></testsuites>")


if __name__ == "__main__":
    unittest.main()
