"""The directory of a cache: an entry is whole or not there, and all stay within a bound.

An entry is a small JSON file that points to a content directory. Its name is the SHA-256 of its key
and of the work that made it, so keys stay data and never reach the file system. It is replaced by
rename: a kill at any moment leaves the old entry or the new one. A content directory is locked
(flock(2)) exclusively while it is made or removed, and shared while it is read: an entry that a
process reads is never evicted, and one that a dead writer left is free for the sweep. Reading needs
no write permission: a store may belong to another user, or be mounted read-only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.common import files, json_text, tree_copy

CONTENT = re.compile(r"content-[a-z0-9_]{8}")
ARTIFACT, LOG, POINTER = "artifact", "log", "entry.json"  # its files
TRIES = 100  # to find a free name


class CorruptError(Exception):
    """An entry whose content has changed since it was stored."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The fields of an entry's pointer file.

    `work` names the command and variables that made the artifact: only the same find it again.
    """

    key: str
    content: str  # name of the content directory
    digest: str
    size: int  # bytes
    work: str = ""


class Store:
    """The entries below one directory, safe under concurrent runs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _pointer(self, key: str, work: str) -> Path:
        name = json.dumps([key, work]) if work else key
        return self._root / f"{hashlib.sha256(name.encode(errors='replace')).hexdigest()}.json"

    def usable(self) -> bool:
        """Whether the store can be read, or is not there yet."""
        there = os.path.lexists(self._root)
        return not there or (self._root.is_dir() and os.access(self._root, os.R_OK | os.X_OK))

    def find(self, key: str, work: str = "") -> CacheEntry | None:
        """Return the entry of a key for this work. Raises OSError, CorruptError."""
        return self._load(self._pointer(key, work))

    def _load(self, pointer: Path) -> CacheEntry | None:
        try:
            entry = CacheEntry(**json_text.parse(files.read(pointer)))
            if [type(value) for value in asdict(entry).values()] != [str, str, str, int, str]:
                raise TypeError("fields of other types")
            if not CONTENT.fullmatch(entry.content):
                raise ValueError(f"no content directory: {entry.content!r}")
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, files.NotAFileError) as error:
            raise CorruptError(f"{pointer}: expected an entry's JSON, found {error}") from error
        return entry

    def fetch(self, entry: CacheEntry, target: Path) -> None:
        """Copy an entry's content to a path that does not exist. Raises OSError, CorruptError."""
        content = self._root / entry.content
        with _locked(content, fcntl.LOCK_SH):
            tree_copy.copy(content / ARTIFACT, target)
        if tree_copy.digest(target) != entry.digest:
            raise CorruptError(f"{content}: its content has changed since it was stored")
        with contextlib.suppress(OSError):  # a store that this user cannot write
            # used now: eviction takes others first
            os.utime(self._pointer(entry.key, entry.work))

    def log(self, entry: CacheEntry) -> bytes:
        """Return the output of the job that made an entry, b'' if it cannot be read."""
        try:
            return files.read(self._root / entry.content / LOG)
        except OSError:
            return b""

    def put(
        self,
        key: str,
        artifact: Path,
        max_bytes: int | None,
        *,
        work: str = "",
        log: bytes = b"",
    ) -> None:
        """Store a copy of an artifact under a key, and the output of the job that made it.

        Raises OSError; an earlier entry then stays.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        content = self._make_content()
        try:
            with _locked(content, fcntl.LOCK_EX):
                tree_copy.copy(artifact, content / ARTIFACT)
                if log:
                    (content / LOG).write_bytes(log)
                entry = CacheEntry(
                    key,
                    content.name,
                    tree_copy.digest(content / ARTIFACT),
                    tree_copy.size(content / ARTIFACT) + len(log),
                    work,
                )
                if max_bytes is not None and entry.size > max_bytes:
                    raise OSError(f"it has {entry.size} bytes, the bound is {max_bytes}")
                # first within the content, so that the sweep removes both that a killed writer left
                pointer = content / POINTER
                files.atomic_write(pointer, json.dumps(asdict(entry)))
                pointer.replace(self._pointer(key, work))
        except BaseException:
            tree_copy.remove(content)
            raise
        self.tidy(max_bytes)

    def _make_content(self) -> Path:
        """Make a content directory, which others may read as far as the umask lets them."""
        for _ in range(TRIES):
            content = self._root / f"content-{os.urandom(4).hex()}"
            with contextlib.suppress(FileExistsError):
                content.mkdir()
                return content
        raise FileExistsError(f"{self._root}: no name for a content directory is free")

    def tidy(self, max_bytes: int | None) -> None:
        """Evict the least recently used beyond the bound, and sweep content without an entry."""
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

    def _evict(self, entry: CacheEntry) -> bool:
        """Remove an entry unless a process reads it; return whether it is gone."""
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            with _locked(self._root / entry.content, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._pointer(entry.key, entry.work).unlink(missing_ok=True)
                tree_copy.remove(self._root / entry.content)
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
        readable = (p for p in pointers if not files.another_kind(p))
        if not any(name in files.read(pointer) for pointer in readable):
            tree_copy.remove(content)


def _is_ours(content: Path) -> bool:
    """Whether a writer has made a directory, and nothing else has put a file into it."""
    if not CONTENT.fullmatch(content.name) or content.is_symlink() or not content.is_dir():
        return False
    names = {entry.name for entry in content.iterdir()} - {ARTIFACT, LOG, POINTER}
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
        try:
            fcntl.flock(handle, operation)
        except BlockingIOError:
            raise
        except (
            OSError
        ):  # a file system without locks: the digest shows a reader whether the content is whole
            if operation != fcntl.LOCK_SH:
                raise
        yield
    finally:
        os.close(handle)
