"""The settings of a machine and of a run on it: argument, then environment, then a default.

The machine is a CI box only where CI_BOX=1 says so (the image sets it). Code that kills by name,
cleans a checkout or frees a port by force asks `Settings.box` and nothing else. Knows no job and
no repository under test: the settings of one extend these in a room of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.common import inherited_environment, redact
from lib.common import log_bytes as sizes
from lib.configuration.reader import Reader, SettingsError

__all__ = ["Settings", "SettingsError", "job_environment", "load", "load_anywhere", "secrets"]

RUNNER_DIR = Path(__file__).resolve().parents[2]
MOST_PLACES = 64  # beside the usual one


@dataclass(frozen=True)
class Settings:
    """The settings of a run. Directories are absolute."""

    box: bool  # CI_BOX: the runner may clean this machine
    repo_dir: Path  # CI_REPO_DIR: the checkout under test
    state_dir: Path  # CI_STATE_DIR: everything that is kept between runs
    runner_dir: Path  # CI_RUNNER_DIR: the directory of pipeline.py
    timeout: float  # CI_TIMEOUT: seconds for all jobs together
    log_bytes: int  # CI_LOG_BYTES: the bound of a job's log
    github_token: str  # GITHUB_TOKEN
    github_repo: str  # GITHUB_REPO: owner/name, or ''
    github_api_url: str  # GITHUB_API_URL
    log_url: str  # LOG_URL: where a browser finds the logs, or ''
    job_statuses: bool  # CI_JOB_STATUSES: a commit status for every job, too
    group_statuses: bool  # CI_GROUP_STATUSES: a commit status for each group of jobs
    keep_days: int  # CI_KEEP_DAYS: age at which runs go
    keep_runs: int  # CI_KEEP_RUNS: runs that are kept
    keep_bytes: int  # CI_KEEP_BYTES: bytes of all runs that are kept
    free_bytes: int  # CI_FREE_BYTES: bytes that have to be free on the disk for a run to start
    secret_names: tuple[str, ...]  # CI_SECRETS: further variables that hold secrets
    place: int  # --place: 0 is the usual one; each other has a tree, scratch and lock of its own

    def __repr__(self) -> str:
        """Return a form without the token, since it may end in a log."""
        return f"Settings(box={self.box}, repo_dir={str(self.repo_dir)!r}, …)"

    @property
    def work_dir(self) -> Path:
        """Scratch of the runs on this checkout at this place; it need not exist yet."""
        return self.state_dir / "work" / self._name

    @property
    def locks(self) -> tuple[Path, ...]:
        """The lock files that a run holds: that of its checkout and place first."""
        # apart: a job that clears its work directory and its siblings must not remove it
        return (self.state_dir / "locks" / f"{self._name}.lock",)

    @property
    def tree_dir(self) -> Path:
        """The tree of a commit: on the box the checkout itself, elsewhere an own worktree of it."""
        return self.repo_dir if self.box and not self.place else self.worktree_dir

    @property
    def worktree_dir(self) -> Path:
        """The runner's own worktree of the repository."""
        return self.state_dir / "worktrees" / self._name

    @property
    def _name(self) -> str:
        """The name of this place of the checkout; `_key` ends in digits, so no two are the same."""
        return _key(self.repo_dir) + (f"-place{self.place}" if self.place else "")

    def exports(self) -> dict[str, str]:
        """Return the variables that a job body gets, beside those that the run itself adds."""
        variables = {
            # a cache key made of HEAD is that of the tested commit
            **inherited_environment.AS_COMMITTED,
            "CI_REPO_DIR": str(self.repo_dir),
            "CI_STATE_DIR": str(self.state_dir),
            "CI_RUNNER_DIR": str(self.runner_dir),
            "CI_WORK_DIR": str(self.work_dir),
        }
        if self.box:
            variables["CI_BOX"] = "1"
        return variables


def load(
    arguments: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Settings:
    """Return the settings of a run on the checkout around `cwd` (default: the current directory).

    `arguments` are the values of the command line by field (`repo` stands for `repo_dir`); None
    and other names are passed over. Raises SettingsError that lists every problem.
    """
    read = Reader(arguments or {}, environ, cwd or current_directory())
    found = of_checkout(read)
    read.finish()
    return found


def load_anywhere(
    arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings where no checkout is needed: `repo_dir` is the current directory.

    Raises SettingsError that lists every problem.
    """
    read = Reader(arguments or {}, environ, current_directory())
    found = of_directory(read)
    read.finish()
    return found


def of_checkout(read: Reader) -> Settings:
    """Return the settings of a checkout; the reader collects the problems."""
    box = read.flag("CI_BOX")
    repo = read.path("repo_dir", "CI_REPO_DIR", "/repo") if box else read.checkout()
    return _read(read, box, repo)


def of_directory(read: Reader) -> Settings:
    """Return the settings of the reader's directory; the reader collects the problems."""
    return _read(read, read.flag("CI_BOX"), read.cwd)


def _read(read: Reader, box: bool, repo: Path) -> Settings:
    state = "/opt/ci" if box else _cache_home(read.environ)
    runner = "/opt/ci-runner" if box else RUNNER_DIR
    found = Settings(
        box=box,
        repo_dir=repo,
        state_dir=read.path("state_dir", "CI_STATE_DIR", state),
        runner_dir=read.path("runner_dir", "CI_RUNNER_DIR", runner),
        timeout=read.seconds("timeout", "CI_TIMEOUT", 900 if box else 1800),
        log_bytes=read.number("log_bytes", "CI_LOG_BYTES", sizes.DEFAULT, sizes.LEAST, 999_999_999),
        github_token=read.token("GITHUB_TOKEN"),
        github_repo=read.matching("GITHUB_REPO", r"[\w.-]+/[\w.-]+", "owner/name", ""),
        github_api_url=read.url("GITHUB_API_URL", "https://api.github.com"),
        log_url=read.url("LOG_URL", ""),
        job_statuses=read.flag("CI_JOB_STATUSES"),
        group_statuses=read.flag("CI_GROUP_STATUSES", default=True),
        keep_days=read.number("keep_days", "CI_KEEP_DAYS", 30, 1, 10**6),
        keep_runs=read.number("keep_runs", "CI_KEEP_RUNS", 200, 1, 10**6),
        keep_bytes=read.number("keep_bytes", "CI_KEEP_BYTES", 5 * 10**9, 0, 10**15),
        free_bytes=read.number("free_bytes", "CI_FREE_BYTES", 10**9, 0, 10**15),
        secret_names=read.names("CI_SECRETS"),
        place=read.number("place", "", 0, 0, MOST_PLACES),
    )
    read.refuse(_place_problems(found))
    return found


def work_dir(settings: Settings, checkout: Path) -> Path:
    """Return the scratch directory of the runs on a checkout; it need not exist yet."""
    return settings.state_dir / "work" / _key(checkout)


def job_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of job bodies: the caller's without secrets, plus the settings.

    The variables of a surrounding git hook are left out: a run that a hook starts must not act on
    the hook's index.
    """
    env = redact.without_secrets(environ, settings.secret_names)
    env = inherited_environment.without(env, environ) | settings.exports()
    return env | {"PATH": search_path(settings, environ)}


def secrets(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must not appear in anything that the runner writes."""
    values = {settings.github_token, *redact.secret_values(environ, settings.secret_names)}
    return tuple(sorted(values - {""}))


def search_path(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the PATH of jobs: tools that the runner installed come first."""
    # also if there is no such directory: the answer is then the same at any time
    tools = settings.state_dir / "tools" / "bin"
    rest = environ.get("PATH") or os.defpath
    return rest if rest.split(os.pathsep)[0] == str(tools) else f"{tools}{os.pathsep}{rest}"


def current_directory() -> Path:
    """Return the current directory. Raises SettingsError if it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SettingsError(
            "expected a current directory, found that it was removed: go to another"
        ) from error


def home(environ: Mapping[str, str]) -> Path | None:
    """Return the user's home: HOME, else that of passwd(5); None without either.

    None for a relative one too: it would be another in each directory.
    """
    found = environ.get("HOME", "")
    if not found:
        import pwd  # late: HOME is nearly always there

        with contextlib.suppress(KeyError):
            found = pwd.getpwuid(os.getuid()).pw_dir
    return Path(found) if Path(found).is_absolute() else None


def _key(checkout: Path) -> str:
    """Return a name for a checkout that is unique, fits into a path and takes a suffix."""
    digest = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', checkout.name)[:80] or 'root'}-{digest}"


def _cache_home(environ: Mapping[str, str]) -> Path | None:
    """Return the runner's directory in the cache home (XDG Base Directory Specification)."""
    cache_home = environ.get("XDG_CACHE_HOME", "")
    if Path(cache_home).is_absolute():  # others are to be ignored, by the specification
        return Path(cache_home) / "ci-runner"
    found = home(environ)
    return found / ".cache" / "ci-runner" if found else None


def _place_problems(settings: Settings) -> list[str]:
    # the root is no checkout: it stands for settings that need none
    inside = settings.repo_dir != Path("/") and settings.state_dir.is_relative_to(settings.repo_dir)
    if settings.box and inside:
        return [
            f"CI_STATE_DIR: expected a directory outside of the checkout {settings.repo_dir}, "
            f"which is cleaned, found {settings.state_dir}: name another"
        ]
    return []
