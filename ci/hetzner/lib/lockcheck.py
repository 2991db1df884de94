"""Rebuilds the dependencies of the repository under test when its lock files have changed."""

from __future__ import annotations

from lib.buckaroo.lock_files import lockcheck_update, lockcheck_valid, rebuild_deps

__all__ = ["lockcheck_update", "lockcheck_valid", "rebuild_deps"]
