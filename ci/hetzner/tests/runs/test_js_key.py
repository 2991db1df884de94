"""The key of the cache of build-js, on a real repository."""

from __future__ import annotations

import contextlib
import io
import unittest

from lib.storage.cache import Cache
from pipeline import JS_CORE, JS_INPUTS, JS_KEY
from tests.support.git_case import GitCase, git, put


class JsKey(GitCase):
    def setUp(self) -> None:
        super().setUp()
        for name in JS_INPUTS:
            put(self.repo / JS_CORE / name / ("a.ts" if name == "src" else "."), "1")
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-q", "-m", "x")

    def key(self) -> str:
        with contextlib.redirect_stderr(io.StringIO()):
            return Cache(JS_KEY, "art", "store", cwd=self.repo).key()

    def test_each_line_names_an_input(self) -> None:
        names = {line.partition("\t")[2] for line in self.key().splitlines()}
        self.assertEqual(names, set(JS_INPUTS))

    def test_commit_of_an_input_changes_its_line_alone(self) -> None:
        before = set(self.key().splitlines())
        put(self.repo / JS_CORE / "src" / "a.ts", "2")
        git(self.repo, "commit", "-qam", "y")
        (line,) = set(self.key().splitlines()) - before
        self.assertTrue(line.endswith("\tsrc"))

    def test_change_that_is_not_committed_and_missing_input_have_no_key(self) -> None:
        put(self.repo / JS_CORE / "src" / "b.ts", "3")
        self.assertEqual(self.key(), "")
        git(self.repo, "rm", "-q", f"{JS_CORE}/tsconfig.json")
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-qm", "z")
        self.assertEqual(self.key(), "")


if __name__ == "__main__":
    unittest.main()
