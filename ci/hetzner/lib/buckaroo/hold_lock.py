"""Waits for the lock of a file that the caller, a script, has open as a descriptor.

`hold_lock.py DESCRIPTOR PATH WHAT`: the lock stays with the caller, for it belongs to the open file
(flock(2)); the program of that name is missing on macOS. Exits with 1 if the file was removed
meanwhile: then the caller opens the one that is there now.
"""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import files
from lib.common.locks import Held

if __name__ == "__main__":
    handle, path, what = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if not files.try_lock(handle):
        print(f"--- waiting for {what}", flush=True)
        fcntl.flock(handle, fcntl.LOCK_EX)
    sys.exit(Held(path, handle).lost)
