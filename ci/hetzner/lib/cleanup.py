"""Stops what earlier runs left behind: functions for other programs, and a program itself.

`python3 lib/cleanup.py port 8889 | processes | pkill PATTERN | snapshot LABEL FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others; with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parent.parent)]

from lib.commit.cleanup import (
    ci_pkill,
    cleanup_processes,
    kill_port,
    main,
    snapshot_container_state,
)

__all__ = ["ci_pkill", "cleanup_processes", "kill_port", "snapshot_container_state"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
