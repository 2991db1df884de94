"""A job's own tree is like the shared one, and changes nothing of it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib.buckaroo import job_tree
from lib.buckaroo.node_modules import NODE_MODULES, STAMP


class OwnTree(unittest.TestCase):
    def setUp(self) -> None:
        root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.main, self.tree = root / "main", root / "trees" / "job"
        (self.main / "buckaroo").mkdir(parents=True)
        self.write("buckaroo/a.py", "committed\n")
        self.write("gone", "committed\n")
        self.write(".gitignore", "ignored\n*.js\n*.css\n")
        (self.main / "link").symlink_to("buckaroo/a.py")
        self.git("init", "-q")
        self.git("add", "--all")
        self.git("commit", "-qm", "first")

    def git(self, *words: str, where: Path | None = None) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")
        argv = ["git", *who, *words]
        cwd = where or self.main
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=True)
        return done.stdout

    def write(self, name: str, text: str) -> Path:
        path = self.main / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def install(self, stamp: str) -> None:
        for name in NODE_MODULES:
            self.write(f"{name}/package/index.js", stamp)
        self.write(f"{NODE_MODULES[0]}/{STAMP}", stamp)
        link = self.main / NODE_MODULES[1] / "core"
        link.unlink(missing_ok=True)
        link.symlink_to("../../buckaroo-js-core")

    def make(self, *, modules: bool = False) -> None:
        job_tree.make(self.main, self.tree, modules=modules)

    def test_copy_holds_uncommitted_changes_and_no_file_that_git_ignores(
        self,
    ) -> None:
        self.write("buckaroo/a.py", "changed\n")
        self.write("new/file", "new\n").chmod(0o755)
        self.write("ignored", "x")
        (self.main / "gone").unlink()
        self.make()
        self.assertEqual((self.tree / "buckaroo/a.py").read_text(), "changed\n")
        self.assertTrue(os.access(self.tree / "new/file", os.X_OK))
        self.assertEqual((self.tree / "link").readlink(), Path("buckaroo/a.py"))
        self.assertFalse((self.tree / "gone").exists())
        self.assertFalse((self.tree / "ignored").exists())
        for question in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uall")):
            self.assertEqual(self.git(*question, where=self.tree), self.git(*question))

    def test_has_the_placeholders_that_the_package_wants(self) -> None:
        self.make()
        self.assertEqual((self.tree / "buckaroo/static/widget.js").read_bytes(), b"")

    def test_changes_of_a_job_stay_in_its_tree(self) -> None:
        self.install("1")
        before = self.git("status", "--porcelain", "--ignored"), self.git("log", "--format=%H")
        self.make(modules=True)
        (self.tree / "buckaroo/a.py").write_text("rewritten in place\n")
        (self.tree / NODE_MODULES[0] / "package/index.js").unlink()
        (self.tree / NODE_MODULES[2] / ".cache").mkdir()
        self.git("commit", "-qam", "by a job", where=self.tree)
        after = self.git("status", "--porcelain", "--ignored"), self.git("log", "--format=%H")
        self.assertEqual(after, before)
        self.assertEqual((self.main / "buckaroo/a.py").read_text(), "committed\n")
        self.assertEqual((self.main / NODE_MODULES[0] / "package/index.js").read_text(), "1")
        self.assertFalse((self.main / NODE_MODULES[2] / ".cache").exists())

    def test_modules_are_links_whose_own_links_lead_into_the_tree(self) -> None:
        self.install("1")
        self.make(modules=True)
        for name in NODE_MODULES:
            file = f"{name}/package/index.js"
            self.assertEqual((self.tree / file).stat().st_ino, (self.main / file).stat().st_ino)
        found = (self.tree / NODE_MODULES[1] / "core").resolve()
        self.assertEqual(found, self.tree / "packages" / "buckaroo-js-core")

    def test_modules_are_kept_while_the_installation_is_the_same(self) -> None:
        self.install("1")
        self.make(modules=True)
        mark = self.tree / NODE_MODULES[0] / "mark"
        mark.touch()
        self.make(modules=True)
        self.assertTrue(mark.exists())
        self.install("2")
        self.make(modules=True)
        self.assertFalse(mark.exists())
        self.assertEqual((self.tree / NODE_MODULES[0] / "package/index.js").read_text(), "2")

    def test_files_of_an_earlier_job_in_it_are_gone(self) -> None:
        self.make()
        (self.tree / "left").touch()
        (self.tree / "buckaroo").chmod(0o500)
        self.write("gone", "changed\n")
        self.make()
        self.assertFalse((self.tree / "left").exists())
        self.assertEqual((self.tree / "gone").read_text(), "changed\n")

    def test_state_in_the_checkout_is_not_of_the_tree(self) -> None:
        state = self.main / "state"
        tree = state / "work" / "trees" / "job"
        for _ in range(2):
            job_tree.make(self.main, tree, modules=False, apart=state)
        self.assertEqual((tree / "buckaroo/a.py").read_text(), "committed\n")
        self.assertFalse((tree / "state").exists())
        above = self.main.parent  # as that of a worktree is
        job_tree.make(self.main, self.tree, modules=False, apart=above)
        self.assertEqual((self.tree / "buckaroo/a.py").read_text(), "committed\n")

    def test_another_repository_in_the_checkout_is_not_of_the_tree(self) -> None:
        self.git("worktree", "add", "-q", "--detach", str(self.main / "other"))
        self.make()
        self.assertFalse((self.tree / "other").exists())

    def test_is_made_of_a_worktree_too(self) -> None:
        linked = self.main.with_name("linked")
        self.git("worktree", "add", "-q", "--detach", str(linked))
        job_tree.make(linked, self.tree, modules=False)
        self.assertEqual((self.tree / "buckaroo/a.py").read_text(), "committed\n")
        self.assertEqual(self.git("worktree", "list").count("\n"), 2)

    def test_impossible_tree_is_reported(self) -> None:
        done = job_tree.main([str(self.main.with_name("nowhere")), str(self.tree)])
        self.assertEqual(done, 1)


if __name__ == "__main__":
    unittest.main()
