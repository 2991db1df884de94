"""Every setting of a run, in one home: argument, then environment, then a default for the place.

The place is a CI box only where CI_BOX=1 says so (the image sets it). Whatever kills by name,
cleans a checkout or frees a port by force asks `Settings.box` and nothing else.

As a program, `settings.py shell` prints the variables of a job body as `export` lines, so that a
body finds the same settings when it is run by hand.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lib import redact

RUNNER_DIR = Path(__file__).resolve().parent.parent
PORTS = {
    "CI_PORT_STORYBOOK": 6006,
    "CI_PORT_SERVER": 8701,
    "CI_PORT_MARIMO": 2718,
    "CI_PORT_WASM_MARIMO": 8765,
    "CI_PORT_MCP": 8700,
    "CI_PORT_JUPYTER": 8889,
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


class SettingsError(ValueError):
    """Settings that cannot be used; the message lists every one, and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a run was told. Directories are absolute, times are seconds."""

    box: bool
    repo_dir: Path
    state_dir: Path
    runner_dir: Path
    timeout: float
    github_token: str
    github_repo: str
    github_api_url: str
    log_url: str
    job_statuses: bool
    secret_names: tuple[str, ...]
    venvs_dir: Path
    pnpm_store: Path
    browsers_path: str
    chromium: str
    jupyter_parallel: int
    jupyter_token: str
    jupyter_python: str
    pytest_workers: int
    ports: Mapping[str, int]

    def __repr__(self) -> str:
        return f"Settings(box={self.box}, repo_dir={str(self.repo_dir)!r}, …)"  # no token in logs

    @property
    def key(self) -> str:
        """A name for the checkout under test that can be part of a path."""
        digest = hashlib.sha256(str(self.repo_dir).encode()).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9._-]', '_', self.repo_dir.name) or 'root'}-{digest}"

    @property
    def work_dir(self) -> Path:
        """Scratch of this checkout's runs."""
        return self.state_dir / "work" / self.key

    @property
    def worktree_dir(self) -> Path:
        """The runner's own worktree of the repository, off the box."""
        return self.state_dir / "worktrees" / self.key

    def exports(self) -> dict[str, str]:
        """Return what a job body finds in its environment, beside what a run adds."""
        variables = {
            "CI_REPO_DIR": str(self.repo_dir),
            "CI_STATE_DIR": str(self.state_dir),
            "CI_RUNNER_DIR": str(self.runner_dir),
            "CI_WORK_DIR": str(self.work_dir),
            "CI_VENVS_DIR": str(self.venvs_dir),
            "CI_PNPM_STORE_DIR": str(self.pnpm_store),
            "PNPM_STORE_DIR": str(self.pnpm_store),
            "npm_config_store_dir": str(self.pnpm_store),
            "CI_CHROMIUM": self.chromium,
            "JUPYTER_PARALLEL": str(self.jupyter_parallel),
            "JUPYTER_TOKEN": self.jupyter_token,
            "JUPYTER_PYTHON": self.jupyter_python,
            "PYTEST_WORKERS": str(self.pytest_workers),
            **{name: str(port) for name, port in self.ports.items()},
        }
        if self.box:
            variables["CI_BOX"] = "1"
        if self.browsers_path:
            variables["PLAYWRIGHT_BROWSERS_PATH"] = self.browsers_path
        return variables


def job_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what job bodies see: the caller's environment less secrets, plus the settings."""
    env = redact.without_secrets(environ, settings.secret_names) | settings.exports()
    tools = settings.state_dir / "tools" / "bin"
    if tools.is_dir():
        env["PATH"] = f"{tools}{os.pathsep}{env.get('PATH', os.defpath)}"
    return env


def load(
    arguments: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Settings:
    """Return the settings; `arguments` hold what the command line gave, None for what it did not.

    Raises SettingsError that lists every problem at once.
    """
    return _Loader(dict(arguments or {}), environ, cwd or Path.cwd()).load()


class _Loader:
    """Reads one setting after the other and collects what is wrong with them."""

    def __init__(
        self, arguments: Mapping[str, object], environ: Mapping[str, str], cwd: Path
    ) -> None:
        self._arguments = arguments
        self._environ = environ
        self._cwd = cwd
        self._problems: list[str] = []
        self._box = self._flag("CI_BOX")

    def load(self) -> Settings:
        box = self._box
        repo = self._repo_dir()
        state = self._path("state_dir", "CI_STATE_DIR", Path("/opt/ci") if box else self._home())
        here = (lambda path, _: Path(path)) if box else (lambda _, name: state / name)
        settings = Settings(
            box=box,
            repo_dir=repo,
            state_dir=state,
            runner_dir=self._path("runner_dir", "CI_RUNNER_DIR", RUNNER_DIR),
            timeout=self._seconds("timeout", "CI_TIMEOUT", 900 if box else 1800),
            github_token=self._text("GITHUB_TOKEN", ""),
            github_repo=self._matching("GITHUB_REPO", r"[\w.-]+/[\w.-]+", "owner/name"),
            github_api_url=self._text("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            log_url=self._text("LOG_URL", ""),
            job_statuses=self._flag("CI_JOB_STATUSES"),
            secret_names=tuple(self._text("CI_SECRETS", "").replace(",", " ").split()),
            venvs_dir=self._path("", "CI_VENVS_DIR", here("/opt/venvs", "venvs")),
            pnpm_store=self._path("", "CI_PNPM_STORE_DIR", here("/opt/pnpm-store", "pnpm-store")),
            browsers_path=self._text(
                "PLAYWRIGHT_BROWSERS_PATH", "/opt/ms-playwright" if box else ""
            ),
            chromium=self._text("CI_CHROMIUM", "" if box else self._installed_chromium()),
            jupyter_parallel=self._number("JUPYTER_PARALLEL", _servers(), 1, 64),
            jupyter_token=self._text("JUPYTER_TOKEN", "test-token-12345"),
            jupyter_python=self._matching("JUPYTER_PYTHON", r"3\.\d+", "3.13", "3.13"),
            pytest_workers=self._number("PYTEST_WORKERS", 4, 1, 256, "pytest_workers"),
            ports={name: self._number(name, port, 1, 65535) for name, port in PORTS.items()},
        )
        if self._problems:
            raise SettingsError("\n".join(self._problems))
        return settings

    def _given(self, argument: str, name: str) -> tuple[str, str]:
        """Return where a value comes from, and the value: '' if nobody gave one."""
        value = self._arguments.get(argument) if argument else None
        if value is not None:
            return f"--{argument.replace('_', '-')}", str(value)
        return name, self._environ.get(name, "")

    def _text(self, name: str, default: str) -> str:
        return self._environ.get(name, "") or default

    def _flag(self, name: str) -> bool:
        value = self._environ.get(name, "")
        if value not in ("", "0", "1"):
            self._problems.append(f"{name}: expected 1 or 0, found {value!r}")
        return value == "1"

    def _matching(self, name: str, pattern: str, form: str, default: str = "") -> str:
        value = self._text(name, default)
        if value and not re.fullmatch(pattern, value):
            self._problems.append(f"{name}: expected a value such as {form}, found {value!r}")
        return value

    def _number(self, name: str, default: int, low: int, high: int, argument: str = "") -> int:
        source, value = self._given(argument, name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            self._problems.append(f"{source}: expected a number {low} to {high}, found {value!r}")
            return default
        return int(value)

    def _seconds(self, argument: str, name: str, default: float) -> float:
        source, value = self._given(argument, name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value) or float(value) == 0:
            self._problems.append(f"{source}: expected seconds, more than 0, found {value!r}")
            return default
        return float(value)

    def _path(self, argument: str, name: str, default: Path) -> Path:
        _, value = self._given(argument, name)
        return Path(os.path.normpath(self._cwd / (Path(value).expanduser() if value else default)))

    def _repo_dir(self) -> Path:
        source, value = self._given("repo", "CI_REPO_DIR")
        if value:
            path = self._path("repo", "CI_REPO_DIR", self._cwd)
            if not path.is_dir():
                self._problems.append(f"{source}: expected a checkout, found nothing at {path}")
            return path
        if self._box:
            return Path("/repo")
        for directory in (self._cwd, *self._cwd.parents):
            if (directory / ".git").exists():
                return directory
        self._problems.append(
            f"expected a git checkout around {self._cwd}, found none: go into one, or name it "
            "with --repo or CI_REPO_DIR"
        )
        return self._cwd

    def _home(self) -> Path:
        cache_home = self._environ.get("XDG_CACHE_HOME", "")
        if not Path(cache_home).is_absolute():  # the XDG base directory specification asks for it
            cache_home = self._environ.get("HOME", str(Path("~").expanduser())) + "/.cache"
        return Path(cache_home) / "ci-runner"

    def _installed_chromium(self) -> str:
        path = self._environ.get("PATH", os.defpath)
        names = ("chromium", "chromium-browser", "google-chrome")
        return next((found for name in names if (found := shutil.which(name, path=path))), "")


def _servers() -> int:
    """Return how many Jupyter servers this machine can drive: nine need sixteen processors."""
    return max(3, min(9, (os.cpu_count() or 1) * 9 // 16))


def main(arguments: Sequence[str]) -> int:
    """Print export lines; see the module."""
    if list(arguments) != ["shell"]:
        print("usage: settings.py shell", file=sys.stderr)
        return 2
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    variables = settings.exports()
    tools = settings.state_dir / "tools" / "bin"
    if tools.is_dir():
        variables["PATH"] = f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
