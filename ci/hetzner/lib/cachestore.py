"""The directory of a cache: entries that are whole or not there, and never more than its bound.

An entry is a small JSON file, named by the SHA-256 of its key (so that keys stay data and never
reach the file system), which points to a content directory. It is replaced by rename, so a kill
at any moment leaves the old entry or the new one. A content directory is locked (flock(2))
exclusively while it is made or removed, and shared while it is read: what is being read is never
evicted, and what a dead writer left is free for the sweep.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lib import files, treecopy

CONTENT = re.compile(r"content-[a-z0-9_]{8}")  # as tempfile.mkdtemp names them
POINTER = "entry.json"


class CorruptError(Exception):
    """An entry whose content is not what was stored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the pointer file of an entry says."""

    key: str
    content: str  # name of the content directory
    digest: str
    size: int  # bytes


class Store:
    """The entries below one directory, safe under concurrent runs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _pointer(self, key: str) -> Path:
        return self._root / f"{hashlib.sha256(key.encode(errors='replace')).hexdigest()}.json"

    def find(self, key: str) -> Entry | None:
        """Return the entry of a key. Raises OSError, CorruptError."""
        return self._load(self._pointer(key))

    def _load(self, pointer: Path) -> Entry | None:
        try:
            entry = Entry(**json.loads(pointer.read_text()))
            if [type(value) for value in asdict(entry).values()] != [str, str, str, int]:
                raise TypeError("fields of other types")
            if not CONTENT.fullmatch(entry.content):
                raise ValueError(f"no content directory: {entry.content!r}")
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptError(f"{pointer}: expected an entry's JSON, found {error}") from error
        return entry

    def fetch(self, entry: Entry, target: Path) -> None:
        """Copy an entry's content to a path that does not exist. Raises OSError, CorruptError."""
        content = self._root / entry.content
        with _locked(content, fcntl.LOCK_SH):
            treecopy.copy(content / "artifact", target)
        if treecopy.digest(target) != entry.digest:
            raise CorruptError(f"{content}: its content is not what was stored")
        os.utime(self._pointer(entry.key))  # used now: eviction takes the others first

    def put(self, key: str, artifact: Path, max_bytes: int | None) -> None:
        """Store a copy of an artifact under a key. Raises OSError; what was there then stays."""
        self._root.mkdir(parents=True, exist_ok=True)
        content = Path(tempfile.mkdtemp(prefix="content-", dir=self._root))
        try:
            with _locked(content, fcntl.LOCK_EX):
                treecopy.copy(artifact, content / "artifact")
                entry = Entry(
                    key,
                    content.name,
                    treecopy.digest(content / "artifact"),
                    treecopy.size(content / "artifact"),
                )
                if max_bytes is not None and entry.size > max_bytes:
                    raise OSError(f"it has {entry.size} bytes, the bound is {max_bytes}")
                # written in here first, so that what a killed writer left is swept as one
                pointer = content / POINTER
                files.atomic_write(pointer, json.dumps(asdict(entry)))
                pointer.replace(self._pointer(key))
        except BaseException:
            treecopy.remove(content)
            raise
        self.tidy(max_bytes)

    def tidy(self, max_bytes: int | None) -> None:
        """Evict the least recently used beyond the bound, and sweep what nothing points to."""
        pointers = sorted(self._root.glob("*.json"), key=_last_use, reverse=True)
        total, kept = 0, set()
        for pointer in pointers:
            try:
                entry = self._load(pointer)
            except CorruptError:
                entry = None
            if entry is None:
                continue
            if max_bytes is None or total + entry.size <= max_bytes or not self._evict(entry):
                total += entry.size
                kept.add(entry.content)
        for content in self._root.glob("content-*"):
            if content.name not in kept:
                self._discard(content)

    def _evict(self, entry: Entry) -> bool:
        """Remove an entry unless somebody reads it; return whether it is gone."""
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            with _locked(self._root / entry.content, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._pointer(entry.key).unlink(missing_ok=True)
                treecopy.remove(self._root / entry.content)
            return True
        return False

    def _discard(self, content: Path) -> None:
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            if not _is_ours(content):
                return
            with _locked(content, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._remove_unless_named(content)

    def _remove_unless_named(self, content: Path) -> None:
        # its writer may have finished between our list of pointers and this lock
        name, pointers = content.name.encode(), self._root.glob("*.json")
        if not any(name in pointer.read_bytes() for pointer in pointers):
            treecopy.remove(content)


def _is_ours(content: Path) -> bool:
    """Whether a directory is one that a writer has made, and holds nothing but what one puts in."""
    if not CONTENT.fullmatch(content.name) or content.is_symlink() or not content.is_dir():
        return False
    names = {entry.name for entry in content.iterdir()} - {"artifact", POINTER}
    return all(name.startswith(f".{POINTER}.") for name in names)


def _last_use(pointer: Path) -> float:
    try:
        return pointer.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextlib.contextmanager
def _locked(directory: Path, operation: int) -> Iterator[None]:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, operation)
        yield
    finally:
        os.close(handle)
