"""unit: no process. runs: real processes. faults, bodies, rules: see their docstrings.

Their runs are in a register of their own, so that none waits for a port of another run.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "ci-runner-tests."
OLD = 3600.0  # seconds; a younger register is left alone, whether or not it is locked yet


def _begin_register() -> Path:
    """Return a new directory, which is locked while this program lives."""
    place = Path(tempfile.mkdtemp(prefix=PREFIX))
    fcntl.flock(os.open(place, os.O_RDONLY), fcntl.LOCK_EX)
    place.chmod(0o1777)  # tests have runs of several users
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def _remove_registers_of_killed_programs() -> None:
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # locked, another user's, or gone
            handle = os.open(place, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(handle).st_mtime > OLD:
                    shutil.rmtree(place, ignore_errors=True)
            finally:
                os.close(handle)


os.environ.pop("GITHUB_ACTIONS", None)  # in a step of it a run shows other lines
if "CI_MACHINE_DIR" not in os.environ:  # else it is that of the program that started us
    _remove_registers_of_killed_programs()
    os.environ["CI_MACHINE_DIR"] = str(_begin_register())
