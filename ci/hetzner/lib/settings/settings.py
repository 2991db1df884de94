"""Every setting of a run, in one home: argument, then environment, then a default for the place.

The place is a CI box only where CI_BOX=1 says so (the image sets it). Whatever kills by name,
cleans a checkout or frees a port by force asks `Settings.box` and nothing else.

As a program, `settings.py shell` prints the variables of a job body as `export` lines, so that a
body finds the same settings when it is run by hand. Unaware of jobs, runs and processes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import inherited_environment, machine, redact
from lib.settings.reader import Reader, SettingsError

__all__ = ["Settings", "SettingsError", "job_environment", "load", "load_anywhere", "secrets"]

PORTS = {
    "port_storybook": 6006,
    "port_server": 8701,
    "port_marimo": 2718,
    "port_wasm_marimo": 8765,
    "port_mcp": 8700,
    "port_jupyter": 8889,
}
TOKEN_BYTES = 16
HIGHEST_PORT = 65535
NOTEBOOKS = 9  # more Jupyter servers than notebooks would idle


@dataclass(frozen=True)
class Settings:
    """What a run was told. Directories are absolute."""

    box: bool  # CI_BOX: this machine is the runner's to clean
    repo_dir: Path  # CI_REPO_DIR: the checkout under test
    state_dir: Path  # CI_STATE_DIR: everything that is kept between runs
    runner_dir: Path  # CI_RUNNER_DIR: where pipeline.py is
    timeout: float  # CI_TIMEOUT: seconds for all jobs together
    github_token: str  # GITHUB_TOKEN
    github_repo: str  # GITHUB_REPO: owner/name, or ''
    github_api_url: str  # GITHUB_API_URL
    log_url: str  # LOG_URL: where a browser finds the logs, or ''
    job_statuses: bool  # CI_JOB_STATUSES: a commit status for every job, too
    secret_names: tuple[str, ...]  # CI_SECRETS: further variables that hold secrets
    venvs_dir: Path  # CI_VENVS_DIR: one environment a Python version
    pnpm_store: Path  # CI_PNPM_STORE_DIR
    browsers_path: str  # PLAYWRIGHT_BROWSERS_PATH, or '' for Playwright's own choice
    chromium: str  # CI_CHROMIUM: a browser to use in place of Playwright's, or ''
    jupyter_parallel: int  # JUPYTER_PARALLEL: servers, and notebooks at once
    # JUPYTER_TOKEN, or one that no other run has: of servers that listen on this machine only
    jupyter_token: str = dataclasses.field(compare=False)
    jupyter_python: str  # JUPYTER_PYTHON: version of the Jupyter environment
    pytest_workers: int  # PYTEST_WORKERS
    port_storybook: int  # CI_PORT_STORYBOOK, and so on for each port
    port_server: int
    port_marimo: int
    port_wasm_marimo: int
    port_mcp: int
    port_jupyter: int  # the first of `jupyter_parallel` ports in a row

    def __repr__(self) -> str:
        """Return a form without the token, since it may end in a log."""
        return f"Settings(box={self.box}, repo_dir={str(self.repo_dir)!r}, …)"

    @property
    def work_dir(self) -> Path:
        """Scratch of the runs on this checkout; it need not exist yet."""
        return work_dir(self, self.repo_dir)

    @property
    def locks(self) -> tuple[Path, Path]:
        """What a run holds: its checkout, and the environments, which checkouts share."""
        # aside: a job that clears its work directory and what begins like it must not remove it
        checkout = self.state_dir / "locks" / f"{_key(self.repo_dir)}.lock"
        return checkout, self.venvs_dir / ".lock"

    @property
    def worktree_dir(self) -> Path:
        """The runner's own worktree of the repository, off the box."""
        return self.state_dir / "worktrees" / _key(self.repo_dir)


def load(
    arguments: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Settings:
    """Return the settings of this run.

    `arguments` is what the command line gave, by name of the field (`repo` stands for `repo_dir`);
    None, and names of other things, are passed over. Raises SettingsError that lists every problem.
    """
    read = Reader(arguments or {}, environ, cwd or _here())
    box = read.flag("CI_BOX")
    repo = read.path("repo_dir", "CI_REPO_DIR", "/repo") if box else read.checkout()
    settings = _load(read, box, repo, environ)
    read.refuse(_place_problems(settings))
    read.finish()
    return settings


def load_anywhere(
    arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings for what needs no checkout: `repo_dir` is the current directory.

    Raises SettingsError that lists every problem.
    """
    read = Reader(arguments or {}, environ, _here())
    settings = _load(read, read.flag("CI_BOX"), _here(), environ)
    read.finish()
    return settings


def _load(read: Reader, box: bool, repo: Path, environ: Mapping[str, str]) -> Settings:
    state = read.path("state_dir", "CI_STATE_DIR", "/opt/ci" if box else _cache_home(environ))
    runner = "/opt/ci-runner" if box else Path(__file__).resolve().parents[2]
    parallel = read.number("jupyter_parallel", "JUPYTER_PARALLEL", _servers(), 1, 64)
    settings = Settings(
        box=box,
        repo_dir=repo,
        state_dir=state,
        runner_dir=read.path("runner_dir", "CI_RUNNER_DIR", runner),
        timeout=read.seconds("timeout", "CI_TIMEOUT", 900 if box else 1800),
        github_token=read.token("GITHUB_TOKEN"),
        github_repo=read.matching("GITHUB_REPO", r"[\w.-]+/[\w.-]+", "owner/name", ""),
        github_api_url=read.url("GITHUB_API_URL", "https://api.github.com"),
        log_url=read.url("LOG_URL", ""),
        job_statuses=read.flag("CI_JOB_STATUSES"),
        secret_names=read.names("CI_SECRETS"),
        venvs_dir=read.path("venvs_dir", "CI_VENVS_DIR", "/opt/venvs" if box else state / "venvs"),
        pnpm_store=read.path(
            "pnpm_store", "CI_PNPM_STORE_DIR", "/opt/pnpm-store" if box else state / "pnpm-store"
        ),
        browsers_path=read.text("PLAYWRIGHT_BROWSERS_PATH", "/opt/ms-playwright" if box else ""),
        chromium=read.text("CI_CHROMIUM", "" if box else _installed_chromium(environ)),
        jupyter_parallel=parallel,
        jupyter_token=read.matching(
            "JUPYTER_TOKEN", r"[\w.~-]+", "a-b_1", os.urandom(TOKEN_BYTES).hex()
        ),
        jupyter_python=read.matching("JUPYTER_PYTHON", r"3\.\d+", "3.13", "3.13"),
        pytest_workers=read.number("pytest_workers", "PYTEST_WORKERS", 4, 1, 256),
        **{
            field: read.number(field, f"CI_{field.upper()}", port, 1, HIGHEST_PORT)
            for field, port in PORTS.items()
        },
    )
    read.refuse(_port_problems(settings))
    read.refuse(_place_problems(settings))
    read.finish()
    return settings


def work_dir(settings: Settings, checkout: Path) -> Path:
    """Return the scratch directory of the runs on a checkout; it need not exist yet."""
    return settings.state_dir / "work" / _key(checkout)


def exports(settings: Settings) -> dict[str, str]:
    """Return what a job body finds in its environment, beside what a run adds."""
    variables = {
        # a key that a cache makes of HEAD is that of what is tested
        **inherited_environment.AS_COMMITTED,
        "CI_REPO_DIR": str(settings.repo_dir),
        "CI_STATE_DIR": str(settings.state_dir),
        "CI_RUNNER_DIR": str(settings.runner_dir),
        "CI_WORK_DIR": str(work_dir(settings, settings.repo_dir)),
        "CI_VENVS_DIR": str(settings.venvs_dir),
        # three names of one store: pnpm re-links node_modules when it sees another one, so its
        # own variable is set for every call, and for the repository's scripts theirs
        "CI_PNPM_STORE_DIR": str(settings.pnpm_store),
        "PNPM_STORE_DIR": str(settings.pnpm_store),
        "npm_config_store_dir": str(settings.pnpm_store),
        # pnpm waits 10 and 60 s before it tries again; without a network that is told in seconds
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "3000",
        "CI_CHROMIUM": settings.chromium,
        "JUPYTER_PARALLEL": str(settings.jupyter_parallel),
        "JUPYTER_TOKEN": settings.jupyter_token,
        "JUPYTER_PYTHON": settings.jupyter_python,
        "PYTEST_WORKERS": str(settings.pytest_workers),
        **{f"CI_{field.upper()}": str(getattr(settings, field)) for field in PORTS},
    }
    if settings.box:
        variables["CI_BOX"] = "1"
    if settings.browsers_path:
        variables["PLAYWRIGHT_BROWSERS_PATH"] = settings.browsers_path
    return variables


def job_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what job bodies see: the caller's environment less secrets, plus the settings.

    Less what tells of the caller's place too: a run that a git hook starts must not act on the
    hook's index.
    """
    env = redact.without_secrets(environ, settings.secret_names)
    env = inherited_environment.without(env, environ) | exports(settings)
    return env | {"PATH": _path(settings, environ)}


def secrets(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must not appear in anything that the runner writes."""
    values = {settings.github_token, *redact.secret_values(environ, settings.secret_names)}
    return tuple(sorted(values - {""}))


def _path(settings: Settings, environ: Mapping[str, str]) -> str:
    # whether the directory exists does not matter, so nothing depends on when this is asked
    tools = settings.state_dir / "tools" / "bin"
    rest = environ.get("PATH") or os.defpath
    return rest if rest.split(os.pathsep)[0] == str(tools) else f"{tools}{os.pathsep}{rest}"


def _key(checkout: Path) -> str:
    """Return a name for a checkout that can be part of a path, takes a suffix and is its alone."""
    digest = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', checkout.name)[:80] or 'root'}-{digest}"


def _here() -> Path:
    """Return the current directory. Raises SettingsError if it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SettingsError(
            "expected a current directory, found that it was removed: go to another"
        ) from error


def home(environ: Mapping[str, str]) -> Path | None:
    """Return the user's home: HOME, else what passwd(5) tells; None without either.

    None for a relative one too: it would be another in each directory.
    """
    found = environ.get("HOME", "")
    if not found:
        import pwd  # late: HOME is nearly always there

        with contextlib.suppress(KeyError):
            found = pwd.getpwuid(os.getuid()).pw_dir
    return Path(found) if Path(found).is_absolute() else None


def _cache_home(environ: Mapping[str, str]) -> Path | None:
    """Return the runner's directory in the cache home (XDG Base Directory Specification)."""
    cache_home = environ.get("XDG_CACHE_HOME", "")
    if Path(cache_home).is_absolute():  # the specification wants others to be ignored
        return Path(cache_home) / "ci-runner"
    found = home(environ)
    return found / ".cache" / "ci-runner" if found else None


def _installed_chromium(environ: Mapping[str, str]) -> str:
    import shutil

    path = environ.get("PATH") or os.defpath
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name, path=path))), "")


def _servers() -> int:
    """Return how many Jupyter servers this machine can drive: nine need 16 processors, three 2."""
    return servers_for(machine.cpus())


def servers_for(cpus: int) -> int:
    """Return the default of JUPYTER_PARALLEL for a number of processors."""
    return min(NOTEBOOKS, max(-(-cpus * 9 // 16), min(cpus + 1, 3)))


def _port_problems(settings: Settings) -> list[str]:
    last = settings.port_jupyter + settings.jupyter_parallel - 1
    problems = []
    if last > HIGHEST_PORT:
        problems.append(
            f"CI_PORT_JUPYTER: expected {settings.jupyter_parallel} ports from it up to "
            f"{HIGHEST_PORT}, found {settings.port_jupyter}: set it, or JUPYTER_PARALLEL, lower"
        )
    owners: dict[int, str] = {}
    for field in PORTS:
        first = getattr(settings, field)
        name = f"CI_{field.upper()}"
        for port in range(first, last + 1) if field == "port_jupyter" else (first,):
            if port in owners:
                problems.append(
                    f"{name}: expected a port of its own, found {port}, which is also "
                    f"{owners[port]}'s: set one of the two to another"
                )
            owners.setdefault(port, name)
    return problems


def _place_problems(settings: Settings) -> list[str]:
    # the root is no checkout: whoever names it wants settings that need none
    inside = settings.repo_dir != Path("/") and settings.state_dir.is_relative_to(settings.repo_dir)
    if settings.box and inside:
        return [
            f"CI_STATE_DIR: expected a directory outside of the checkout {settings.repo_dir}, "
            f"which is cleaned, found {settings.state_dir}: name another"
        ]
    return []


def main(arguments: Sequence[str]) -> int:
    """Print export lines; see the module. Return 0, or 2 for bad usage or settings."""
    if list(arguments) != ["shell"]:
        print("usage: settings.py shell", file=sys.stderr)
        return 2
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    variables = exports(settings) | {"PATH": _path(settings, os.environ)}
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # paths need not be text
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
