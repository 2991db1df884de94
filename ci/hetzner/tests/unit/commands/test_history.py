"""The command `history`: its answers for people and for programs."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import redirect_stdout
from unittest import mock

from dsl import Job
from lib.commands import history
from lib.commands.site import Site
from lib.history import schema
from tests.support.past import add_run
from tests.support.recorded import Recorded


@contextlib.contextmanager
def may_find_nothing() -> Iterator[None]:
    """Let a question have no answer; other errors, KeyError among them, are of the program."""
    try:
        yield
    except LookupError as error:
        if type(error) is not LookupError:
            raise


class History(Recorded):
    def ask(self, *words: str, encoding: str = "utf-8") -> str:
        parser = argparse.ArgumentParser()
        history.arguments(parser)
        site = Site(self.path.parent, ["x"], lambda: [Job("declared", "true")], lambda _: 0)
        raw = io.BytesIO()
        stdout = io.TextIOWrapper(raw, encoding, newline="")
        with redirect_stdout(stdout):
            self.assertEqual(history.main(parser.parse_args(words), site), 0)
        stdout.flush()
        return raw.getvalue().decode(encoding)

    def fill(self) -> None:
        for outcome in ("passed", "passed", "failed"):
            add_run(self.path, f"test-js={outcome} lint=passed", tests=f"test-js:a::b={outcome}")


class Answers(History):
    def test_each_job_has_a_line_and_each_red_one_a_sentence(self) -> None:
        self.fill()
        first, lint, js, red = self.ask().splitlines()
        self.assertEqual(
            first.split(), ["job", "runs", "passed", "median", "p95", "recent", "flaky", "load"]
        )
        self.assertEqual(lint.split(), ["lint", "3", "100%", "44–100", "10.0s", "10.0s", "███"])
        self.assertEqual(js.split(), ["test-js", "3", "67%", "21–94", "10.0s", "10.0s", "██x"])
        run = "20260101T000003Z-aaaaaaa"
        self.assertEqual(red, f"test-js is red since aaaaaaa of main ({run}), 1 run")

    def test_stdout_that_lacks_the_bars_gets_plain_ones(self) -> None:
        self.fill()
        self.assertIn("44-100  10.0s 10.0s ###", self.ask(encoding="ascii"))

    def test_job_has_a_line_for_each_of_its_runs_and_for_its_tests(self) -> None:
        self.fill()
        text = self.ask("--job", "test-js")
        self.assertRegex(text, r"\n20260101T000003Z-a{7} +a{7} +failed +10.0s +1 +3 +2.0 main\n")
        self.assertRegex(text, r"\nslowest:\ntest .*\na::b +3 +1 10.0s\n")
        self.assertRegex(text, r"\nfailed in their last run:\ntest .*\na::b ")
        self.assertRegex(text, r"\npassed and failed on one tree:\ntest .*\na::b +1 +1 +2 +1 ")

    def test_flaky_jobs_and_tests_are_told_with_their_rates(self) -> None:
        self.fill()
        _, js, case = self.ask("--flaky").splitlines()
        self.assertEqual(js.split(), ["(the", "job)", "test-js", "1", "1", "2", "1", "33%"])
        self.assertEqual(case.split(), ["a::b", "test-js", "1", "1", "2", "1", "33%"])
        self.assertEqual(
            self.ask("--flaky", "--limit", "1"),
            "nothing passed and failed on one tree in the latest 1 run\n",
        )

    def test_what_runs_left_is_told_as_a_trend(self) -> None:
        for number in (1, 2, 8):
            add_run(self.path, "a=passed", leftovers=json.dumps({"processes": number}))
        add_run(self.path, "a=passed", leftovers="damaged")
        _, line = self.ask("--left").splitlines()
        self.assertEqual(line.split(), ["processes", "3", "2", "8", "8", "▁▂█"])

    def test_long_names_are_shortened_so_that_lines_fit(self) -> None:
        add_run(self.path, f"{'j' * 200}=passed")
        self.assertLessEqual(max(map(len, self.ask().splitlines()[:2])), 80)

    def test_end_of_a_long_name_of_a_test_is_shown(self) -> None:
        for outcome in ("passed", "failed"):
            add_run(self.path, f"a={outcome}", tests=f"a:{'module.' * 30}Case::test_x={outcome}")
        _, _, line = self.ask("--flaky").splitlines()
        self.assertRegex(line, r"^….*Case::test_x +a +1")
        self.assertLessEqual(len(line), 80)


class Programs(History):
    def test_fields_have_the_same_names_in_json_and_csv(self) -> None:
        self.fill()
        add_run(self.path, "lint=passed", leftovers='{"processes": 1}')
        for name, words in (
            ("jobs", ()),
            ("runs", ("--job", "lint")),
            ("flaky", ("--flaky",)),
            ("left", ("--left",)),
        ):
            with self.subTest(name):
                told = json.loads(self.ask(*words, "--json"))[name]
                rows = list(csv.DictReader(io.StringIO(self.ask(*words, "--csv"))))
                self.assertEqual([list(row) for row in told], [list(row) for row in rows])
                plain = [{k: "" if v is None else str(v) for k, v in r.items()} for r in told]
                self.assertEqual(plain, rows)

    def test_json_of_a_job_has_its_figures_and_its_tests(self) -> None:
        self.fill()
        told = json.loads(self.ask("--job", "test-js", "--json"))
        self.assertEqual(told["figures"]["red_runs"], 1)
        self.assertEqual([test["test"] for test in told["tests"]], ["a::b"])
        self.assertEqual([test["test"] for test in told["flaky_tests"]], ["a::b"])
        self.assertEqual(told["runs"][0]["started"], "1970-01-01T00:50:00Z")

    def test_hostile_names_are_quoted_and_move_no_terminal(self) -> None:
        branch = 'x",\n\x1b[2J=cmd'
        add_run(self.path, "a=passed", branch=branch)
        text = self.ask("--job", "a", "--csv")
        (row,) = csv.DictReader(io.StringIO(text))
        self.assertEqual(row["branch"], 'x",··[2J=cmd')
        self.assertNotIn("\x1b", text + self.ask("--job", "a"))
        self.assertEqual(json.loads(self.ask("--job", "a", "--json"))["runs"][0]["branch"], branch)

    def test_secrets_are_masked(self) -> None:
        add_run(self.path, "a=passed", branch="token-s3cr3t")
        with mock.patch.dict(os.environ, {"CI_SECRET_X": "token-s3cr3t"}):
            for form in ([], ["--csv"], ["--json"]):
                self.assertNotIn("s3cr3t", self.ask("--job", "a", *form))


class Refusals(History):
    def refuses(self, error: type[Exception], text: str, *words: str) -> None:
        with self.assertRaisesRegex(error, text):
            self.ask(*words)

    def test_name_that_no_run_has_gets_the_nearest(self) -> None:
        self.fill()
        self.refuses(LookupError, "did you mean 'test-js'", "--job", "test-jx")
        self.refuses(LookupError, "'declared' is recorded: it has not run", "--job", "declared")
        self.refuses(LookupError, "did you mean 'main'", "--branch", "mian")
        add_run(self.path, "only-here=passed", branch="other")
        words = ("--branch", "main", "--job", "only-here")
        self.refuses(LookupError, "no such run is recorded", *words)

    def test_store_without_a_history_is_told(self) -> None:
        self.refuses(LookupError, "expected a history, found none at .*: run something first")

    def test_broken_history_is_told_and_left(self) -> None:
        self.path.write_text("garbage " * 100)
        self.refuses(OSError, "cannot be read: file is not a database")
        self.assertIn("garbage", self.path.read_text())

    def test_rows_of_any_content_break_no_answer(self) -> None:
        self.fill()
        add_run(self.path, "a=passed", tests="a:t=flaky", leftovers='{"processes": 1}')
        whole = self.path.read_bytes()
        for table, columns in schema.TABLES.items():
            for value in ("x'ff00'", "'text'", "9e999"):
                self.path.write_bytes(whole)
                with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
                    for column in columns.split(", "):
                        with contextlib.suppress(sqlite3.IntegrityError):
                            opened.execute(f"UPDATE {table} SET {column.split()[0]} = {value}")
                for words in ((), ("--job", "a"), ("--flaky",), ("--left",)):
                    with self.subTest(f"{table} {value}", words=words), may_find_nothing():
                        self.ask(*words)

    def test_left_is_about_whole_runs(self) -> None:
        self.refuses(ValueError, "expected it without --job", "--left", "--job", "a")
