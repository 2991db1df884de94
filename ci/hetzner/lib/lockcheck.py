"""Rebuilds the dependencies of the repository under test when its lock files have changed.

Each function takes the checkout and the environments from the settings; `tree` is another place of
the lock files.
"""

from __future__ import annotations

from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import Lockcheck

__all__ = ["LockcheckError", "lockcheck_update", "lockcheck_valid", "rebuild_deps"]


def lockcheck_valid(tree: Path | None = None) -> bool:
    """Whether the installed dependencies are those of the lock files. Raises OSError."""
    return _lockcheck(tree).valid()


def lockcheck_update(tree: Path | None = None) -> None:
    """Record the dependencies, which the caller has installed whole. Raises OSError."""
    _lockcheck(tree).update()


def rebuild_deps(tree: Path | None = None) -> None:
    """Install the dependencies of the lock files, then record them.

    Raises LockcheckError, OSError.
    """
    _lockcheck(tree).rebuild()


def _lockcheck(tree: Path | None) -> Lockcheck:
    config = settings.load()
    return Lockcheck(config, tree or config.repo_dir, config.work_dir / "rebuild.log")
