"""A run in one file: a gzipped tar of its directory, with paths that lead nowhere else.

The same run gives the same bytes. A file from elsewhere is read with care: it may name any path,
and may hold more than fits here.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from lib.common import files, tree_copy
from lib.run_directories import run_name
from lib.run_directories.run_contents import MOST, StoredFile
from lib.run_directories.run_name import RunName
from lib.run_directories.stored_run import StoredRun

MOST_BYTES = 2 * 10**9  # of all files of a run together
SUFFIX = ".tar.gz"
GOES_ON = "goes-on"  # an empty file, if the run had not ended
LONGEST_HEADER = 1024 * 1024  # bytes
DAMAGE = (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, OverflowError)


def choose(found: Iterable[StoredFile]) -> tuple[list[StoredFile], list[StoredFile]]:
    """Return the files of a run that go into an archive, and those for which there is no room.

    Those at the top, which tell of the run, come first; hidden ones there are the runner's own.
    """
    chosen, others, total = [], [], 0
    for file in sorted(found, key=lambda file: ("/" in file.path, file.path)):
        if file.path.startswith("."):
            continue
        if total + file.size <= MOST_BYTES:
            chosen.append(file)
            total += file.size
        else:
            others.append(file)
    return chosen, others


def write(run: Path, chosen: Sequence[StoredFile], out: IO[bytes], *, live: bool) -> list[str]:
    """Write the files of a run; return the paths of those that cannot be read. Raises OSError."""
    unread = []
    with (
        gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in chosen:
            try:
                handle = files.open_file(run / file.path, os.O_RDONLY)
            except OSError:
                unread.append(file.path)
                continue
            with os.fdopen(handle, "rb") as opened:
                content = _Content(opened)
                entry = tarfile.TarInfo(f"{run.name}/{file.path}")
                entry.size = content.size
                entry.mtime = int(os.fstat(handle).st_mtime)
                tar.addfile(entry, content)
        if live:
            tar.addfile(tarfile.TarInfo(f"{run.name}/{GOES_ON}"))
    return unread


class _Content(io.RawIOBase):
    """A file as it is now, without its holes, which are told; `size` bytes in any case."""

    def __init__(self, file: IO[bytes]) -> None:
        size, place = os.fstat(file.fileno()).st_size, 0
        self._pieces: list[tuple[int, int] | bytes] = []
        for begin, end in [*tree_copy.extents(file.fileno(), size), (size, size)]:
            if begin > place:
                self._pieces.append(f"\n--- {begin - place} bytes were left out here\n".encode())
            if end > begin:
                self._pieces.append((begin, end))
            place = end
        self.size = sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in self._pieces)
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes; zeros for what was cut off meanwhile."""
        found: list[bytes] = []
        while self._pieces and size > 0:
            piece = self._pieces.pop(0)
            if isinstance(piece, bytes):
                data, rest = piece[:size], piece[size:]
                self._pieces[:0] = [rest] if rest else []
            else:
                begin, end = piece
                stop = min(end, begin + size)
                self._pieces[:0] = [(stop, end)] if stop < end else []
                data = os.pread(self._file.fileno(), stop - begin, begin)
                data = data.ljust(stop - begin, b"\0")
            found.append(data)
            size -= len(data)
        return b"".join(found)


def was_live(run: StoredRun) -> bool:
    """Whether a run that was read had not ended when it was written."""
    return os.path.lexists(run.path / GOES_ON)


def read(file: Path, into: Path) -> StoredRun:
    """Write the run that a file holds into a directory, and return the run.

    Raises LookupError for a file that is not there, cannot be opened, or holds none.
    """
    try:
        handle = files.open_file(file, os.O_RDONLY)
    except OSError as error:
        found = files.another_kind(file) or f"none that can be read ({error.strerror})"
        raise LookupError(
            f"{file}: expected a file that `export` wrote, found {found}; a run of this machine is "
            "named by its name, its commit, or 'last'"
        ) from error
    with os.fdopen(handle, "rb") as opened:
        try:
            with gzip.GzipFile(fileobj=opened) as packed:
                bounded = _Bounded(packed)
                with tarfile.TarFile(fileobj=bounded) as tar:  # type: ignore[arg-type]
                    names = {_unpack(tar, entry, into) for entry in _entries(tar)}
        except DAMAGE as error:
            raise LookupError(f"{file}: expected a run that `export` wrote: {error}") from error
    if len(names) != 1:
        raise LookupError(f"{file}: expected the files of one run, found {len(names)} runs")
    (name,) = names
    return StoredRun(into / str(name), name)


def _entries(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, entry in enumerate(tar):
        if count > MOST:
            raise ValueError(f"it holds more than {MOST} files")
        yield entry


def _unpack(tar: tarfile.TarFile, entry: tarfile.TarInfo, into: Path) -> RunName:
    """Write one file; return the name of its run. Raises ValueError for any other path or kind."""
    run, *parts = entry.name.split("/")
    plain = entry.isreg() and not entry.issparse()
    if not plain or not parts or not (name := run_name.parse(run)):
        raise ValueError(f"it holds {entry.name!r}, which is no file of a run")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError(f"it holds the path {entry.name!r}")
    target = Path(into, run, *parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(entry)
    with os.fdopen(files.begin(target), "wb") as out:
        while content and (data := content.read(tree_copy.CHUNK)):
            out.write(data)
    return name


class _Bounded:
    """A stream whose reads are bounded, each of them and all together."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self.tell = stream.tell

    def read(self, size: int) -> bytes:
        """Read. Raises ValueError for too much."""
        self._check(self.tell() + size)
        if size > LONGEST_HEADER:
            raise ValueError(f"it has a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, place: int) -> int:
        """Go to a place. Raises ValueError if it is too far."""
        self._check(place)
        return self._stream.seek(place)

    def _check(self, place: int) -> None:
        if place > MOST_BYTES + MOST * tarfile.RECORDSIZE:
            raise ValueError(f"it holds more than {MOST_BYTES} bytes")
