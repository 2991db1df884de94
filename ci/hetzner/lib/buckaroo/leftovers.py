"""The processes and files that runs of buckaroo are known to leave on a box."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lib.buckaroo.settings import Settings
from lib.configuration.settings import home
from lib.leftovers.cleanup import KnownLeftovers

PATTERNS = (
    r"jupyter",
    r"ipykernel",
    r"chromium|chrome-linux|headless_shell",
    r"node .*(playwright|storybook)",
    r"marimo",
    r"npx serve",
    r"esbuild",
    r"buckaroo\.server",
)
TEMPORARY = (
    "ci-jupyter-*",
    "pw-*",
    ".org.chromium.*",
    "jupyter-port*.log",
    "jlab-ws-*",
    "playwright-artifacts-*",
    "playwright_chromiumdev_profile-*",
)
AT_HOME = (
    ".jupyter/lab/workspaces/*",
    ".local/share/jupyter/runtime/kernel-*.json",
    ".local/share/jupyter/runtime/jpserver-*.json",
    ".local/share/jupyter/runtime/jpserver-*.html",
    ".local/share/jupyter/nbsignatures.db",
    ".ipython/profile_default/db",
)


def known(config: Settings) -> KnownLeftovers:
    """Return the known leftovers."""
    files: dict[Path, Sequence[str]] = {Path("/tmp"): TEMPORARY}
    if place := home(os.environ):
        files[place] = AT_HOME
    return KnownLeftovers(PATTERNS, config.ports, files)
