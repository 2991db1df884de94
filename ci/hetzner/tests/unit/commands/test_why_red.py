"""The command `why-red`, on a made-up history."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from pathlib import Path

from lib.commands import why_red
from tests.support.past import add_run
from tests.support.stored_runs import JOB, SUMMARY, WithStore

OLD, NEW = {"kernel": "6.1"}, {"kernel": "6.2"}


class WhyRed(WithStore):
    def add(
        self,
        attempts: str,
        environment: object = None,
        tests: str = "",
        tree: str | None = None,
        branch: str = "main",
    ) -> str:
        """Record a run, and make its directory if it has an environment."""
        path = self.store.directory / "history.db"
        name = add_run(path, attempts, tests=tests, tree=tree, branch=branch)
        if environment:
            summary = {**SUMMARY, "jobs": [JOB]}
            self.make(summary, {"environment.json": json.dumps(environment)}, name)
        return name

    def ask(self, *words: str) -> str:
        parser = argparse.ArgumentParser()
        why_red.arguments(parser)
        site = self.site._replace(repo=self.no_repository)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(why_red.main(parser.parse_args(words), site), 0)
        return out.getvalue()

    def no_repository(self) -> Path:
        raise ValueError("no checkout is here")

    def test_it_names_the_first_failure_the_last_pass_and_all_that_differs(self) -> None:
        green = self.add("test=passed", OLD, "test:a=passed test:old=failed", "t1")
        first = self.add("test=failed", NEW, "test:a=failed test:old=failed", "t2")
        last = self.add("test=failed", NEW, "test:a=failed test:b=failed", "t2")
        told = self.ask("test")
        self.assertIn("test is red on main since aaaaaaa, 2 runs\n", told)
        self.assertIn(f"{first}: first failure, exit code 3\n", told)
        self.assertIn(f"{green}: last pass, 16 min 40 s before\n", told)
        self.assertIn("tests that failed there for the first time: 1\n  a\n", told)
        self.assertIn("tests that fail since a later run: 1\n  b\n", told)
        self.assertIn("none, both ran on aaaaaaa, but on other files\n", told)
        self.assertIn("changed around it:\n  kernel: 6.1 -> 6.2\n", told)
        self.assertIn(f"{last}/test.log\n", told)

    def test_the_very_same_files_are_told(self) -> None:
        self.add("test=passed", tree="t")
        self.add("test=failed", tree="t")
        told = self.ask("test")
        self.assertIn("the very same files: it may be flaky", told)
        self.assertIn("environment.json of one of both runs is not there", told)

    def test_job_that_passes_again_is_told_as_green(self) -> None:
        for outcome in ("failed", "passed"):
            last = self.add(f"test={outcome}")
        self.assertIn(f"test is green on main since {last}, after 1 run in red\n", self.ask("test"))
        self.assertIn("no run of main before it passed", self.ask("test"))

    def test_passes_of_other_branches_are_told_not_to_count(self) -> None:
        self.add("test=passed")
        self.add("test=failed", branch="")
        told = "no run before it passed (branch not known: passes of other branches do not count)"
        self.assertIn(told, self.ask("test"))
        self.add("test=failed", branch="topic")
        told = "no run of topic before it passed (passes of other branches do not count)"
        self.assertIn(told, self.ask("test"))

    def test_job_that_never_failed_is_told(self) -> None:
        self.add("test=passed")
        self.assertEqual(self.ask("test"), "test never failed in its latest 1 run of main\n")
        self.assertIsNone(json.loads(self.ask("test", "--json")))

    def test_commits_that_cannot_be_listed_are_told_with_the_reason(self) -> None:
        path = self.store.directory / "history.db"
        add_run(path, "test=passed", sha="a" * 40)
        add_run(path, "test=failed", sha="b" * 40)
        self.assertIn("commits between: not known: no checkout is here\n", self.ask("test"))
        self.assertEqual(json.loads(self.ask("test", "--json"))["first"]["sha"], "b" * 40)

    def test_unknown_job_or_branch_is_answered_with_the_nearest(self) -> None:
        self.add("test=passed")
        for words, told in ((("tset",), "'test'"), (("test", "--branch", "mian"), "'main'")):
            with self.assertRaisesRegex(LookupError, told):
                self.ask(*words)

    def test_names_control_no_terminal(self) -> None:
        path = self.store.directory / "history.db"
        add_run(path, "test=passed", branch="\x1b[31mx\ny")
        add_run(path, "test=failed", branch="\x1b[31mx\ny", tests="test:\x1b]0;x=failed")
        told = self.ask("test")
        self.assertNotIn("\x1b", told)
        self.assertIn("·[31mx\\ny", told)
