#!/usr/bin/env python3
"""Serves the logs of runs to browsers: a program.

`logserver.py [--host HOST] [--port PORT]` serves the runs of the state directory,
and LOG_URL points to it.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others; with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parent.parent)]

from lib.common import program_end, signal_names
from lib.configuration import settings
from lib.configuration.settings import SettingsError
from lib.run_directories.log_server import LogServer


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal; return 2 for unusable settings or an unusable address."""
    parser = argparse.ArgumentParser(prog="logserver.py", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument("--port", type=int, default=8080, help="(default: 8080)")
    parser.add_argument("--state-dir", metavar="DIR", help="the directory that has the runs")
    given = parser.parse_args(arguments)
    try:
        store = settings.load_anywhere({"state_dir": given.state_dir}).state_dir
        server = LogServer(store, given.host, given.port)
    except (SettingsError, OSError, OverflowError) as error:
        print(f"logserver.py: {given.host}:{given.port}: {error}", file=sys.stderr)
        return 2
    with server:
        print(f"serving the runs of {store} on {server.url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return signal_names.exit_code(signal.SIGINT)
    return 0


if __name__ == "__main__":
    program_end.leave(lambda: main(sys.argv[1:]))
