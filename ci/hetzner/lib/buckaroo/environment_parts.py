"""The parts of the environment record that only runs on buckaroo have. Starts no process.

The packages of an environment are the names of its `.dist-info` directories (the specification
"Recording installed projects" of the Python packaging authority).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from lib.buckaroo import environments
from lib.buckaroo.pythons import VERSIONS
from lib.buckaroo.settings import Settings
from lib.common import files

SUFFIX = ".dist-info"
VERSION_KEYS = ("version_info", "version")  # in pyvenv.cfg, by uv and by venv
SECRET = ("github_token", "jupyter_token")
PLAYWRIGHTS_CHOICE = {"darwin": "Library/Caches/ms-playwright"}  # in the home, by system
ON_LINUX = ".cache/ms-playwright"


def parts(config: Settings, tree: Path) -> dict[str, object]:
    """Return interpreters, packages, browsers and settings of a run on `tree`. Raises OSError."""
    used = _environments(config, tree)
    return {
        "interpreters": {name: _interpreter(place) for name, place in used.items()},
        "packages": {name: _packages(place) for name, place in used.items()},
        "browsers": _browsers(config.browsers_path),
        "settings": _settings(config),
    }


def _environments(config: Settings, tree: Path) -> dict[str, Path]:
    """Return the shared environments by version, and those of single jobs by name."""
    shared = {v: environments.find(config.venvs_dir, tree, v) for v in VERSIONS}
    own = sorted((config.work_dir / "venvs").glob("*/pyvenv.cfg"))
    found = {version: place for version, place in shared.items() if place is not None}
    return found | {file.parent.name: file.parent for file in own}


def _interpreter(environment: Path) -> dict[str, str | None]:
    text = ""
    with contextlib.suppress(OSError):
        text = files.read(environment / "pyvenv.cfg").decode(errors="replace")
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    told = {key.strip(): value.strip() for key, value in pairs}
    version = next((told[key] for key in VERSION_KEYS if key in told), None)
    return {"path": os.path.realpath(environment / "bin" / "python"), "version": version}


def _packages(environment: Path) -> dict[str, str]:
    """Return the versions of the packages of an environment by their names."""
    found = {}
    for place in environment.glob("lib/python*/site-packages"):
        with contextlib.suppress(OSError):
            for entry in sorted(os.listdir(place)):  # noqa: PTH208 - names
                name, _, version = entry.removesuffix(SUFFIX).partition("-")
                if entry.endswith(SUFFIX) and version:
                    found[name] = version
    return found


def _browsers(directory: str) -> list[str]:
    """Return the names and revisions of the browsers of Playwright."""
    home = Path(os.environ.get("HOME", "/"), PLAYWRIGHTS_CHOICE.get(sys.platform, ON_LINUX))
    place = Path(directory) if directory else home
    with contextlib.suppress(OSError):
        return sorted(each.name for each in place.iterdir() if not each.name.startswith("."))
    return []


def _settings(config: Settings) -> Mapping[str, object]:
    """Return the settings by the names of their fields, without those that hold a secret."""
    plain = str | int | float | bool | Path
    found = {each.name: getattr(config, each.name) for each in fields(config)}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in found.items()
        if isinstance(value, plain) and name not in SECRET
    }
