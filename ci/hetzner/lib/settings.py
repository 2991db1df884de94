"""Prints the settings of a job body as `export` lines: `python3 lib/settings.py shell`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parent.parent)]

from lib.buckaroo.settings import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
