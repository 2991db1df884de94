"""The flags of a run: their values, their combinations, and who has them."""

from __future__ import annotations

import argparse
import contextlib
import io
import unittest
from collections.abc import Callable

from lib.commands import argument_types, pipeline_program
from lib.commands.front_door import COMMANDS, load
from lib.commands.run_options import RunOptions
from lib.commit import command_line

OF_PIPELINE_PY = {
    *("--phase", "--wheel-from", "--repo", "--state-dir", "--in-place", "--demo"),
    *("--place", "--prepare"),
}


def parse(line: str) -> RunOptions:
    return pipeline_program.parse(line.split(), "ci.py")


class Values(unittest.TestCase):
    def refused(self, read: Callable[[str], object], *texts: str) -> None:
        for text in texts:
            with self.assertRaisesRegex(argparse.ArgumentTypeError, "^expected .* found"):
                read(text)

    def test_names_are_separated_by_commas(self) -> None:
        self.assertEqual(argument_types.names("a, b,,c"), ["a", "b", "c"])
        self.refused(argument_types.names, "", " , ")

    def test_a_count_is_1_or_more(self) -> None:
        self.assertEqual(argument_types.count("12"), 12)
        self.refused(argument_types.count, "0", "-1", "1.5", "x", "", "²", "9" * 16, "9" * 5000)

    def test_seconds_are_more_than_none_and_not_for_ever(self) -> None:
        self.assertEqual(argument_types.seconds("0.5"), 0.5)
        self.refused(argument_types.seconds, "0", "-3", "inf", "nan", "1e9", "x", "")

    def test_a_percentage_and_a_seed_have_their_bounds(self) -> None:
        self.assertEqual((argument_types.percent("0"), argument_types.percent("100")), (0, 100))
        self.refused(argument_types.percent, "-1", "100.1", "nan", "x")
        self.assertEqual(argument_types.seed("7"), 7)
        self.refused(argument_types.seed, "-7", "x", "1.0")


class Options(unittest.TestCase):
    def test_nothing_given_is_no_wish(self) -> None:
        options = parse("")
        self.assertEqual([wish for wish in options.choice if wish not in (None, "", False)], [])
        self.assertEqual((options.show, options.timeout, options.max_parallel), ("", None, None))

    def test_short_names_mean_the_long_ones(self) -> None:
        short = parse("--only a,b --skip c -j 3")
        self.assertEqual(short, parse("--only-jobs a,b --skip-jobs c --max-parallel 3"))
        self.assertEqual(short.choice.only_jobs, ["a", "b"])

    def test_combinations_without_sense_are_refused(self) -> None:
        for line, told in (
            ("--no-deps", "--no-deps: say with --only-jobs which jobs"),
            ("--only a --skip b,a", "--only-jobs and --skip-jobs name the same job"),
            ("--only-testcases a --first-testcases b", "not allowed with argument"),
            ("--list --graph", "not allowed with argument"),
            ("--on a", "unrecognized arguments: --on"),
        ):
            shown = io.StringIO()
            with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(shown):
                parse(line)
            self.assertEqual(caught.exception.code, 2)
            self.assertIn(told, shown.getvalue())


class Flags(unittest.TestCase):
    def flags(self, parser: argparse.ArgumentParser) -> set[str]:
        return {flag for action in parser._actions for flag in action.option_strings}

    def test_every_pipeline_has_those_of_pipeline_py_but_for_its_own(self) -> None:
        own = self.flags(command_line.parser()) - self.flags(pipeline_program.parser("ci.py"))
        self.assertEqual(own, OF_PIPELINE_PY)

    def test_the_help_lists_the_commands_with_their_summaries(self) -> None:
        for made in (command_line.parser(), pipeline_program.parser("ci.py")):
            text = made.format_help()
            for name in COMMANDS:
                self.assertIn(f"\n  {name:9} {load(name).SUMMARY}\n", text)
            self.assertEqual(made.format_help(), text)

    def test_a_mistyped_flag_gets_the_nearest_one(self) -> None:
        for words, meant in (
            ("--onyl a", "--onyl a; did you mean '--only'?\n"),
            ("--skip a --fast-fial=1", "--fast-fial=1; did you mean '--fast-fail'?\n"),
            ("--zz", "--zz\n"),
            ("-Q", "-Q\n"),
        ):
            with self.subTest(words), contextlib.redirect_stderr(io.StringIO()) as errors:
                with self.assertRaises(SystemExit) as ended:
                    pipeline_program.parse(words.split(), "ci.py")
                self.assertEqual(ended.exception.code, 2)
                self.assertIn(f"error: unrecognized arguments: {meant}", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
