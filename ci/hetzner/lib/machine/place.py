"""The directory that all runs of a machine share, whatever their users, homes and TMPDIR.

Another user may have made it, and a hostile one may have put something else there. So it is opened
without following a link, only files of our own are written, and those of others are only read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.common import files

VARIABLE = "CI_MACHINE_DIR"  # another place, for runs that see no common /tmp, and for tests
POOLS = "CI_MACHINE_POOLS"  # 1: runs share the cpu and memory pools as well
DEFAULT = Path("/tmp/ci-runner.locks")
MODE = 0o1777  # as /tmp: each user makes files, and removes only their own
LEDGER = "ledger"  # its lock is held by the one process that changes the claims
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.016  # seconds between two tries to get the ledger


def shared_pools(pools: Mapping[str, int]) -> dict[str, int]:
    """Return the pools that this run shares with the others of its machine, if any."""
    if os.environ.get(POOLS, "") != "1":
        return {}
    return {name: pools[name] for name in ("cpu", "memory") if name in pools}


def path() -> Path:
    """Return the place of this process."""
    return Path(os.environ.get(VARIABLE) or DEFAULT).absolute()


class OpenPlace:
    """The open directory. Names are of files in it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def names(self) -> list[str]:
        """Return the names of all files."""
        return os.listdir(self._handle)  # noqa: PTH208 - of a descriptor

    def read(self, name: str) -> int:
        """Open a file to read it; return the descriptor. Raises OSError."""
        return files.open_file(name, os.O_RDONLY, dir_fd=self._handle)

    def make(self, name: str) -> int:
        """Make a file that everybody may read; return the descriptor. Raises OSError."""
        handle = files.open_file(
            name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=self._handle
        )
        os.fchmod(handle, 0o644)  # whatever the umask
        return handle

    def remove(self, name: str) -> None:
        """Remove a file, unless it is another user's or gone."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._handle)

    def has(self, name: str, handle: int) -> bool:
        """Whether the file of this name is the one that is open as `handle`."""
        try:
            found = os.stat(name, dir_fd=self._handle, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(handle))

    @contextlib.contextmanager
    def ledger(self, patience: float) -> Iterator[bool]:
        """Hold the lock under which claims are made; False if others keep it for `patience` s.

        Raises OSError.
        """
        end, pause = time.monotonic() + patience, FIRST_PAUSE
        handle = self._open_ledger()
        try:
            # a file that was removed while we waited protects nobody
            while not (held := files.try_lock(handle) and self.has(LEDGER, handle)):
                if time.monotonic() >= end:
                    break
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                if not self.has(LEDGER, handle):
                    os.close(handle)
                    handle = self._open_ledger()
            yield held
        finally:
            os.close(handle)

    def _open_ledger(self) -> int:
        """Open the file of the ledger; no O_CREAT for one that is there.

        In a sticky directory another user's file may not be opened with O_CREAT
        (fs.protected_regular, proc_sys_fs(5)).
        """
        while True:
            try:
                return self.read(LEDGER)
            except FileNotFoundError:
                with contextlib.suppress(FileExistsError):
                    return self.make(LEDGER)


@contextlib.contextmanager
def opened(*, make: bool = True) -> Iterator[OpenPlace]:
    """Open the place, and make it if it is missing. Raises OSError with a remedy."""
    place = path()
    if make:
        _make(place)
    handle = _open(place)
    try:
        yield OpenPlace(handle)
    finally:
        os.close(handle)


def _make(place: Path) -> None:
    try:
        place.mkdir()
    except FileExistsError:
        return
    place.chmod(MODE)  # whatever the umask; /tmp is sticky, so nobody else has replaced it


def _open(place: Path) -> int:
    try:
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            kind = files.another_kind(place) or "a file"
            text = f"expected a directory, found {kind}: remove it"
            raise OSError(error.errno, text, str(place)) from error
        raise
    status = os.fstat(handle)
    wrong = stat.S_IMODE(status.st_mode) != MODE
    if place == DEFAULT and wrong and os.geteuid() in (0, status.st_uid):
        with contextlib.suppress(OSError):
            os.fchmod(handle, MODE)
    return handle
