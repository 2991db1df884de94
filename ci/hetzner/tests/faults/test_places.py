"""Places that are not there, settings of Python and git, long names: it works, or says why.

A user without a home, a current directory that was removed, a Python that leaves out where a
program is, a git that reads its arguments in another way, or that refuses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dsl import Job
from lib.buckaroo import pythons
from lib.configuration import settings
from lib.git import checkout
from lib.git.checkout import CheckoutError
from tests.support.commit_stage import HETZNER
from tests.support.git_case import CLEAN_GIT, commit, git, put
from tests.support.run_case import RunTest

PROGRAMS = (
    ("pipeline.py", "--list"),
    ("pipeline.py", "simulate", "--help"),
    ("check.py", "--list"),
    ("bench.py", "--help"),
    ("test_dsl.py", "tests.unit.common.test_clock"),
    ("lib/settings.py", "shell"),
    ("webhook.py", "--help"),
    ("lib/cleanup.py", "port", "1"),
    ("lib/processes/ports.py",),
    ("lib/buckaroo/pythons.py", "3.11"),
    ("lib/storage/cache_program.py", "--help"),
    ("tests/rules/mutants.py", "--help"),
)


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        subprocess.run(["git", "init", "-q", str(self.place / "repo")], check=True)
        cleared = ("CI_", "GIT_", "PYTHON", "XDG_", "HOME")
        self.env = {n: v for n, v in os.environ.items() if not n.startswith(cleared)}
        self.env["CI_STATE_DIR"] = str(self.place / "state")

    def run_it(
        self,
        words: Sequence[str],
        *flags: str,
        through: Sequence[str] = (),
        cwd: Path | None = None,
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the programs; a traceback is a failure of any test."""
        argv = [*through, sys.executable, *flags, str(HETZNER / words[0]), *words[1:]]
        done = subprocess.run(
            argv,
            cwd=cwd or self.place / "repo",
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertNotIn("Traceback", done.stderr)
        return done


class Interpreter(Programs):
    def test_every_program_finds_its_modules_with_any_flags_of_python(self) -> None:
        for words in PROGRAMS:
            usual = self.run_it(words)
            for flags, env in (([], {"PYTHONSAFEPATH": "1"}), (["-I"], {})):
                with self.subTest(words, flags=flags):
                    done = self.run_it(words, *flags, env=env)
                    self.assertEqual(done.returncode, usual.returncode, done.stderr)
                    self.assertNotIn("ModuleNotFoundError", done.stderr)


class Home(Programs):
    """The user of these programs has no HOME, and its number is in no list of users."""

    NOBODY = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")

    def test_home_is_that_of_the_variable_or_else_of_passwd(self) -> None:
        self.assertEqual(settings.home({"HOME": "/x"}), Path("/x"))
        self.assertIsNone(settings.home({"HOME": "x"}))
        with unittest.mock.patch("pwd.getpwuid", side_effect=KeyError):
            self.assertIsNone(settings.home({}))
            self.assertIsNone(settings.home({"HOME": ""}))

    def test_state_directory_that_is_named_needs_no_home(self) -> None:
        with unittest.mock.patch("pwd.getpwuid", side_effect=KeyError):
            found = settings.load_anywhere({}, {"CI_STATE_DIR": "/x"})
        self.assertEqual(found.state_dir, Path("/x"))

    def test_missing_state_directory_is_asked_for_by_its_variable(self) -> None:
        for environ, home in (({}, "no HOME"), ({"HOME": "here"}, "HOME='here'")):
            with (
                self.subTest(home),
                unittest.mock.patch("pwd.getpwuid", side_effect=KeyError),
                self.assertRaisesRegex(settings.SettingsError, f"CI_STATE_DIR: .*{home}.*: set"),
            ):
                settings.load_anywhere({}, environ)

    def test_relative_home_is_refused_by_name_where_it_is_needed(self) -> None:
        del self.env["CI_STATE_DIR"]
        done = self.run_it(("pipeline.py", "--list"), env={"HOME": "here"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("CI_STATE_DIR: expected a directory", done.stderr)
        self.assertFalse((self.place / "repo" / "here").exists())
        done = self.run_it(("pipeline.py", "--list"), env={"HOME": "here", "XDG_CACHE_HOME": "/x"})
        self.assertEqual(done.returncode, 0)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_programs_work_for_a_user_without_any(self) -> None:
        python = next((p for p in (sys.executable, "/usr/bin/python3") if self.starts(p)), None)
        if python is None:
            self.skipTest("no Python 3.11 that another user could start")
        copied = self.place / "project"
        shutil.copytree(HETZNER, copied, ignore=shutil.ignore_patterns("__pycache__", "demo"))
        subprocess.run(["chown", "-R", "54321:54321", str(self.place)], check=True)
        for words in (("pipeline.py", "--list"), ("lib/settings.py", "shell")):
            argv = [*self.NOBODY, python, str(copied / words[0]), *words[1:]]
            done = subprocess.run(
                argv,
                cwd=self.place / "repo",
                env=self.env,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)

    def starts(self, python: str) -> bool:
        ask = "import sys; sys.exit(sys.version_info < (3, 11))"
        argv = [*self.NOBODY, python, "-c", ask]
        return subprocess.run(argv, capture_output=True, cwd="/", check=False).returncode == 0


class RemovedDirectory(Programs):
    def test_programs_say_that_the_current_directory_was_removed(self) -> None:
        gone = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'
        through = ("bash", "-c", gone, str(self.place / "gone"))
        for words in (
            ("pipeline.py", "--list"),
            ("pipeline.py", "--in-place"),
            ("pipeline.py", "simulate"),
            ("check.py", "--list"),
            ("lib/settings.py", "shell"),
            ("webhook.py",),
        ):
            with self.subTest(words):
                done = self.run_it(words, through=through)
                self.assertEqual(done.returncode, 2)
                self.assertIn("current directory, found that it was removed", done.stderr)

    def test_pipeline_is_refused_by_a_sentence_if_a_path_of_it_is_relative(self) -> None:
        script = f"""
import os, sys, tempfile
sys.path.insert(0, {str(HETZNER)!r})
from dsl import Job, Pipeline
here = tempfile.mkdtemp()
os.chdir(here)
os.rmdir(here)
try:
    Pipeline([Job("a", "true")], "", "", "logs", cwd=".")
except ValueError as error:
    print(error)
logs = tempfile.mkdtemp(dir={str(self.place)!r})
sys.exit(Pipeline([Job("a", "true")], "", "", logs, cwd=logs).run())
"""
        argv = [sys.executable, "-c", script]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for field in ("cwd", "log_dir"):
            self.assertIn(f"{field}: expected an absolute path, since the current", done.stdout)


class Git(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(unittest.mock.patch.dict(os.environ, CLEAN_GIT))
        self.place = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.repo, self.tree = self.place / "repo", self.place / "tree"
        git(self.place, "init", "-q", "-b", "main", "repo")

    def test_tree_is_exactly_the_commit_however_git_is_told_to_read_its_arguments(self) -> None:
        put(self.repo / "NODE_MODULES/x", "x")
        old = commit(self.repo, "node_modules/dep/index.js", "old")
        git(self.repo, "rm", "-rq", "node_modules")
        new = commit(self.repo, "file", "new")
        (self.place / "attributes").write_text("* -text\n")
        for name, value in (
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_GLOB_PATHSPECS", "1"),
            ("GIT_NOGLOB_PATHSPECS", "1"),
            ("GIT_ICASE_PATHSPECS", "1"),
            ("GIT_ATTR_SOURCE", old),
            ("GIT_EXTERNAL_DIFF", "false"),
        ):
            with self.subTest(name), unittest.mock.patch.dict(os.environ, {name: value}):
                checkout.prepare_worktree(self.repo, self.tree, old)
                self.assertTrue((self.tree / "node_modules/dep/index.js").exists())
                checkout.prepare_worktree(self.repo, self.tree, new)
                found = {str(p.relative_to(self.tree)) for p in self.tree.rglob("*") if p.is_file()}
                self.assertEqual(found, {".git", "NODE_MODULES/x", "file"})

    def says(self, *words: str) -> str:
        for path in (checkout.enclosing_checkout, lambda repo: checkout.resolve(repo, "HEAD")):
            with self.assertRaises(CheckoutError) as caught:
                path(self.repo)
            for word in words:
                self.assertIn(word, str(caught.exception))
                self.assertIn(word, caught.exception.brief)
        return str(caught.exception)

    def test_repository_of_another_owner_is_refused_in_gits_own_words(self) -> None:
        commit(self.repo, "file", "x")
        # git's own tests pretend with this variable (its setup.c)
        with unittest.mock.patch.dict(os.environ, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}):
            told = self.says("dubious ownership", "safe.directory")
        self.assertNotIn("no git checkout around", told)
        self.assertNotIn("has no commit", told)

    def test_broken_link_to_a_repository_is_refused_in_gits_own_words(self) -> None:
        shutil.rmtree(self.repo / ".git")
        (self.repo / ".git").write_text("gitdir: /nowhere/at-all\n")
        self.assertNotIn("has no commit", self.says("/nowhere/at-all"))

    def test_settings_that_git_cannot_read_are_told_in_its_own_words(self) -> None:
        with (self.repo / ".git/config").open("a") as file:
            file.write("[broken\n")
        self.assertNotIn("has no commit", self.says("bad config line"))

    def test_missing_checkout_and_missing_commit_are_known_by_gits_words(self) -> None:
        with self.assertRaises(CheckoutError) as caught:
            checkout.enclosing_checkout(self.place)
        self.assertRegex(caught.exception.brief, r"\Ano git checkout around /.*--repo")
        commit(self.repo, "file", "x")
        with self.assertRaises(CheckoutError) as caught:
            checkout.resolve(self.repo, "nope")
        self.assertRegex(caught.exception.brief, r"\A/.* has no commit 'nope': fetch it")

    def test_no_git_at_all_is_said(self) -> None:
        with unittest.mock.patch.dict(os.environ, {"PATH": "/nonexistent"}):
            self.says("git is not on PATH: install it")


class GitPrograms(Programs):
    def test_pipeline_shows_gits_own_words(self) -> None:
        shutil.rmtree(self.place / "repo/.git")
        (self.place / "repo/.git").write_text("gitdir: /nowhere/at-all\n")
        for words in ((), ("--repo", str(self.place / "repo")), ("--dry-run",)):
            with self.subTest(words):
                done = self.run_it(("pipeline.py", *words))
                self.assertEqual(done.returncode, 2)
                self.assertIn("not a git repository: /nowhere/at-all", done.stderr)

    def test_pipeline_says_that_there_is_no_git(self) -> None:
        done = self.run_it(("pipeline.py",), env={"PATH": "/nonexistent"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("git is not on PATH: install it", done.stderr)
        self.assertEqual(
            self.run_it(("pipeline.py", "--list"), env={"PATH": "/nonexistent"}).returncode, 0
        )


class Names(RunTest):
    def test_longest_name_works_each_time(self) -> None:
        name = "n" * 200
        for _ in range(3):
            self.assertEqual(self.run_jobs(Job(name, "true"))[0], 0)
        self.assertEqual(len(list(self.logs.glob("n*.log*"))), 3)

    def test_name_that_is_longer_is_refused_when_it_is_declared(self) -> None:
        for length in (201, 251, 255, 1000):
            with self.assertRaisesRegex(ValueError, f"at most 200 characters, found {length} "):
                Job("n" * length, "true")


class Umask(RunTest):
    def test_run_with_a_strict_umask_is_as_any_other(self) -> None:
        before = os.umask(0o077)
        try:
            write = "mkdir out && echo x > out/tool"
            jobs = Job("a", write, outputs={"tool": "out/tool"}), Job("b", "cat out/tool", ["a"])
            self.assertEqual(self.run_jobs(*jobs), (0, "a=passed b=passed"))
            (self.cwd / "out/tool").unlink()
            (self.cwd / "out").rmdir()
            self.assertEqual(self.run_jobs(*jobs), (0, "a=passed b=passed"))
        finally:
            os.umask(before)


class OfAnotherUser(unittest.TestCase):
    def test_interpreters_that_may_not_be_looked_for_are_none(self) -> None:
        with unittest.mock.patch.object(Path, "glob", side_effect=PermissionError(13, "not ours")):
            self.assertEqual(pythons.find("3.99"), "")


if __name__ == "__main__":
    unittest.main()
