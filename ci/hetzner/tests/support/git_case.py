"""Real repositories of git, away from the settings of the user."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

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
    """Return every file of a tree, git's own included, but no worktree's records."""
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
