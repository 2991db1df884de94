"""Stops what earlier runs left behind: functions for other programs, and a program itself.

`python3 lib/cleanup.py port 8889 | processes | pkill PATTERN | snapshot LABEL FILE`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others; with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parent.parent)]

from lib.leftovers import cleanup, cleanup_command
from lib.leftovers.cleanup import NOTHING, KnownLeftovers, ci_pkill, kill_port
from lib.leftovers.snapshot import snapshot_container_state

__all__ = ["ci_pkill", "cleanup_processes", "kill_port", "snapshot_container_state"]


def cleanup_processes(*, box: bool | None = None) -> list[str]:
    """Stop the processes of dead runs, and on a box stop and remove the known leftovers.

    Return a description of each action. `box` overrides the setting.
    """
    return cleanup.cleanup_processes(_known(), box=box)


def _known() -> KnownLeftovers:
    """Return the known leftovers of the repository under test. Raises SettingsError."""
    if find_spec("lib.buckaroo") is None:  # the runner is a library in another repository
        return NOTHING
    from lib.buckaroo import leftovers, settings

    return leftovers.known(settings.load_anywhere())


if __name__ == "__main__":
    sys.exit(cleanup_command.main(sys.argv[1:], _known))
