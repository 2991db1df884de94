"""Files that are whole or not there, and logs that overwrite nothing.

A job can put anything into the places that the runner opens: a pipe that waits for a reader, a link
to elsewhere. So a file that a job can reach is opened by `open_file`, or made anew by `begin`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symlink",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# open(2): no link in the last component, no wait for the other end of a pipe, no terminal of ours
CAREFUL = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
HALF_WRITTEN = re.compile(r"\..+\.[0-9a-f]{16}\.writing", re.DOTALL)
LARGEST = 16 * 1024 * 1024  # bytes of a file that is read whole, unless its reader says otherwise
PIECE = 65_536  # bytes
TRIES = 100  # to make a file where another process makes one, too


class NotAFileError(OSError):
    """A directory, link, pipe or device is in the place of a regular file."""


class TooLongError(OSError):
    """A file is longer than its reader can use."""


def open_file(path: Path | str, flags: int, mode: int = 0o644, *, dir_fd: int | None = None) -> int:
    """Open a regular file and nothing that a job has put in its place; return the descriptor.

    It never blocks, and follows no link in the last component; a user may have linked the
    directory. A relative path begins at the open directory `dir_fd`, if there is one. Raises
    NotAFileError, which names the kind that it found, and OSError.
    """
    try:
        handle = os.open(path, flags | CAREFUL, mode, dir_fd=dir_fd)
    except OSError as error:
        # ELOOP of a link, ENXIO of a pipe or a socket, EISDIR
        found = another_kind(path, dir_fd=dir_fd)
        raise _not_a_file(path, found) if found else error from error
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        raise _not_a_file(path, KINDS.get(kind, "something else"))
    os.set_blocking(handle, True)  # users of the descriptor expect a blocking one
    return handle


def _not_a_file(path: Path | str, found: str) -> NotAFileError:
    return NotAFileError(errno.EINVAL, f"expected a file, found {found}", str(path))


def another_kind(path: Path | str, *, dir_fd: int | None = None) -> str:
    """Return the kind of a path that is no regular file: `a pipe`, `a symlink`, …; else ''."""
    try:
        kind = stat.S_IFMT(os.lstat(path, dir_fd=dir_fd).st_mode)
    except OSError:
        return ""
    return "" if kind == stat.S_IFREG else KINDS.get(kind, "something else")


def read(path: Path | str, most: int = LARGEST) -> bytes:
    """Return the content of a regular file of at most so many bytes.

    A job may have made it as long as it likes, also while it is read. Raises TooLongError,
    NotAFileError, OSError.
    """
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise _too_long(path, most, f"{size}")
        content = file.read(size + 1)
        # it may grow, and the files of /proc have no size
        while len(content) <= most and (piece := file.read(PIECE)):
            content += piece
        if len(content) > most:
            raise _too_long(path, most, "more")
        return content


def _too_long(path: Path | str, most: int, found: str) -> TooLongError:
    return TooLongError(errno.EFBIG, f"expected at most {most} bytes, found {found}", str(path))


def begin(path: Path | str) -> int:
    """Make an empty file to append to, and rotate one in its place. Return the descriptor.

    O_EXCL follows no link and opens no existing file (open(2)). Raises OSError.
    """
    for _ in range(TRIES):
        try:
            return os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644
            )
        except FileExistsError:
            rotate(Path(path))
    raise FileExistsError(errno.EEXIST, "another process makes it again and again", str(path))


def atomic_write(
    path: Path,
    data: str | bytes,
    mode: int = 0o644,
    *,
    durable: bool = True,
    sweeps: bool = True,
) -> None:
    """Write a file so that a reader, or a crash, sees the whole new file or the old one.

    If it `sweeps`, half-written files of dead writers in the directory are removed before that,
    which lists the directory. Raises OSError.
    """
    if sweeps:
        sweep(path.parent)
    # names of files may be no text (os.fsdecode): their bytes are written unchanged
    content = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    with replacing(path, mode, durable=durable) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o644, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    It is written beside the target, synced if `durable`, then renamed over it (rename(2)). Raises
    OSError, which names the target.
    """
    with _named(path):
        handle, name = _begin_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
            with _named(path):
                name.replace(path)  # before it is closed: its lock shows that its writer lives
    except BaseException:
        name.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors of the file beside a target name the target, as users know no other."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EISDIR:
            raise _not_a_file(path, KINDS[stat.S_IFDIR]) from error
        raise OSError(error.errno, error.strerror, str(path)) from error


def _begin_beside(path: Path) -> tuple[int, Path]:
    """Make a locked file beside a path; return its descriptor and its path."""
    while True:
        # a name of nearly the greatest length leaves no room for a suffix
        name = path.parent / f".{path.name[:40]}.{os.urandom(8).hex()}.writing"
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            locked = try_lock(handle)
        except OSError:  # a file system without locks: no sweep happens there
            locked = True
        if locked and name.exists():
            return handle, name
        os.close(handle)  # a sweep came between our two steps
        name.unlink(missing_ok=True)


def sweep(directory: Path) -> None:
    """Remove the half-written files of dead writers from a directory.

    A writer locks its file (flock(2)) while it writes, and the kernel frees the lock of a dead
    writer. A file that cannot be locked or removed stays, and so do files of other programs.
    """
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".")]
    except OSError:
        return
    for name in names:
        if HALF_WRITTEN.fullmatch(name):
            with contextlib.suppress(OSError):
                _remove_if_dead(directory / name)


def _remove_if_dead(half_written: Path) -> None:
    handle = open_file(half_written, os.O_RDWR)
    try:
        if try_lock(handle):
            half_written.unlink()
    finally:
        os.close(handle)


def rotate(path: Path) -> None:
    """Rename a path to the next free one of `path.1`, `path.2`, …, overwriting nothing.

    After thousands of others it takes few looks: it doubles the number until one is free, then
    halves the distance. Where numbers are missing, it may be another free one than the first.

    Making the new name (O_EXCL) reserves it, so that another process that rotates or writes at the
    same time gets another name; the rename then replaces only the file made here. Raises OSError.
    """
    number = _free_number(path)
    while os.path.lexists(path):
        numbered = Path(f"{path}.{number}")
        directory = path.is_dir() and not path.is_symlink()  # replaces a directory only, rename(2)
        try:
            if directory:
                numbered.mkdir()
            else:
                os.close(os.open(numbered, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        except FileExistsError:
            number += 1
            continue
        try:
            path.rename(numbered)
        except OSError as error:
            numbered.rmdir() if directory else numbered.unlink()
            if not isinstance(error, FileNotFoundError):  # another process has rotated it
                raise
        return


def _free_number(path: Path) -> int:
    """Return a number n for which there is no `path.n`, and a `path.(n-1)` unless n is 1."""
    taken, free = 0, 1
    while os.path.lexists(f"{path}.{free}"):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if os.path.lexists(f"{path}.{middle}"):
            taken = middle
        else:
            free = middle
    return free


def nameless() -> IO[bytes]:
    """Return a file without a name, in memory where the system has that. Raises OSError."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("nameless"), "w+b")
    import tempfile  # late: only systems without memfd_create need it

    return tempfile.TemporaryFile()


def try_lock(handle: int, *, shared: bool = False) -> bool:
    """Lock an open file (flock(2)) without waiting; return whether it worked. Raises OSError."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
