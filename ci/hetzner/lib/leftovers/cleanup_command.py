"""The command line of `lib/cleanup.py`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from lib.common import console
from lib.leftovers.cleanup import KnownLeftovers, ci_pkill, cleanup_processes, kill_port
from lib.leftovers.snapshot import snapshot_container_state
from lib.processes import ports

USAGE = "usage: cleanup.py port PORT | processes | pkill PATTERN | snapshot LABEL FILE"


def main(arguments: Sequence[str], known: Callable[[], KnownLeftovers]) -> int:
    """Run one action; return 0 when done, 1 if a port is still held, 2 for bad usage."""
    try:
        with console.forgiving():  # processes are stopped even if nothing reads the output
            return _main(arguments, known)
    except (ValueError, OSError) as error:
        print(f"cleanup.py: {error}", file=sys.stderr)
        return 2


def _main(arguments: Sequence[str], known: Callable[[], KnownLeftovers]) -> int:
    match list(arguments):
        case ["port", port] if port.isdigit() and 0 < int(port) < 65536:
            done = kill_port(int(port))
            code = 1 if ports.listeners(int(port)) else 0
        case ["processes"]:
            done, code = cleanup_processes(known()), 0
        case ["pkill", pattern]:
            done, code = ci_pkill(pattern), 0
        case ["snapshot", label, outfile]:
            snapshot_container_state(label, outfile)
            done, code = [], 0
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    for line in done:
        print(f"stopped {line}" if not line.startswith("removed") else line)
    return code
