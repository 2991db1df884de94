"""The settings of a run on buckaroo: those of any run, and of ports, environments and browsers.

`lib/settings.py shell` prints the variables of a job body as `export` lines, so that a
body finds the same settings when it is run by hand.
"""

from __future__ import annotations

import dataclasses
import io
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.common import machine
from lib.configuration import settings as common
from lib.configuration.reader import Reader, SettingsError
from lib.configuration.settings import job_environment, search_path, secrets, work_dir
from lib.model.job_fields import HIGHEST_PORT

__all__ = [
    "PORTS",
    "Settings",
    "SettingsError",
    "job_environment",
    "load",
    "load_anywhere",
    "secrets",
    "work_dir",
]

PORTS = {
    "port_storybook": 6006,
    "port_server": 8701,
    "port_marimo": 2718,
    "port_wasm_marimo": 8765,
    "port_mcp": 8700,
    "port_jupyter": 8889,
}
TOKEN_BYTES = 16
NOTEBOOKS = 9  # more Jupyter servers than notebooks would idle


@dataclass(frozen=True, repr=False)
class Settings(common.Settings):
    """The settings of a run on buckaroo. Directories are absolute."""

    venvs_dir: Path  # CI_VENVS_DIR: the Python environments that all checkouts share
    pnpm_store: Path  # CI_PNPM_STORE_DIR
    browsers_path: str  # PLAYWRIGHT_BROWSERS_PATH, or '' for Playwright's own choice
    chromium: str  # CI_CHROMIUM: a browser to use in place of Playwright's, or ''
    jupyter_parallel: int  # JUPYTER_PARALLEL: servers, and notebooks at once
    # JUPYTER_TOKEN, or a random one; the servers listen on this machine only
    jupyter_token: str = dataclasses.field(compare=False)
    jupyter_python: str  # JUPYTER_PYTHON: version of the Jupyter environment
    pytest_workers: int  # PYTEST_WORKERS
    port_storybook: int  # CI_PORT_STORYBOOK, and so on for each port
    port_server: int
    port_marimo: int
    port_wasm_marimo: int
    port_mcp: int
    port_jupyter: int  # the first of `jupyter_parallel` ports in a row

    @property
    def jupyter_ports(self) -> range:
        """The ports of the Jupyter servers, one each."""
        return range(self.port_jupyter, self.port_jupyter + self.jupyter_parallel)

    @property
    def ports(self) -> list[int]:
        """Every port on which a job listens, in ascending order."""
        return sorted({*(getattr(self, field) for field in PORTS), *self.jupyter_ports})

    def exports(self) -> dict[str, str]:
        """Return the variables that a job body gets, beside those that the run itself adds."""
        variables = super().exports() | {
            "CI_VENVS_DIR": str(self.venvs_dir),
            # three names of one store: pnpm links node_modules anew when its store changes, so
            # every call gets pnpm's own variable, and the repository's scripts get theirs
            "CI_PNPM_STORE_DIR": str(self.pnpm_store),
            "PNPM_STORE_DIR": str(self.pnpm_store),
            "npm_config_store_dir": str(self.pnpm_store),
            # pnpm waits 10 and 60 s before it tries again: too long to learn of a lost network
            "npm_config_fetch_retry_mintimeout": "1000",
            "npm_config_fetch_retry_maxtimeout": "3000",
            "CI_CHROMIUM": self.chromium,
            "JUPYTER_PARALLEL": str(self.jupyter_parallel),
            "JUPYTER_TOKEN": self.jupyter_token,
            "JUPYTER_PYTHON": self.jupyter_python,
            "PYTEST_WORKERS": str(self.pytest_workers),
            **{f"CI_{field.upper()}": str(getattr(self, field)) for field in PORTS},
        }
        if self.browsers_path:
            variables["PLAYWRIGHT_BROWSERS_PATH"] = self.browsers_path
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
    read = Reader(arguments or {}, environ, cwd or common.current_directory())
    return _extended(read, common.of_checkout(read))


def load_anywhere(
    arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings where no checkout is needed: `repo_dir` is the current directory.

    Raises SettingsError that lists every problem.
    """
    read = Reader(arguments or {}, environ, common.current_directory())
    return _extended(read, common.of_directory(read))


def _extended(read: Reader, base: common.Settings) -> Settings:
    """Return the settings with those of buckaroo. Raises SettingsError that lists every problem."""
    box, state = base.box, base.state_dir
    venvs, store = Path("/opt/venvs"), Path("/opt/pnpm-store")
    if not box:
        venvs, store = state / "venvs", state / "pnpm-store"
    token = os.urandom(TOKEN_BYTES).hex()
    ports: dict[str, Any] = {
        field: read.number(field, f"CI_{field.upper()}", port, 1, HIGHEST_PORT)
        for field, port in PORTS.items()
    }
    found = Settings(
        **vars(base),
        venvs_dir=read.path("venvs_dir", "CI_VENVS_DIR", venvs),
        pnpm_store=read.path("pnpm_store", "CI_PNPM_STORE_DIR", store),
        browsers_path=read.text("PLAYWRIGHT_BROWSERS_PATH", "/opt/ms-playwright" if box else ""),
        chromium=read.text("CI_CHROMIUM", "" if box else _installed_chromium(read.environ)),
        jupyter_parallel=read.number("jupyter_parallel", "JUPYTER_PARALLEL", _servers(), 1, 64),
        jupyter_token=read.matching("JUPYTER_TOKEN", r"[\w.~-]+", "a-b_1", token),
        jupyter_python=read.matching("JUPYTER_PYTHON", r"3\.\d+", "3.13", "3.13"),
        pytest_workers=read.number("pytest_workers", "PYTEST_WORKERS", 4, 1, 256),
        **ports,
    )
    read.refuse(_port_problems(found))
    read.finish()
    return found


def _installed_chromium(environ: Mapping[str, str]) -> str:
    import shutil  # late: no box needs it

    path = environ.get("PATH") or os.defpath
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name, path=path))), "")


def _servers() -> int:
    return servers_for(machine.cpus())


def servers_for(cpus: int) -> int:
    """Return the default of JUPYTER_PARALLEL: 9 servers need 16 processors, 3 need 2."""
    return min(NOTEBOOKS, max(-(-cpus * 9 // 16), min(cpus + 1, 3)))


def _port_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.jupyter_ports[-1] > HIGHEST_PORT:
        problems.append(
            f"CI_PORT_JUPYTER: expected {settings.jupyter_parallel} ports from it up to "
            f"{HIGHEST_PORT}, found {settings.port_jupyter}: set it, or JUPYTER_PARALLEL, lower"
        )
    owners: dict[int, str] = {}
    for field in PORTS:
        name, first = f"CI_{field.upper()}", getattr(settings, field)
        for port in settings.jupyter_ports if field == "port_jupyter" else (first,):
            if port in owners:
                problems.append(
                    f"{name}: expected a port of its own, found {port}, which is also "
                    f"{owners[port]}'s: set one of the two to another"
                )
            owners.setdefault(port, name)
    return problems


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
    variables = settings.exports() | {"PATH": search_path(settings, os.environ)}
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # paths need not be text
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
