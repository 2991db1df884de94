"""A command with fields: each is filled in as one word, whatever it contains."""

from __future__ import annotations

import unittest

from lib.corpus.runner import Runner
from lib.processes.command_template import appended, filled, unknown_fields

FIELDS = ("{sha}", "{branch}", "{name_to}", "{prepare}")


class Templates(unittest.TestCase):
    def test_fields_are_filled_in_once(self) -> None:
        words = filled(["x{sha}y", "{branch}"], {"{sha}": "{branch}", "{branch}": "{sha}"})
        self.assertEqual(words, ["x{branch}y", "{sha}"])

    def test_words_that_a_shell_reads_are_quoted(self) -> None:
        for words in (["ssh", "box", "ci", "{branch}"], ["sh", "-c", "ci {branch}"]):
            self.assertIn("'$(id)'", " ".join(filled(words, {"{branch}": "$(id)"})))
        self.assertEqual(appended(["ssh", "box", "ci"], ["a;b"]), ["ssh", "box", "ci", "'a;b'"])
        self.assertEqual(appended(["ci"], ["a;b"]), ["ci", "a;b"])

    def test_runner_of_a_corpus_has_the_same_rules(self) -> None:
        runner = Runner(("sh", "-c", "ci {sha} {branch}"), ("--fast",), "name", own=False)
        self.assertEqual(runner.call("a", "x;y"), ["sh", "-c", "ci a 'x;y'", "--fast"])

    def test_mistyped_fields_are_told_with_the_nearest(self) -> None:
        told = unknown_fields(["make", "{shaa}", "--to={Name_To}"], FIELDS)
        self.assertIn("found {shaa}; did you mean '{sha}'?, {Name_To}; did you mean", told)
        for template in (["make", "{sha}", "{prepare}"], ["sh", "-c", "ci {sha} | awk {x}"]):
            self.assertEqual(unknown_fields(template, FIELDS), "")
        self.assertEqual(unknown_fields(["env", "A=${HOME}", "{{.Id}}", "{1,2}"], FIELDS), "")


if __name__ == "__main__":
    unittest.main()
