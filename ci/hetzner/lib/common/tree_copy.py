"""Copies files and trees as they are: links, modes, empty directories, holes, modification times.

By reflink where the file system can (ioctl_ficlone(2)), never by hard link: a copy must not
change when the original does.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from lib.common import files

FICLONE = 0x40049409
CHUNK = 1024 * 1024  # bytes


class UnsupportedFileError(OSError):
    """Something that is neither a file, a directory nor a symlink."""


def copy(source: Path, target: Path, between: Callable[[], None] = lambda: None) -> None:
    """Copy a file, a symlink or a whole directory to a path that does not exist. Raises OSError.

    `between` is called before each file and each part of its data; its errors are passed on.
    """
    between()
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISDIR(status.st_mode):
        target.mkdir()
        for entry in sorted(source.iterdir()):
            copy(entry, target / entry.name, between)
        _dress(target, status)
    elif stat.S_ISREG(status.st_mode):
        _copy_file(source, target, between)
        _dress(target, status)
    else:
        raise UnsupportedFileError(f"{source}: expected a file, a directory or a symlink")


def _copy_file(source: Path, target: Path, between: Callable[[], None]) -> None:
    with _opened(source) as reader, target.open("xb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), FICLONE, reader.fileno())
        except OSError:  # this file system, or this pair of them, cannot share blocks
            _copy_data(reader.fileno(), writer.fileno(), between)


def _opened(path: Path) -> BufferedReader:
    # a job may have put something else there since the last look
    return os.fdopen(files.open_file(path, os.O_RDONLY), "rb")


def _copy_data(source: int, target: int, between: Callable[[], None]) -> None:
    """Copy the data of a file; its holes take no room in the copy."""
    size = os.fstat(source).st_size
    os.ftruncate(target, size)
    for begin, end in extents(source, size):
        place = begin
        while data := os.pread(source, min(CHUNK, end - place), place):
            between()
            view = memoryview(data)
            while view:
                written = os.pwrite(target, view, place)
                view, place = view[written:], place + written


def extents(handle: int, size: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each extent of data in a file (lseek(2), SEEK_DATA, SEEK_HOLE).

    `start` is the first byte that is looked at, `size` the end.
    """
    begin, end = start, start
    while end < size:
        try:
            begin = os.lseek(handle, end, os.SEEK_DATA)
            end = os.lseek(handle, begin, os.SEEK_HOLE)
        except (OSError, AttributeError) as error:
            if getattr(error, "errno", 0) == errno.ENXIO:  # nothing but a hole follows
                return
            begin, end = end, size  # a system, or a file system, that reports no holes
        yield begin, end


def _dress(target: Path, status: os.stat_result) -> None:
    target.chmod(stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def digest(path: Path) -> str:
    """Return a SHA-256 over names, kinds, modes and contents below a path. Raises OSError."""
    total = hashlib.sha256()
    for name, kind, content in _walk(path, ""):
        total.update(f"{len(name)} {name} {kind} {content}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def _walk(path: Path, name: str) -> Iterator[tuple[str, str, str]]:
    status = path.lstat()
    mode = oct(stat.S_IMODE(status.st_mode))
    if stat.S_ISLNK(status.st_mode):
        yield name, "link", str(path.readlink())
    elif stat.S_ISDIR(status.st_mode):
        yield name, "directory", mode
        for entry in sorted(path.iterdir()):
            yield from _walk(entry, f"{name}/{entry.name}")
    elif stat.S_ISREG(status.st_mode):
        with _opened(path) as file:
            yield name, f"file {mode}", hashlib.file_digest(file, "sha256").hexdigest()
    else:
        raise UnsupportedFileError(f"{path}: expected a file, a directory or a symlink")


def links(path: Path) -> Iterator[Path]:
    """Yield the symlinks below a directory; none for a file. Raises OSError."""
    queue = [path] if path.is_dir() else []
    for directory in queue:  # grows during the loop
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir():
                    queue.append(Path(entry.path))


def size(path: Path) -> int:
    """Return the bytes of all files below a path, without their holes."""
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        return status.st_size + sum(size(entry) for entry in path.iterdir())
    if stat.S_ISREG(status.st_mode) and status.st_blocks * 512 < status.st_size:
        with _opened(path) as file:
            return sum(end - begin for begin, end in extents(file.fileno(), status.st_size))
    return status.st_size


def open_up(tree: Path, but: str = "") -> bool:
    """Give the owner all rights to each directory of a tree; return whether one was changed.

    Directories of the name `but` and those below them stay as they are, and so do directories of
    another user.
    """
    changed = _grant(tree)
    for directory, names, _ in os.walk(
        tree
    ):  # it lists each directory after this one was opened up
        names[:] = [name for name in names if name != but]
        for name in names:
            changed = _grant(Path(directory, name)) or changed
    return changed


def _grant(directory: Path) -> bool:
    try:
        mode = directory.lstat().st_mode
        if not stat.S_ISDIR(mode) or mode & stat.S_IRWXU == stat.S_IRWXU:
            return False
        directory.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    except OSError:  # gone, or of another user: a step that needs the right fails by name
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file, a symlink or a tree, directories without write permission too."""
    if path.is_dir() and not path.is_symlink():
        import shutil  # late: most runs remove no directory

        open_up(path)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`, of any kind; on failure the old one stays."""
    if not target.is_symlink() and target.is_dir():
        old = fresh.with_name(f"{fresh.name}.old")
        _move(target, old)
        try:
            _move(fresh, target)
        except OSError:
            _move(old, target)
            raise
        remove(old)
    elif fresh.is_dir() and not fresh.is_symlink():
        target.unlink(missing_ok=True)
        _move(fresh, target)
    else:
        fresh.replace(target)


def _move(source: Path, target: Path) -> None:
    """Rename, also a directory that may not be written: its `..` changes (rename(2), EACCES)."""
    status = source.lstat()
    mode = stat.S_IMODE(status.st_mode)
    closed = stat.S_ISDIR(status.st_mode) and not mode & stat.S_IWUSR
    if closed:
        source.chmod(mode | stat.S_IWUSR)
    try:
        source.rename(target)
    except OSError:
        if closed:
            source.chmod(mode)
        raise
    if closed:
        target.chmod(mode)


@contextlib.contextmanager
def writable(directory: Path) -> Iterator[None]:
    """Let the owner of a directory write in it for a while; another user's stays as it is."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    opened = False
    if not mode & stat.S_IWUSR:
        with contextlib.suppress(OSError):
            directory.chmod(mode | stat.S_IWUSR)
            opened = True
    try:
        yield
    finally:
        if opened:
            directory.chmod(mode)
