"""Makes the repository that `pipeline.py --demo` runs on, and installs the tools for it.

The files are under demo/: `repo` is the green commit. Each directory of `commits` holds the changed
files of another commit, and a list REMOVED of the files that it lacks. The history is the same on
every machine except for uv.lock, which is made here: it names the index that it was made with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.common import locks, redact, tree_copy
from lib.git import git_command
from lib.git.git_command import CheckoutError
from lib.processes import command

SOURCE = Path(__file__).resolve().parents[2] / "demo"
UV, PNPM = "0.13.9", "9.10.0"  # they make the lock files
# locked at a version that works with the demo's code: an installation without the lock gets a newer
# one, and breaks
LOCKED = "werkzeug==2.3.8"
GREEN = "green"
# the other commits, and the jobs (as patterns) that have to go red on each
OTHERS = {
    "old": (),
    "breaks-lint": ("lint-python",),
    "breaks-python": ("test-python-*",),
    "breaks-js": ("test-js",),
    "breaks-wheel": ("build-wheel",),
    "python-only": (),
    "lock-change": (),
}
STEP_TIMEOUT = 600.0  # seconds


class DemoError(ValueError):
    """The demo could not be prepared; the message has the remedy."""


@dataclass(frozen=True)
class DemoRepo:
    """The prepared repository, and its commits by name."""

    path: Path
    commits: dict[str, str]

    def refuse_unknown(self, revision: str) -> None:
        """Raise DemoError, which lists the commits, unless the revision is one of them."""
        try:
            git_command.resolve(self.path, revision)
        except CheckoutError as error:
            raise DemoError(
                f"--demo {git_command.shown(revision, 80)}: expected a commit of the demo "
                f"({', '.join(self.commits)}), found none of that name"
            ) from error


def prepare(state_dir: Path, say: Callable[[str], None]) -> DemoRepo:
    """Provide the tools, then make the repository unless it is there. Raises DemoError, OSError."""
    tools = provide_tools(state_dir, say)
    env = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    path = state_dir / "demo" / _stamp() / "buckaroo"
    if not path.exists():
        say(f"making the demo repository {path}")
        make_repository(path, lambda tree: _lock(tree, env))
    return DemoRepo(path, commits(path))


def provide_tools(state_dir: Path, say: Callable[[str], None]) -> Path:
    """Install uv and pnpm into the state directory where PATH has none; return their directory."""
    root = state_dir / "tools"
    links = root / "bin"
    links.mkdir(parents=True, exist_ok=True)
    if not (links / "uv").exists() and not shutil.which("uv"):
        say(f"installing uv {UV}")
        _step([sys.executable, "-m", "venv", "--clear", str(root / "uv")], root, os.environ)
        pip = [str(root / "uv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _step([*pip, f"uv=={UV}"], root, os.environ)
        _link(links / "uv", root / "uv" / "bin" / "uv")
        _link(links / "uvx", root / "uv" / "bin" / "uvx")
    if not (links / "pnpm").exists() and shutil.which("npm") and not _has_pnpm():
        say(f"installing pnpm {PNPM}")
        target = root / "pnpm"
        install = ["npm", "install", "--loglevel=error", "--no-fund", "--no-audit"]
        _step([*install, "--prefix", str(target), f"pnpm@{PNPM}"], root, os.environ)
        _link(links / "pnpm", target / "node_modules" / ".bin" / "pnpm")
    return links


def _has_pnpm() -> bool:
    if not shutil.which("pnpm"):
        return False
    argv = ["pnpm", "--version"]
    return command.run(argv, cwd=Path("/"), env=os.environ, timeout=60).output.strip() == PNPM


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def make_repository(path: Path, lock: Callable[[Path], None]) -> None:
    """Make the repository at `path`, whole or not at all; `lock` writes the uv.lock of a tree."""
    aside = path.with_name(f".{path.name}.new")
    with locks.lock(path.with_name(f".{path.name}.lock"), "making the repository of the demo"):
        tree_copy.remove(aside)  # of one that was killed
        if path.exists():  # the holder of the lock has made it
            return
        _make_repository(path, aside, lock)


def _make_repository(path: Path, aside: Path, lock: Callable[[Path], None]) -> None:
    try:
        _copy(SOURCE / "repo", aside)
        _git(aside, "init", "--quiet", "--initial-branch=main")
        lock(aside)
        green_lock = (aside / "uv.lock").read_bytes()
        _overlay(aside, "old")
        lock(aside)
        _commit(aside, "old")
        _restore_green(aside, green_lock)
        _commit(aside, GREEN)
        for name in OTHERS:
            if name != "old":
                _git(aside, "checkout", "--quiet", "--detach", GREEN)
                _overlay(aside, name)
                if (SOURCE / "commits" / name / "pyproject.toml").exists():
                    lock(aside)
                _commit(aside, name)
        _git(aside, "checkout", "--quiet", "--force", "main")
        aside.rename(path)
    finally:
        tree_copy.remove(aside)


def _copy(source: Path, target: Path, ignore: Callable[..., set[str]] | None = None) -> None:
    # modification times are not kept: git takes a file of the same size and time for unchanged
    shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copy, ignore=ignore)


def _overlay(tree: Path, name: str) -> None:
    changes = SOURCE / "commits" / name
    removed = changes / "REMOVED"
    if removed.exists():
        for line in removed.read_text().split():
            (tree / line).unlink()
    _copy(changes, tree, ignore=shutil.ignore_patterns("REMOVED"))


def _restore_green(tree: Path, lock: bytes) -> None:
    _copy(SOURCE / "repo", tree)
    (tree / "uv.lock").write_bytes(lock)


def _commit(tree: Path, name: str) -> None:
    _git(tree, "add", "--all")
    _git(tree, "commit", "--quiet", "--no-verify", "-m", name)
    _git(tree, "tag", name)


def _git(tree: Path, *arguments: str) -> None:
    who = {"NAME": "demo", "EMAIL": "demo@localhost", "DATE": "2026-01-01T00:00:00Z"}
    env = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_{name}": value for name, value in who.items()}
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "gc.auto=0")
    _step(["git", *quiet, *arguments], tree, env | {"GIT_CONFIG_GLOBAL": os.devnull})


def _lock(tree: Path, env: dict[str, str]) -> None:
    # with our interpreter, so that the lock does not depend on others of this machine
    _step(["uv", "lock", "--quiet", "--python", sys.executable, "-P", LOCKED], tree, env)


def _step(argv: list[str], cwd: Path, env: Mapping[str, str]) -> None:
    try:
        program = shutil.which(argv[0], path=env.get("PATH")) or argv[0]
        done = command.run([program, *argv[1:]], cwd=cwd, env=env, timeout=STEP_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoError(f"{' '.join(argv)}: {error}") from error
    if done.code:
        said = (done.errors or done.output).strip()
        raise DemoError(
            f"{' '.join(argv)}: exit code {done.code}: {redact.shorten_start(said, 1000)}"
        )


def commits(path: Path) -> dict[str, str]:
    """Return the SHAs of the commits by their names. Raises DemoError."""
    names = [GREEN, *OTHERS]
    argv = ["git", "rev-parse", *(f"refs/tags/{name}^{{commit}}" for name in names)]
    asked = command.run(argv, cwd=path, env=os.environ, timeout=STEP_TIMEOUT)
    if asked.code:
        raise DemoError(f"{path} is not whole: remove it, then run again")
    return dict(zip(names, asked.output.split(), strict=True))


def _stamp() -> str:
    """Return a name that changes with any file of its commits and with the tools of its locks."""
    files = f"{tree_copy.digest(SOURCE / 'repo')} {tree_copy.digest(SOURCE / 'commits')}"
    made_of = f"{files} {UV} {PNPM} {LOCKED}"
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]
