"""Words of a selection: names, globs and groups, and those that mean no job."""

from __future__ import annotations

import unittest
from collections.abc import Collection

from dsl import Job
from lib.model import selection
from lib.model.job_words import meant
from lib.model.selection import Choice
from lib.report import graph_export

JOBS = [
    Job("build", "true"),
    Job("lint-js", "true", group="lint"),
    Job("lint-py", "true", group=["lint", "python"]),
    Job("test-3.11", "true", ["build"], group=("python",)),
    Job("test-3.12", "true", ["build"], group={"python"}),
]
BY_NAME = {job.name: job for job in JOBS}
PYTHON = ("lint-py", "test-3.11", "test-3.12")


class Meant(unittest.TestCase):
    def names(self, *words: str) -> Collection[str] | None:
        (found,) = meant(BY_NAME, only_jobs=words)
        return found

    def test_names_globs_and_groups_mean_jobs_each_once(self) -> None:
        for words, names in (
            ("build", ("build",)),
            ("test-3.12 build", ("test-3.12", "build")),
            ("test-*", ("test-3.11", "test-3.12")),
            ("test-3.1[12] lint-?s", ("test-3.11", "test-3.12", "lint-js")),
            ("@lint", ("lint-js", "lint-py")),
            ("@lint @python test-*", ("lint-js", *PYTHON)),
            ("@p*", PYTHON),
            ("*", tuple(BY_NAME)),
        ):
            self.assertEqual(self.names(*words.split()), names, words)

    def test_letters_count_as_they_are(self) -> None:
        with self.assertRaises(ValueError):
            self.names("TEST-*")

    def test_no_wish_stays_none_and_an_empty_one_empty(self) -> None:
        self.assertEqual(meant(BY_NAME, only_jobs=None, skip_jobs=[]), [None, ()])

    def test_all_words_that_mean_no_job_are_told_with_the_nearest(self) -> None:
        with self.assertRaises(ValueError) as caught:
            meant(BY_NAME, only_jobs=["biuld", "tset-*", "lint"], skip_jobs=["@lnt", "@", "zz*"])
        self.assertEqual(
            str(caught.exception).splitlines(),
            [
                "only_jobs: 'biuld' is not a job; did you mean 'build'?",
                "only_jobs: 'tset-*' matches no job; did you mean 'test-3.12'?",
                "only_jobs: 'lint' is not a job; did you mean '@lint'?",
                "skip_jobs: '@lnt' is not a group of jobs; did you mean '@lint'?",
                "skip_jobs: '@' is not a group of jobs",
                "skip_jobs: 'zz*' matches no job",
            ],
        )

    def test_a_glob_that_matches_nothing_is_never_a_run_of_the_rest(self) -> None:
        wishes = Choice(only_jobs=["x-?"]), Choice(skip_jobs=["x-?"]), Choice(first_jobs=["x-?"])
        for choice in wishes:
            with self.assertRaisesRegex(ValueError, "_jobs: 'x-.' matches no job"):
                selection.plan(JOBS, choice, {})


class Plans(unittest.TestCase):
    def test_needs_are_added_skipped_jobs_left_out_and_phases_made(self) -> None:
        choice = Choice(only_jobs=["@python"], skip_jobs=["test-*2"], first_jobs=["lint-p*"])
        made = selection.plan(JOBS, choice, {})
        found = {node.key: node.phase for node in made.phases.nodes}
        self.assertEqual(found, {"lint-py": 0, "build": 1, "test-3.11": 1})


class Views(unittest.TestCase):
    def test_views_of_chosen_jobs_hold_no_other(self) -> None:
        choice = Choice(only_jobs=["@python"], skip_jobs=["build", "test-3.12"])
        jobs = selection.chosen_jobs(JOBS, choice)
        names = [line.split()[0] for line in graph_export.listing(jobs).splitlines()]
        self.assertEqual(names, ["lint-py", "test-3.11"])
        for view in graph_export.dot, graph_export.mermaid:
            self.assertNotIn("build", view(jobs))
            self.assertNotIn("-->", view(jobs))
            self.assertIn("build", view(JOBS))


class Groups(unittest.TestCase):
    def test_the_list_shows_the_groups(self) -> None:
        lines = graph_export.listing(JOBS).splitlines()
        self.assertEqual(lines[1].split()[-1:], ["@lint"])
        self.assertEqual(lines[2].split()[-2:], ["@lint", "@python"])
        self.assertEqual(list(Job("a", "true", group={"b", "a", "d", "c"}).groups), list("abcd"))
        self.assertEqual(list(Job("a", "true", group=["b", "a"]).groups), ["b", "a"])

    def test_a_group_has_a_name_as_a_job_has(self) -> None:
        for wrong in ("", "@lint", "a b", "-x", 3, None, ["ok", ""], b"lint", {"a": 1}):
            with self.assertRaisesRegex(ValueError, r"^job a: group: expected a name .* found"):
                Job("a", "true", group=wrong)  # type: ignore[arg-type]

    def test_a_field_of_another_tool_is_suggested(self) -> None:
        with self.assertRaisesRegex(ValueError, "there is no 'tags'; did you mean 'group'?"):
            Job("a", "true", tags=["x"])  # type: ignore[call-arg]


if __name__ == "__main__":
    unittest.main()
