"""A checkout with lock files, and stand-ins for the tools that install from them."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
import unittest.mock
import venv
from pathlib import Path

from lib.buckaroo import environments, settings
from lib.buckaroo.lock_files import Lockcheck
from lib.buckaroo.node_modules import NODE_MODULES, PNPM_LOCK

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TOKEN = "token-of-the-runner"
LOCK_FILES = (*environments.LOCKED_BY, PNPM_LOCK)
SYNC = """\
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
while [ "$1" != --python ]; do shift; done
ln -sf "$2" "$UV_PROJECT_ENVIRONMENT/bin/python"
"""


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def program(path: Path, body: str) -> Path:
    put(path, f"#!/bin/sh\n{body}\n").chmod(0o755)
    return path


class WithTree(unittest.TestCase):
    """A checkout with all lock files, a real environment and node_modules; tools are stubs.

    What real tools make of it is in test_lock_tools.py.
    """

    def setUp(self) -> None:
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.tree = self.home / "tree"
        self.bin = self.home / "bin"
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "CI_STATE_DIR": str(self.home / "state"),
            "CI_REPO_DIR": str(self.tree),
            "GITHUB_TOKEN": TOKEN,
        }
        for name in LOCK_FILES:
            put(self.tree / name, f"content of {name}\n")
        (self.bin / f"python{VERSION}").parent.mkdir()
        (self.bin / f"python{VERSION}").symlink_to(sys.executable)
        self.enterContext(unittest.mock.patch.dict(os.environ, self.environ, clear=True))
        self.config = settings.load(None, self.environ, self.home)
        self.said: list[str] = []

    @property
    def environment(self) -> Path:
        """Where the environment for the lock as it is now belongs."""
        return environments.place(self.config.venvs_dir, self.tree, VERSION, sys.executable)

    def check(self, tree: Path | None = None, timeout: float = 30.0) -> Lockcheck:
        log = self.home / "logs" / "rebuild.log"
        say = self.said.append
        return Lockcheck(self.config, tree or self.tree, log, [VERSION], say, timeout)

    def build(self) -> None:
        """Put everything there, and record it."""
        venv.create(self.environment, with_pip=False, symlinks=True)
        for name in NODE_MODULES:
            put(self.tree / name / "x.js")
        self.check().update()

    def log(self) -> str:
        return (self.home / "logs" / "rebuild.log").read_text()
