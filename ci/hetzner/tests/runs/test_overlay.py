"""Old code with paths of another commit: a commit that is made beside the checkout, by real git."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from lib.corpus import overlay
from lib.git.git_command import CheckoutError
from tests.support.git_case import GitCase, contents, git, put

HOSTILE = ("-x", "a b", "line\nend", "tab\there", "\udcff", ":(glob)*", '"quoted"', "*")


class OverlayCase(GitCase):
    """OLD and NEW differ in code and in tests."""

    def setUp(self) -> None:
        super().setUp()
        self.old = self.save({"src/code": "old", "tests/a": "old", "tests/gone": "1", "top": "1"})
        self.new = self.save(
            {"src/code": "new", "tests/a": "new", "tests/deep/b": "new", "tests/gone": None}
        )

    def save(self, changes: dict[str, str | None]) -> str:
        for name, text in changes.items():
            path = Path(os.fsdecode(self.repo), name)
            path.unlink() if text is None else put(path, text)
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-qm", "x")
        return git(self.repo, "rev-parse", "HEAD")

    def make(self, *paths: str) -> overlay.Overlay:
        return overlay.make(self.repo, self.old, self.new, paths)

    def tree(self, revision: str) -> dict[str, str]:
        """Return mode and object of each file, by its path."""
        words = ("git", "ls-tree", "-r", "-z", revision)
        done = subprocess.run(words, cwd=self.repo, check=True, capture_output=True)
        entries = (entry.split("\t", 1) for entry in os.fsdecode(done.stdout).split("\0") if entry)
        return {path: fields for fields, path in entries}

    def mixed(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the tree that an overlay has to have, made in another way: file by file."""
        old, new = self.tree(self.old), self.tree(self.new)

        def taken(file: str) -> bool:
            return any(file == path or file.startswith(f"{path}/") for path in paths)

        rest = {file: entry for file, entry in old.items() if not taken(file)}
        return rest | {file: entry for file, entry in new.items() if taken(file)}


class Made(OverlayCase):
    def test_tree_is_that_of_old_with_the_paths_of_new_and_without_those_that_new_lacks(
        self,
    ) -> None:
        made = self.make("tests")
        self.assertEqual(self.tree(made.sha), self.mixed(["tests"]))
        self.assertNotIn("tests/gone", self.tree(made.sha))
        self.assertEqual(git(self.repo, "show", f"{made.sha}:src/code"), "old")

    def test_parents_are_old_and_new(self) -> None:
        parents = git(self.repo, "show", "-s", "--format=%P", self.make("tests").sha)
        self.assertEqual(parents, f"{self.old} {self.new}")

    def test_checkout_stays_as_it_is_to_the_byte(self) -> None:
        put(self.repo / "tests/a", "changed")
        put(self.repo / "staged", "1")
        git(self.repo, "add", "staged")
        put(self.repo / "untracked", "1")
        before = self.outside()
        self.make("tests", "src/code")
        self.assertEqual(self.outside(), before)

    def outside(self) -> dict[str, bytes | str]:
        """Return every file of the checkout but git's objects and the refs of overlays."""
        made = (str(self.repo / ".git/objects"), str(self.repo / ".git/refs/ci"))
        found = contents(self.repo)
        return {path: content for path, content in found.items() if not path.startswith(made)}

    def test_same_commits_and_paths_make_the_same_commit(self) -> None:
        made = self.make("tests", "top")
        git(self.repo, "config", "user.name", "Another")
        git(self.repo, "config", "i18n.commitEncoding", "latin1")
        again = overlay.make(self.repo, self.old[:12], "main", ["top/", "./tests", "tests"])
        self.assertEqual(again, made)

    def test_same_in_a_linked_worktree_and_in_a_bare_clone(self) -> None:
        made = self.make("tests")
        git(self.repo, "worktree", "add", "-q", "--detach", "../linked", self.old)
        git(self.home, "clone", "-q", "--bare", "repo", "bare")
        for place in ("linked", "bare"):
            self.assertEqual(
                overlay.make(self.home / place, self.old, self.new, ["tests"]).sha, made.sha
            )

    def test_other_paths_make_another_commit_with_a_ref_of_its_own(self) -> None:
        one, other = self.make("tests"), self.make("tests", "src")
        self.assertNotEqual(one.sha, other.sha)
        self.assertNotEqual(one.ref, other.ref)

    def test_ref_keeps_it_from_garbage_collection(self) -> None:
        made = self.make("tests")
        git(self.repo, "reflog", "expire", "--expire=now", "--all")
        git(self.repo, "gc", "-q", "--prune=now")
        self.assertEqual(git(self.repo, "cat-file", "-t", made.sha), "commit")

    def test_scratch_directory_is_gone(self) -> None:
        (self.home / "tmp").mkdir()
        self.enterContext(mock.patch.object(tempfile, "tempdir", str(self.home / "tmp")))
        self.make("tests")
        self.assertEqual(list((self.home / "tmp").iterdir()), [])


class Kinds(OverlayCase):
    def test_modes_links_submodules_and_names_of_any_bytes_are_kept(self) -> None:
        self.old = git(self.repo, "rev-parse", "HEAD")
        for name in HOSTILE:
            put(Path(self.repo, "tests", name), "x")
        put(self.repo / "tests/run", "x")
        (self.repo / "tests/run").chmod(0o755)
        (self.repo / "tests/link").symlink_to("/nowhere")
        module = f"160000,{self.old},tests/module"
        git(self.repo, "add", "-A")
        git(self.repo, "update-index", "--add", "--cacheinfo", module)
        git(self.repo, "commit", "-qm", "kinds")
        self.new = git(self.repo, "rev-parse", "HEAD")
        found = self.tree(self.make("tests").sha)
        self.assertEqual(found, self.mixed(["tests"]))
        for name in HOSTILE:
            self.assertIn(f"tests/{name}", found)
        modes = {found[f"tests/{name}"].split()[0] for name in ("run", "link", "module")}
        self.assertEqual(modes, {"100755", "120000", "160000"})

    def test_path_is_a_name_and_no_pattern(self) -> None:
        put(self.repo / "tests/*", "star")
        self.new = self.save({"tests/other": "1"})
        found = self.tree(overlay.make(self.repo, self.old, self.new, ["tests/*"]).sha)
        self.assertIn("tests/*", found)
        self.assertNotIn("tests/other", found)

    def test_file_may_become_a_directory_and_back(self) -> None:
        flat = self.save({"top": None, "top/in": "1"})
        for old, new in ((self.new, flat), (flat, self.new)):
            self.old, self.new = old, new
            self.assertEqual(self.tree(self.make("top").sha), self.mixed(["top"]))

    def test_file_beside_the_paths_that_would_have_to_go_is_named(self) -> None:
        flat = self.save({"top": None, "top/in": "1"})
        with self.assertRaisesRegex(ValueError, "'top' is a directory, found a file"):
            overlay.make(self.repo, self.new, flat, ["top/in"])
        deep = self.save({"top/in": None, "top/in/deep": "1", "top/other": "1"})
        with self.assertRaisesRegex(ValueError, "'top/in' is a directory, found a file"):
            overlay.make(self.repo, flat, deep, ["top/in/deep"])


class Refused(OverlayCase):
    def test_paths_that_cannot_be_taken_are_all_named_and_nothing_is_kept(self) -> None:
        for paths, parts in (
            ((), ("found none",)),
            (("/etc", "tests/../src", "."), ("'/etc'", "'tests/../src'", "found '.'")),
            (("nowhere", "test"), ("'nowhere'", "'test', which neither has")),
        ):
            with self.subTest(paths), self.assertRaises(ValueError) as caught:
                self.make(*paths)
            for part in parts:
                self.assertIn(part, str(caught.exception))
        self.assertEqual(overlay.kept(self.repo), [])

    def test_commits_that_are_not_there_or_the_same(self) -> None:
        for old, new in (("nowhere", "main"), ("main", "--all"), ("main", "HEAD:a")):
            with self.assertRaises(CheckoutError):
                overlay.make(self.repo, old, new, ["tests"])
        with self.assertRaisesRegex(ValueError, "expected two commits"):
            overlay.make(self.repo, self.new, "main", ["tests"])


class StaleOnes(OverlayCase):
    def test_overlay_is_stale_once_its_new_is_the_tip_of_no_named_branch(self) -> None:
        made = self.make("tests")
        self.assertEqual(overlay.kept(self.repo), [made])
        self.assertEqual(overlay.stale(self.repo, ["main"]), [])
        git(self.repo, "branch", "before")
        self.save({"top": "2"})
        (stale,) = overlay.stale(self.repo, ["main"])
        self.assertEqual(stale.overlay, made)
        self.assertEqual(overlay.stale(self.repo, ["main", "before"]), [])
        subprocess.run(["sh", "-c", stale.remove], check=True)
        self.assertEqual(overlay.kept(self.repo), [])

    def test_ref_that_is_another_commit_by_now_is_not_removed(self) -> None:
        made = self.make("tests")
        git(self.repo, "update-ref", made.ref, self.old)
        with self.assertRaises(CheckoutError):
            overlay.remove(self.repo, made)


class Command(OverlayCase):
    def test_prints_the_sha_alone_and_tells_of_stale_ones(self) -> None:
        made = self.pipeline(self.old, "--paths-of", "main", "tests")
        self.assertEqual(made.stdout.strip(), self.make("tests").sha)
        corpus = self.home / "c.toml"
        corpus.write_text('paths = ["tests"]\n[commits.a]\nsha = "main"\n')
        declared = self.pipeline(self.old, "--paths-of", "main", "--corpus", str(corpus))
        self.assertEqual(declared.stdout, made.stdout)
        pruned = self.pipeline("--stale", self.old, "--prune")
        self.assertIn(f"{made.stdout.strip()} of {self.old}", pruned.stdout)
        self.assertEqual(overlay.kept(self.repo), [])
        refused = self.pipeline(self.old, code=2)
        self.assertIn("expected OLD --paths-of NEW", refused.stderr)
        self.assertIn("no commit 'x'", self.pipeline("x", "--paths-of", "main", "a", code=1).stderr)

    def pipeline(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        program = Path(overlay.__file__).parents[2] / "pipeline.py"
        state = ("--state-dir", str(self.home / "state"))
        argv = ["python3", str(program), *state, "corpus", "overlay", *words]
        done = subprocess.run(argv, cwd=self.repo, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, json.dumps([done.stdout, done.stderr]))
        return done


if __name__ == "__main__":
    unittest.main()
