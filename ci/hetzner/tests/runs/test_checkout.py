"""How a commit gets into the tree that is tested, in real repositories of git."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
import unittest.mock
from pathlib import Path

from lib.buckaroo.placeholders import make_placeholders
from lib.git import checkout
from lib.git.checkout import CheckoutError

CLEAN_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}
HOSTILE = (
    "",
    "-",
    "--all",
    "--upload-pack=touch hacked",
    "a\nb",
    "'; touch hacked; '",
    "$(touch hacked)",
    "`touch hacked`",
    'a"b',
    "HEAD HEAD",
    "^HEAD",
    "HEAD..HEAD",
    "HEAD:a",
    "HEAD^{tree}",
    "x\0y",
    "\ud800",
    "../../etc",
    "a" * 10_000,
    "HEAD" + "^0" * 5000,
)


def git(cwd: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def put(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(repo: Path, name: str, text: str) -> str:
    put(repo / name, text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", f"{name} {text}")
    return git(repo, "rev-parse", "HEAD")


def contents(tree: Path) -> dict[str, bytes | str]:
    """Return every file of a tree, what git keeps of it included, but no worktree's records."""
    found: dict[str, bytes | str] = {}
    for directory, names, files in os.walk(tree):
        if Path(directory) == tree / ".git":
            names.remove("worktrees") if "worktrees" in names else None
        for name in files:
            path = Path(directory, name)
            found[str(path)] = str(path.readlink()) if path.is_symlink() else path.read_bytes()
    return found


class GitCase(unittest.TestCase):
    """A repository with two commits."""

    def setUp(self) -> None:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("GIT_", "CI_"))}
        self.enterContext(unittest.mock.patch.dict(os.environ, kept | CLEAN_GIT, clear=True))
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.repo = self.home / "repo"
        git(self.home, "init", "-q", "-b", "main", "repo")
        self.first = commit(self.repo, "a", "one")
        self.second = commit(self.repo, "a", "two")

    def fails(self, *parts: str) -> unittest.case._AssertRaisesContext[CheckoutError]:
        self.parts = parts
        return self.assertRaisesRegex(CheckoutError, "(?s)" + ".*".join(parts))


class TestQuestions(GitCase):
    def test_a_revision_becomes_its_full_sha(self) -> None:
        git(self.repo, "tag", "-a", "v1", "-m", "x", self.first)
        for name in (self.first, self.first[:9], "v1", "HEAD~1", "main^"):
            self.assertEqual(checkout.resolve(self.repo, name), self.first)

    def test_hostile_revisions_name_no_commit(self) -> None:
        for revision in HOSTILE:
            if revision.startswith("HEAD^0"):
                continue  # is a commit; only its length is refused, see below
            with self.subTest(revision=revision[:40]), self.assertRaises(CheckoutError) as caught:
                checkout.resolve(self.repo, revision)
            self.assertLess(len(str(caught.exception)), 2000)
            self.assertNotIn("\n", str(caught.exception))
        with self.fails("expected a commit", "characters"):
            checkout.resolve(self.repo, HOSTILE[-1])
        self.assertFalse((self.repo / "hacked").exists())

    def test_a_file_or_option_of_that_name_is_no_commit(self) -> None:
        with self.fails("has no commit 'a'"):
            checkout.resolve(self.repo, "a")

    def test_checkout_around_a_directory(self) -> None:
        inside = self.repo / "x" / "y"
        inside.mkdir(parents=True)
        self.assertEqual(checkout.enclosing_checkout(inside), self.repo)
        with self.fails("--repo or CI_REPO_DIR"):
            checkout.enclosing_checkout(self.home)

    def test_checkout_of_a_bare_repository_is_itself(self) -> None:
        git(self.home, "clone", "-q", "--bare", str(self.repo), "bare.git")
        self.assertEqual(
            checkout.enclosing_checkout(self.home / "bare.git"), self.home / "bare.git"
        )

    def test_checkout_of_a_worktree_is_the_worktree(self) -> None:
        git(self.repo, "worktree", "add", "-q", str(self.home / "other"))
        self.assertEqual(checkout.enclosing_checkout(self.home / "other"), self.home / "other")

    def test_branch_is_told_and_head_when_there_is_none(self) -> None:
        self.assertEqual(checkout.current_branch(self.repo), "main")
        git(self.repo, "checkout", "-q", "--detach")
        self.assertEqual(checkout.current_branch(self.repo), "HEAD")

    def test_dirty_means_changed_or_new(self) -> None:
        self.assertFalse(checkout.is_dirty(self.repo))
        put(self.repo / "new")
        self.assertTrue(checkout.is_dirty(self.repo))
        (self.repo / "new").unlink()
        put(self.repo / "a", "changed")
        self.assertTrue(checkout.is_dirty(self.repo))

    def test_asking_does_not_write_the_index(self) -> None:
        os.utime(self.repo / "a", (1, 1))  # a git that may would note this
        before = contents(self.repo)
        self.assertFalse(checkout.is_dirty(self.repo))
        self.assertEqual(contents(self.repo), before)

    def test_redirections_of_a_hook_do_not_count(self) -> None:
        git(self.home, "init", "-q", "elsewhere")
        other = self.home / "elsewhere"
        os.environ |= {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
        os.environ["GIT_INDEX_FILE"] = str(other / "index")
        self.assertEqual(checkout.resolve(self.repo, "HEAD"), self.second)
        self.assertEqual(checkout.enclosing_checkout(self.repo), self.repo)

    def test_every_variable_that_git_calls_local_is_removed(self) -> None:
        listed = git(self.repo, "rev-parse", "--local-env-vars").split()
        # how a user configures git for all repositories, safe.directory for instance
        listed.remove("GIT_CONFIG_COUNT")
        self.assertEqual(checkout.without_redirections(dict.fromkeys(listed, "x")), {})

    def test_error_names_command_code_words_and_remedy(self) -> None:
        with self.fails(
            "`git rev-parse", "nope", "exit code 0, found 128", "git said: .*fatal", "fetch it"
        ):
            checkout.resolve(self.repo, "nope")

    def test_error_hides_secrets(self) -> None:
        os.environ["GITHUB_TOKEN"] = "token-in-environment"
        url = "http://me:password-in-url@127.0.0.1:1/token-in-environment"
        git(self.repo, "remote", "add", "origin", url)
        with self.assertRaises(CheckoutError) as caught:
            checkout.prepare_box(self.repo, "HEAD", "")
        self.assertNotIn("password-in-url", str(caught.exception))
        self.assertNotIn("token-in-environment", str(caught.exception))
        with self.assertRaises(CheckoutError) as caught:
            checkout.resolve(self.repo, url)
        self.assertNotIn("password-in-url", str(caught.exception))
        self.assertNotIn("token-in-environment", str(caught.exception))

    def test_missing_directory_is_an_error_of_the_step(self) -> None:
        with self.fails("expected exit code 0, found .*No such file"):
            checkout.resolve(self.home / "missing", "HEAD")


class TestBox(GitCase):
    """`repo` is what people push to, `box` the checkout that is the runner's."""

    def setUp(self) -> None:
        super().setUp()
        git(self.home, "clone", "-q", "repo", "box")
        self.box = self.home / "box"

    def test_new_commit_is_fetched_and_checked_out(self) -> None:
        third = commit(self.repo, "b", "three")
        self.assertEqual(checkout.prepare_box(self.box, third, "main"), third)
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), third)
        self.assertEqual((self.box / "b").read_text(), "three")

    def test_failed_fetch_is_red_though_the_commit_is_there(self) -> None:
        self.repo.rename(self.home / "gone")
        with self.fails("git fetch", "found 128", "git said", "remote `origin`"):
            checkout.prepare_box(self.box, self.first, "main")
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.second)

    def test_missing_remote_is_red(self) -> None:
        git(self.box, "remote", "remove", "origin")
        with self.fails("git fetch", "remote `origin`"):
            checkout.prepare_box(self.box, self.first, "main")

    def test_hanging_fetch_ends_in_time_and_leaves_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            git(
                self.box,
                "remote",
                "set-url",
                "origin",
                f"git://127.0.0.1:{server.getsockname()[1]}/x",
            )
            with self.fails("git fetch", "not done after 0.3 s"):
                checkout.prepare_box(self.box, self.first, "main", timeout=0.3)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(20)
                while connection.recv(4096):
                    pass  # the end of the stream: nobody holds the other side any more

    def test_unknown_commit_is_red(self) -> None:
        with self.fails("`origin` has no commit f{40}: push it"):
            checkout.prepare_box(self.box, "f" * 40, "main")
        with self.fails("has no commit 'nope'"):
            checkout.prepare_box(self.box, "nope", "main")

    def test_hostile_revisions_are_red(self) -> None:
        for revision in HOSTILE:
            with self.subTest(revision=revision[:40]), self.assertRaises(CheckoutError):
                checkout.prepare_box(self.box, revision, "main")
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.second)
        self.assertEqual(list(self.home.rglob("hacked")), [])

    def test_hostile_branches_are_names_or_red(self) -> None:
        allowed = {"", "-", "--all", 'a"b', "a" * 10_000}  # by git, as a name of a branch
        for branch in HOSTILE:
            with self.subTest(branch=branch[:40]):
                if branch in allowed:
                    checkout.prepare_box(self.box, self.first, branch)
                    self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.first)
                else:
                    with self.assertRaises(CheckoutError):
                        checkout.prepare_box(self.box, self.first, branch)
                with self.assertRaises(CheckoutError):
                    checkout.prepare_box(self.box, "nope", branch)
        self.assertEqual(list(self.home.rglob("hacked")), [])

    def test_a_branch_is_the_remotes_and_not_the_stale_local_one(self) -> None:
        third = commit(self.repo, "b", "three")
        self.assertEqual(checkout.prepare_box(self.box, "main", "main"), third)

    def test_commit_that_no_branch_holds_is_fetched_by_its_name(self) -> None:
        git(self.repo, "checkout", "-q", "--detach")
        lost = commit(self.repo, "b", "three")
        git(self.repo, "checkout", "-q", "main")
        self.assertEqual(checkout.prepare_box(self.box, lost, ""), lost)

    def test_branch_outside_of_the_configured_ones_is_fetched(self) -> None:
        git(
            self.home, "clone", "-q", "--single-branch", "--depth=1", f"file://{self.repo}", "small"
        )
        git(self.repo, "checkout", "-q", "-b", "topic")
        topic = commit(self.repo, "b", "three")
        self.assertEqual(checkout.prepare_box(self.home / "small", "topic", "topic"), topic)

    def test_moved_tags_and_rewritten_branches_are_followed(self) -> None:
        git(self.repo, "tag", "v1", self.second)
        checkout.prepare_box(self.box, "v1", "main")
        git(self.repo, "tag", "-f", "v1", self.first)
        git(self.repo, "reset", "-q", "--hard", self.first)
        other = commit(self.repo, "c", "other")
        self.assertEqual(checkout.prepare_box(self.box, "v1", "main"), self.first)
        self.assertEqual(checkout.prepare_box(self.box, "main", "main"), other)

    def test_changes_are_lost_and_node_modules_stay(self) -> None:
        put(self.box / ".gitignore", "ignored\n")
        put(self.box / "a", "changed")
        put(self.box / "staged")
        git(self.box, "add", "staged")
        for name in ("new", "ignored", "deep/er/new", "packages/dist/x"):
            put(self.box / name)
        kept = [
            self.box / "packages" / package / "node_modules" / "x" / "index.js"
            for package in ("", "js", "buckaroo-js-core")
        ]
        for path in kept:
            put(path)
        git(self.home, "clone", "-q", "repo", "box/nested")
        checkout.prepare_box(self.box, self.second, "main")
        files = {path for path in self.box.rglob("*") if path.is_file()}
        outside = {path for path in files if ".git" not in path.relative_to(self.box).parts}
        self.assertEqual(outside, {self.box / "a", *kept})
        self.assertEqual((self.box / "a").read_text(), "two")

    def test_locks_of_a_killed_git_do_not_fail_later_runs(self) -> None:
        for name in ("index.lock", "HEAD.lock"):
            put(self.box / ".git" / name)
            os.utime(self.box / ".git" / name, (1, 1))
        checkout.prepare_box(self.box, self.first, "main")

    def test_lock_of_a_working_git_is_waited_for(self) -> None:
        lock = self.box / ".git" / "index.lock"
        put(lock)
        timer = threading.Timer(0.2, lock.unlink)
        timer.start()
        self.addCleanup(timer.join)
        checkout.prepare_box(self.box, self.first, "main")
        self.assertEqual((self.box / "a").read_text(), "one")

    def test_hooks_of_the_checkout_do_not_run(self) -> None:
        for name in ("post-checkout", "reference-transaction", "post-index-change"):
            hook = self.box / ".git" / "hooks" / name
            put(hook, f"#!/bin/sh\ntouch {self.home}/hooked\n")
            hook.chmod(0o755)
        git(self.box, "config", "core.hooksPath", str(self.box / ".git" / "hooks"))
        checkout.prepare_box(self.box, self.first, "main")
        self.assertFalse((self.home / "hooked").exists())

    def test_settings_that_a_job_wrote_have_no_effect(self) -> None:
        put(self.home / "elsewhere" / "precious")
        git(self.box, "config", "filter.x.smudge", "tr a-z A-Z")
        put(self.box / ".git" / "info" / "attributes", "* filter=x\n")
        git(self.box, "replace", self.first, self.second)
        git(self.box, "config", "core.worktree", str(self.home / "elsewhere"))
        self.assertEqual(checkout.prepare_box(self.box, self.first, "main"), self.first)
        self.assertEqual((self.box / "a").read_text(), "one")
        self.assertTrue((self.home / "elsewhere" / "precious").exists())

    def test_failed_checkout_is_red(self) -> None:
        objects = self.box / ".git" / "objects"
        blob = git(self.box, "rev-parse", f"{self.first}:a")
        shutil.rmtree(objects)
        shutil.copytree(self.repo / ".git" / "objects", objects)
        (objects / blob[:2] / blob[2:]).unlink()
        with self.assertRaises(CheckoutError):
            checkout.prepare_box(self.box, self.first, "main")


class TestWorktree(GitCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = self.home / "state" / "worktrees" / "repo-1"

    def prepare(self, revision: str, repo: Path | None = None) -> str:
        return checkout.prepare_worktree(repo or self.repo, self.tree, revision)

    def text(self) -> str:
        self.assertEqual(git(self.tree, "status", "--porcelain"), "")
        return (self.tree / "a").read_text()

    def test_commit_stands_in_a_tree_of_the_runners_own(self) -> None:
        self.assertEqual(self.prepare("HEAD~1"), self.first)
        self.assertEqual(git(self.tree, "rev-parse", "HEAD"), self.first)
        self.assertEqual(self.text(), "one")

    def test_next_commit_uses_the_same_tree_and_keeps_node_modules(self) -> None:
        self.prepare(self.first)
        put(self.tree / "a", "changed")
        put(self.tree / "dist" / "x")
        module = self.tree / "packages" / "js" / "node_modules" / "x.js"
        put(module)
        number = self.tree.stat().st_ino
        self.prepare(self.second)
        self.assertEqual((self.tree / "a").read_text(), "two")
        self.assertTrue(module.exists())
        self.assertFalse((self.tree / "dist").exists())
        self.assertEqual(self.tree.stat().st_ino, number)

    def test_developers_tree_index_and_branches_are_not_touched(self) -> None:
        put(self.repo / "a", "changed")
        put(self.repo / "new", "new")
        put(self.repo / "staged", "staged")
        git(self.repo, "add", "staged")
        put(self.repo / ".git" / "index.lock", "of an editor that is at work")
        before = contents(self.repo)
        for revision in (self.first, self.second, "main"):
            self.prepare(revision)
        self.assertEqual(contents(self.repo), before)

    def test_branch_of_the_developer_stays_free(self) -> None:
        self.prepare("main")
        git(self.repo, "checkout", "-q", "-b", "other")
        git(self.repo, "checkout", "-q", "main")

    def test_tree_that_was_deleted_by_hand_is_made_again(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_tree_whose_link_was_deleted_is_made_again(self) -> None:
        self.prepare(self.first)
        (self.tree / ".git").unlink()
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_state_that_was_deleted_by_hand_is_made_again(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.home / "state")
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_making_that_was_cut_off_is_done_again(self) -> None:
        self.prepare(self.first)
        [records] = (self.repo / ".git" / "worktrees").iterdir()
        put(records / "locked", "initializing")  # git removes it when all else is there
        for path in (self.tree / "a", records / "index", records / "HEAD"):
            path.unlink()
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_repository_that_was_made_anew_gets_a_new_tree(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.repo)
        git(self.home, "init", "-q", "-b", "main", "repo")
        self.prepare(commit(self.repo, "a", "anew"))
        self.assertEqual(self.text(), "anew")

    def test_lock_of_a_killed_git_does_not_fail_later_runs(self) -> None:
        self.prepare(self.first)
        [records] = (self.repo / ".git" / "worktrees").iterdir()
        put(records / "index.lock")
        os.utime(records / "index.lock", (1, 1))
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_directory_that_the_runner_did_not_make_is_refused_and_left_alone(self) -> None:
        put(self.tree / "precious", "x")
        with self.fails("expected nothing, or the runner's own worktree", "move it away"):
            self.prepare(self.first)
        self.assertEqual(list(contents(self.tree).values()), [b"x"])

    def test_repositories_and_worktrees_of_the_developer_are_refused(self) -> None:
        marker = self.tree.with_name(self.tree.name + checkout.MARKER)
        other = self.home / "other"
        git(self.home, "clone", "-q", "repo", "other")
        for make in (
            lambda: git(self.home, "clone", "-q", "repo", str(self.tree)),
            lambda: git(self.repo, "worktree", "add", "-q", "--detach", str(self.tree)),
            lambda: git(other, "worktree", "add", "-q", "--detach", str(self.tree)),
            lambda: self.tree.symlink_to(self.repo),
        ):
            self.tree.parent.mkdir(parents=True, exist_ok=True)
            make()
            put(self.tree / "precious", "x")
            with self.assertRaises(CheckoutError):
                self.prepare(self.first)
            self.assertEqual((self.tree / "precious").read_text(), "x")
            self.assertEqual((self.tree / "a").read_text(), "two")
            self.assertFalse(marker.exists())
            self.tree.unlink() if self.tree.is_symlink() else shutil.rmtree(self.tree)

    def test_marker_alone_does_not_give_a_repository_away(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        git(self.home, "clone", "-q", "repo", str(self.tree))
        put(self.tree / "precious", "x")
        with self.fails("move it away"):
            self.prepare(self.first)
        self.assertEqual((self.tree / "precious").read_text(), "x")

    def test_main_tree_of_a_repository_is_never_the_runners(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        git(self.home, "clone", "-q", "repo", str(self.tree))
        put(self.tree / "precious", "x")
        with self.fails("move it away"):
            self.prepare(self.first, self.tree)
        self.assertEqual((self.tree / "precious").read_text(), "x")

    def test_developers_other_worktrees_keep_their_records(self) -> None:
        other = self.home / "stick"
        git(self.repo, "worktree", "add", "-q", str(other))
        other.rename(self.home / "unplugged")
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        self.prepare(self.first)
        (self.home / "unplugged").rename(other)
        self.assertEqual(git(other, "status", "--porcelain"), "")

    def test_bare_shallow_and_linked_repositories_serve(self) -> None:
        git(self.home, "clone", "-q", "--bare", str(self.repo), "bare.git")
        git(self.home, "clone", "-q", "--depth=1", f"file://{self.repo}", "shallow")
        git(self.repo, "worktree", "add", "-q", "-b", "side", str(self.home / "linked"))
        for name in ("bare.git", "shallow", "linked"):
            self.tree = self.home / "state" / name
            self.assertEqual(self.prepare("HEAD", self.home / name), self.second)
            self.assertEqual(self.text(), "two")

    def test_submodules_are_left_out(self) -> None:
        git(self.home, "clone", "-q", "repo", "library")
        allow = ("-c", "protocol.file.allow=always")
        git(self.repo, *allow, "submodule", "--quiet", "add", str(self.home / "library"), "sub")
        git(self.repo, "commit", "-q", "-m", "sub")
        git(self.repo, "config", "submodule.recurse", "true")
        self.prepare("HEAD")
        self.assertEqual(list((self.tree / "sub").iterdir()), [])
        git(self.tree, *allow, "submodule", "--quiet", "update", "--init")
        git(self.repo / "sub", "checkout", "-q", self.first)
        self.prepare(commit(self.repo, "b", "with another commit of the submodule"))
        self.assertEqual(list((self.tree / "sub").iterdir()), [])

    def test_sparse_checkout_of_the_developer_does_not_thin_the_commit(self) -> None:
        whole = commit(self.repo, "deep/file", "x")
        git(self.repo, "sparse-checkout", "set", "--no-cone", "/a")
        self.assertFalse((self.repo / "deep").exists())
        self.prepare(whole)
        self.assertTrue((self.tree / "deep" / "file").exists())

    def test_files_that_a_job_told_git_to_overlook_are_the_commits_again(self) -> None:
        commit(self.repo, "deep/file", "x")
        self.prepare("HEAD")
        for hidden in (("update-index", "--skip-worktree"), ("update-index", "--assume-unchanged")):
            put(self.tree / "a", "by a job")
            git(self.tree, *hidden, "a")
            self.prepare(commit(self.repo, "b", f"after {hidden[1]}"))
            self.assertEqual((self.tree / "a").read_text(), (self.repo / "a").read_text())
        git(self.tree, "sparse-checkout", "set", "--no-cone", "/a")
        self.prepare(commit(self.repo, "b", "after a sparse checkout"))
        self.assertTrue((self.tree / "deep" / "file").exists())

    def test_hooks_of_the_developer_do_not_run(self) -> None:
        hook = self.repo / ".git" / "hooks" / "post-checkout"
        put(hook, f"#!/bin/sh\ntouch {self.home}/hooked\n")
        hook.chmod(0o755)
        self.prepare(self.first)
        self.assertFalse((self.home / "hooked").exists())

    def test_unknown_commit_makes_nothing(self) -> None:
        with self.fails("has no commit"):
            self.prepare("f" * 40)
        self.assertFalse((self.home / "state").exists())


class TestExact(GitCase):
    """What a job can leave in the repository that it shares with the next run."""

    def setUp(self) -> None:
        super().setUp()
        self.tree = self.home / "state" / "worktrees" / "repo-1"
        put(self.repo / "deep" / "script", "#!/bin/sh\n")
        (self.repo / "deep" / "script").chmod(0o755)
        (self.repo / "link").symlink_to("a")
        self.sha = commit(self.repo, "b", "line\nline\n")
        self.prepare()
        self.expected = self.found()

    def prepare(self, sha: str = "") -> None:
        checkout.prepare_worktree(self.repo, self.tree, sha or self.sha)

    def found(self) -> dict[str, tuple[int, bytes | str]]:
        """Return mode and content of each file but git's own."""
        return {
            path: ((self.tree / path).lstat().st_mode, content)
            for path, content in contents(self.tree).items()
            if (self.tree / path) != self.tree / ".git"
        }

    def is_exact(self) -> None:
        """Assert that the commit is put where it stands, and where files of it are missing."""
        for missing in ((), ("b", "link", "deep/script")):
            for name in missing:
                (self.tree / name).unlink()
            self.prepare()
            self.assertEqual(self.found(), self.expected)
            self.assertEqual(git(self.tree, "rev-parse", "HEAD"), self.sha)
        self.assertFalse((self.home / "ran").exists(), "a command of a job ran outside of it")

    def forge(self, path: Path) -> None:
        """Write another content of the same size and times, as far as a program can."""
        before = path.stat()
        path.write_bytes(bytes(reversed(path.read_bytes())))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_commit_that_was_replaced_is_tested_as_it_is(self) -> None:
        git(self.tree, "replace", self.sha, self.first)
        self.is_exact()
        self.prepare("HEAD")
        self.assertEqual(self.found(), self.expected)

    def test_parents_that_were_grafted_do_not_count(self) -> None:
        put(self.repo / ".git" / "info" / "grafts", f"{self.sha} {self.first}\n")
        self.assertEqual(checkout.resolve(self.repo, "HEAD~1"), self.second)

    def test_filters_of_the_repository_do_not_run(self) -> None:
        git(self.tree, "config", "filter.x.smudge", f"touch {self.home}/ran; tr a-z A-Z")
        put(self.repo / ".git" / "info" / "attributes", "* filter=x\n")
        self.is_exact()

    def test_attributes_of_the_repository_do_not_count(self) -> None:
        git(self.tree, "config", "core.attributesFile", str(self.home / "attributes"))
        put(self.home / "attributes", "* text eol=crlf\n")
        self.is_exact()
        put(self.repo / ".git" / "info" / "attributes", "* text eol=crlf\n")
        self.is_exact()

    def test_settings_of_the_repository_change_no_file(self) -> None:
        for name, value in (
            ("core.autocrlf", "true"),
            ("core.symlinks", "false"),
            ("core.sparseCheckout", "true"),
            ("core.worktree", str(self.home / "elsewhere")),
            ("extensions.worktreeConfig", "true"),
            ("core.fsmonitor", f"touch {self.home}/ran"),
            ("core.hooksPath", str(self.home / "hooks")),
        ):
            with self.subTest(name):
                put(self.home / "elsewhere" / "precious")
                put(self.home / "hooks" / "post-checkout", f"#!/bin/sh\ntouch {self.home}/ran\n")
                (self.home / "hooks" / "post-checkout").chmod(0o755)
                put(self.repo / ".git" / "info" / "sparse-checkout", "/a\n")
                git(self.repo, "config", name, value)
                try:
                    self.is_exact()
                finally:
                    git(self.home, "config", "--file", "repo/.git/config", "--unset", name)
                self.assertTrue((self.home / "elsewhere" / "precious").exists())

    def test_change_that_no_time_and_no_size_tells_of_is_undone(self) -> None:
        git(self.tree, "config", "core.trustctime", "false")
        git(self.tree, "config", "core.checkStat", "minimal")
        os.utime(self.tree / "b", (1, 1))
        git(self.tree, "update-index", "--refresh")
        self.forge(self.tree / "b")
        self.assertEqual(git(self.tree, "status", "--porcelain"), "")
        self.is_exact()

    def test_change_in_the_second_of_the_checkout_is_undone(self) -> None:
        self.forge(self.tree / "b")
        self.is_exact()

    def test_rights_that_git_was_told_to_overlook_are_undone(self) -> None:
        git(self.tree, "config", "core.fileMode", "false")
        (self.tree / "deep" / "script").chmod(0o644)
        self.is_exact()

    def test_line_ends_that_count_as_unchanged_are_undone(self) -> None:
        self.sha = commit(self.repo, ".gitattributes", "* text=auto\n")
        self.prepare()
        self.expected = self.found()
        (self.tree / "b").write_bytes(b"line\r\nline\r\n")
        git(self.tree, "add", "b")
        self.is_exact()

    def test_index_that_a_job_broke_or_made_up_does_not_count(self) -> None:
        index = self.repo / ".git" / "worktrees" / "repo-1" / "index"
        put(self.tree / "node_modules" / "x")
        index.write_bytes(b"no index")
        self.is_exact()  # nobody knows any more what in there was the commit's
        index.unlink()
        index.mkdir()
        self.is_exact()
        index.unlink()
        index.symlink_to(self.home / "ran")
        self.is_exact()
        put(self.tree / "b", "made up")
        git(self.tree, "add", "b")
        git(self.tree, "update-index", "--split-index")
        self.is_exact()

    def test_repository_within_the_tree_and_a_way_out_of_it_are_removed(self) -> None:
        git(self.tree, "init", "-q", "deep")
        self.is_exact()
        shutil.rmtree(self.tree / "deep")
        put(self.home / "outside" / "script", "precious")
        (self.tree / "deep").symlink_to(self.home / "outside")
        self.is_exact()
        self.assertEqual((self.home / "outside" / "script").read_text(), "precious")

    def test_committed_files_in_node_modules_go_with_their_commit(self) -> None:
        fixture = self.tree / "deep" / "node_modules" / "x" / "index.js"
        installed = self.tree / "deep" / "node_modules" / "y" / "index.js"
        self.prepare(commit(self.repo, "deep/node_modules/x/index.js", "fixture"))
        self.assertTrue(fixture.exists())
        put(installed)
        self.prepare()
        self.assertFalse(fixture.exists())
        self.assertTrue(installed.exists())

    def test_target_of_a_link_out_of_the_tree_stays(self) -> None:
        self.prepare(commit(self.repo, "deep/node_modules/x", "fixture"))
        put(self.home / "outside" / "node_modules" / "x", "precious")
        shutil.rmtree(self.tree / "deep")
        (self.tree / "deep").symlink_to(self.home / "outside")
        self.is_exact()
        self.assertEqual((self.home / "outside" / "node_modules" / "x").read_text(), "precious")

    def test_filters_of_the_user_run_and_see_the_repository(self) -> None:
        user = self.home / "gitconfig"
        os.environ["GIT_CONFIG_GLOBAL"] = str(user)
        git(self.repo, "config", "--global", "filter.big.clean", "cat")
        git(self.repo, "config", "--global", "filter.big.smudge", "cat; git config big.store")
        git(self.repo, "config", "big.store", "where the rest is")
        put(self.repo / ".gitattributes", "*.big filter=big\n")
        self.prepare(commit(self.repo, "c.big", "pointer\n"))
        self.assertEqual((self.tree / "c.big").read_text(), "pointer\nwhere the rest is\n")

    def test_partial_clone_fetches_missing_objects(self) -> None:
        git(self.repo, "config", "uploadpack.allowFilter", "true")
        url = f"file://{self.repo}"
        git(self.home, "clone", "-q", "--no-checkout", "--filter=blob:none", url, "partial")
        tree = self.home / "state" / "partial"
        checkout.prepare_worktree(self.home / "partial", tree, self.sha)
        self.assertEqual((tree / "b").read_text(), "line\nline\n")

    def test_nothing_of_the_repository_is_changed_but_the_trees_own_records(self) -> None:
        records = self.repo / ".git" / "worktrees" / "repo-1"
        before, own = contents(self.repo), sorted(path.name for path in records.iterdir())
        self.prepare(self.first)
        self.assertEqual(contents(self.repo), before)
        self.assertEqual(sorted(path.name for path in records.iterdir()), own)


class TestPlaceholders(unittest.TestCase):
    def test_missing_ones_are_made_and_others_stay(self) -> None:
        tree = Path(self.enterContext(tempfile.TemporaryDirectory()))
        static = tree / "buckaroo" / "static"
        put(static / "widget.js", "real")
        self.assertEqual(make_placeholders(tree), ["compiled.css", "widget.css"])
        self.assertEqual(make_placeholders(tree), [])
        found = {path.name: path.read_text() for path in static.iterdir()}
        self.assertEqual(found, {"compiled.css": "", "widget.js": "real", "widget.css": ""})

    def test_a_repository_without_the_package_gets_none(self) -> None:
        tree = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.assertEqual(make_placeholders(tree), [])
        self.assertEqual(list(tree.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
