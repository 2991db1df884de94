"""The way from a command line to a command, without one being run."""

from __future__ import annotations

import argparse
import contextlib
import io
import unittest
from pathlib import Path
from unittest import mock

from lib.commands import front_door
from lib.commands.front_door import COMMANDS, command_first
from lib.commands.site import Site

HOME = Path(__file__).resolve().parents[3]
FLAGS = ("--repo", "--state-dir")


def site(store: Path | None = None) -> Site:
    return Site(store, ["python3", "p.py"], lambda: [], lambda _: 0)


class Asks:
    """A command whose answer is an error."""

    SUMMARY = "Ask."

    def __init__(self, error: Exception) -> None:
        self.error = error

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def main(self, given: argparse.Namespace, site: Site) -> int:
        raise self.error


class Commands(unittest.TestCase):
    def test_each_module_of_the_table_has_the_form_of_a_command(self) -> None:
        for name in COMMANDS:
            with self.subTest(name):
                command = front_door.load(name)
                self.assertTrue(command.SUMMARY.endswith("."))
                self.assertNotIn("\n", command.SUMMARY)
                command.arguments(argparse.ArgumentParser())
                self.assertTrue(callable(command.main))

    def test_a_pipeline_imports_no_command_that_is_not_called(self) -> None:
        source = "\n".join(path.read_text() for path in (HOME / "pipeline.py", HOME / "dsl.py"))
        for name in COMMANDS:
            self.assertNotIn(f"commands.{name}", source)
            self.assertNotIn(f"commands import {name}", source)

    def test_a_command_stands_behind_the_places_or_first(self) -> None:
        for words, found in (
            ("status", "status"),
            ("--state-dir d status --json", "status --state-dir d --json"),
            ("--state-dir=d --repo r show last", "show --state-dir=d --repo r last"),
            ("--state-dir status", "--state-dir status"),
            ("--in-place status", "--in-place status"),
            ("-- status", "-- status"),
            ("--state-dir", "--state-dir"),
            ("", ""),
        ):
            self.assertEqual(command_first(words.split(), FLAGS), found.split())

    def test_an_unknown_word_gets_the_nearest_command_or_other_word(self) -> None:
        for word, near in (("statsu", "status"), ("histroy", "history"), ("mian", "main")):
            self.assertEqual(
                front_door.unknown(word, ["main"]),
                f"expected a command, found {word!r}; did you mean {near!r}?",
            )
        self.assertEqual(front_door.unknown("zzz", []), "expected a command, found 'zzz'")


class Errors(unittest.TestCase):
    def called(self, error: Exception, *words: str) -> tuple[int, str]:
        shown = io.StringIO()
        with (
            mock.patch.object(front_door, "load", lambda _: Asks(error)),
            contextlib.redirect_stderr(shown),
        ):
            code = front_door.call(["show", *words], "p.py", lambda _: site())
        return code, shown.getvalue()

    def test_bad_usage_ends_with_2_and_what_is_not_there_with_1(self) -> None:
        for error, code in ((ValueError("x"), 2), (LookupError("x"), 1), (OSError("x"), 1)):
            self.assertEqual(self.called(error), (code, "p.py show: x\n"))

    def test_an_error_of_the_command_itself_is_no_answer(self) -> None:
        for error in (KeyError("x"), IndexError("x"), TypeError("x")):
            with self.assertRaises(type(error)):
                self.called(error)

    def test_a_pipeline_without_a_store_says_how_to_have_one(self) -> None:
        with self.assertRaisesRegex(ValueError, r"pass Pipeline\(store=DIR\)"):
            site().kept()
        self.assertEqual(site(Path("/s")).kept(), Path("/s"))


if __name__ == "__main__":
    unittest.main()
