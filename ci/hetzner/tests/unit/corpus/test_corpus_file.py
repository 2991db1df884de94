"""The file of a corpus: what it may say, and what it is told about its mistakes."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.corpus import corpus_file
from lib.corpus.commits import Corpus

WHOLE = """
# a comment
name = "demo"
flags = ["--only-jobs", "lint-python"]
paths = ["tests", "scripts"]

[names]
lint-python = "Lint / Python"
test-js = ["JS / 20", "JS / 22"]

[commits.green]
sha = "green"

[commits.red]
sha = "1a2b3c4"
branch = "main"
paths_of = "main"
[commits.red.expect]
"*" = "passed"
"test-*" = "skipped"
"test-python-*" = "failed"
lint = ["failed", "flaky"]
"""


class FileCase(unittest.TestCase):
    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory()), "c.toml")

    def read(self, text: str) -> Corpus:
        self.path.write_text(text)
        return corpus_file.read(self.path)

    def refused(self, text: str, *parts: str) -> None:
        with self.assertRaises(ValueError) as caught:
            self.read(text)
        for part in parts:
            self.assertIn(part, str(caught.exception))


class Read(FileCase):
    def test_all_that_it_may_say(self) -> None:
        corpus = self.read(WHOLE)
        self.assertEqual(corpus.name, "demo")
        self.assertEqual(corpus.flags, ("--only-jobs", "lint-python"))
        self.assertEqual(corpus.paths, ("tests", "scripts"))
        self.assertEqual(corpus.names["lint-python"], ("Lint / Python",))
        self.assertEqual(corpus.names["test-js"], ("JS / 20", "JS / 22"))
        green, red = corpus.commits
        self.assertEqual((green.name, green.sha, green.branch), ("green", "green", ""))
        self.assertEqual((red.sha, red.branch, red.paths_of), ("1a2b3c4", "main", "main"))

    def test_name_of_the_file_is_its_name_by_default(self) -> None:
        self.assertEqual(self.read('[commits.a]\nsha = "a"').name, "c")

    def test_all_jobs_have_to_pass_by_default(self) -> None:
        (commit,) = self.read('[commits.a]\nsha = "a"').commits
        self.assertEqual(commit.expected("any"), ("passed",))

    def test_name_of_a_job_goes_before_patterns_and_a_longer_pattern_before_a_shorter(self) -> None:
        red = self.read(WHOLE).commits[1]
        self.assertEqual(red.expected("build"), ("passed",))
        self.assertEqual(red.expected("test-js"), ("skipped",))
        self.assertEqual(red.expected("test-python-3.11"), ("failed",))
        self.assertEqual(red.expected("lint"), ("failed", "flaky"))

    def test_nothing_is_expected_of_a_job_without_a_pattern(self) -> None:
        (commit,) = self.read('[commits.a]\nsha = "a"\nexpect = { lint = "failed" }').commits
        self.assertEqual(commit.expected("test"), ())


class Refused(FileCase):
    def test_mistake_of_toml_with_its_line(self) -> None:
        self.refused("name = 'a'\nflags = [\n\n\nsha", "c.toml", "line 5")

    def test_commit_that_is_named_twice_with_its_line(self) -> None:
        self.refused('[commits.a]\nsha = "a"\n[commits.a]\nsha = "b"', "line 3")

    def test_all_mistakes_at_once_each_with_the_name_of_its_entry(self) -> None:
        text = """
        name = "../up"
        flag = ["-j"]
        flags = [1]
        [names]
        a = 3
        [commits.one]
        expect = { "*" = "pased" }
        [commits.two]
        sha = "b"
        branch = "--list"
        banch = "main"
        paths = ["tests"]
        expect = {}
        [commits."-three"]
        sha = 5
        expect = { a = [], b = 7 }
        """
        self.refused(
            text,
            "name: expected letters",
            "found 'flag'; did you mean 'flags'?",
            "flags: expected a text or a list",
            "names.a: expected a text or a list",
            "commits.one.sha: expected a commit",
            "commits.one.expect.*: expected an outcome",
            "did you mean 'passed'?",
            "commits.two: expected sha, branch",
            "did you mean 'branch'?",
            "found 'paths', which stands at the top of the file",
            "commits.two.branch: expected a branch, found '--list'",
            "commits.two.expect: expected outcomes",
            "commits.-three: expected a name",
            "commits.-three.sha: expected a text, found 5",
            "commits.-three.expect.a: expected an outcome, found none",
            "commits.-three.expect.b: expected a text",
        )

    def test_no_commit(self) -> None:
        self.refused("", "commits: expected at least one")
        self.refused('commits = "a"', "commits: expected a table")
        self.refused("[commits]\na = 3", "commits.a: expected a table, found 3")

    def test_log_of_the_corpus_stays_its_own(self) -> None:
        self.refused('[commits.corpus]\nsha = "main"', "commits.corpus: expected another name")

    def test_what_is_no_text(self) -> None:
        self.path.write_bytes(b"\xff")
        with self.assertRaisesRegex(ValueError, "expected TOML"):
            corpus_file.read(self.path)

    def test_names_that_control_a_terminal_are_shown_without(self) -> None:
        self.refused('[commits."a\\u001b[31m"]\nsha = "a"', "commits.a·[31m")

    def test_expected_jobs_that_the_runner_has_not_are_told_with_the_nearest(self) -> None:
        self.path.write_text(WHOLE)
        corpus = corpus_file.read(self.path)
        jobs = ["lint", "test-js", "test-python-3.12"]
        corpus_file.refuse_unknown_jobs(self.path, corpus, jobs)
        with self.assertRaisesRegex(ValueError, "red.expect: 'lint' is no job; did you mean 'lin"):
            corpus_file.refuse_unknown_jobs(self.path, corpus, ["lint-python", *jobs[1:]])


if __name__ == "__main__":
    unittest.main()
