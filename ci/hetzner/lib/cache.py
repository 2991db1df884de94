"""Keeps what a job makes under a key of what it is made from.

A key is data: whatever text the key command prints, of one line or many; the store names its
entries by a hash of it. A failing, slow or silent command is a miss and a warning, never an
exception and never a touch of the store.

As a program it is how the runner uses a cache without blocking its loop:
`cache.py restore|store --key-file F JSON`. `restore` exits with 0 (restored) or 3 (a miss; the
key is in F). `store` keeps the artifact only if the key is still the one in F: a job that changed
its own inputs must not be found under what they are now.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others; with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parent.parent)]

from lib import command, console, proctree, redact, shell, treecopy
from lib.cachestore import CorruptError, Entry, Store
from lib.fields import is_text

KEY_TIMEOUT = 60.0  # seconds for the key command
TROUBLE = (OSError, ValueError, RecursionError, CorruptError)  # a miss and a warning
ASIDE = ".restored-"  # directories beside an artifact, with the id of the process that uses them
MISS = 3  # the scheduler's name for this exit code is seam.MISS


@dataclass(frozen=True)
class Cache:
    """What a job makes (`artifact_path`, a file or a directory), kept below `store_dir`.

    - `key_cmd` prints the key within 60 seconds (in a pipeline, within the job's `timeout` too),
      as a script of bash or an argument vector. A script is strict, as that of a job is
      (`bash -eo pipefail -c`): a hash of nothing would be found again and again.
    - `store_dir` is a directory for this cache alone, made if it is missing.
    - `cwd` is where `key_cmd` runs and what relative paths are relative to (default None: the
      working directory, in a pipeline the pipeline's).
    - `max_bytes` bounds the store, in bytes (default None: no bound). The least recently used
      entries go first, but never one that is being read; what is larger alone is not stored.

    What a symlink leads to is not in the cache. So a symlink in the artifact's place is refused,
    which is a warning and a miss, and an artifact is not stored that holds one to anything in the
    working directory but itself: that may have been made of other inputs when the link comes back.
    Others stay as they are, as that of a Python environment to its interpreter.

    Raises ValueError for an argument that is empty, a path that no file can have, or a bound
    below 0.
    """

    key_cmd: str | Sequence[str]
    artifact_path: str | Path
    store_dir: str | Path
    cwd: str | Path | None = field(default=None, kw_only=True)
    max_bytes: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not self.key_cmd or not str(self.artifact_path) or not str(self.store_dir):
            raise ValueError(
                "Cache: expected a key command, an artifact and a store, found nothing"
            )
        for path in (self.artifact_path, self.store_dir, self.cwd or ""):
            if not is_text(str(path)):
                raise ValueError(f"Cache: expected a path, found {str(path)!r}")
        if self.max_bytes is not None and self.max_bytes < 0:
            raise ValueError(f"Cache: max_bytes: expected 0 or more, found {self.max_bytes}")

    def key(self) -> str:
        """Run the key command and return what it prints, stripped; '' and a warning if it fails."""
        argv = shell.argv(self.key_cmd) if isinstance(self.key_cmd, str) else self.key_cmd
        try:
            done = command.run(argv, cwd=self._base, env=os.environ, timeout=KEY_TIMEOUT)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            self._warn(f"its key command failed: {error}")
            return ""
        key = done.output.strip()
        if done.code != 0:
            said = redact.shorten_start(done.errors.strip(), 500) or "nothing"
            self._warn(f"its key command ended with exit code {done.code} and said: {said}")
            return ""
        if not key:
            self._warn("its key command printed nothing")
        try:
            return os.fsencode(key).decode()  # nobody could tell keys apart that are no text
        except UnicodeDecodeError:
            self._warn("its key command printed something that is no UTF-8")
            return ""

    def hit(self) -> bool:
        """Whether the store holds an entry for the key."""
        return self._find(self.key()) is not None

    def restore(self) -> bool:
        """Put the stored artifact in its place; False, and no change, if there is none to put."""
        return self.restore_key(self.key())

    def restore_key(self, key: str) -> bool:
        """Do what `restore` does, with a key that is known already."""
        while (entry := self._find(key)) is not None:
            try:
                self._put_in_place(entry)
            except TROUBLE as error:
                if self._find(key) != entry:
                    continue  # it was replaced or evicted before it could be read
                self._warn(f"could not be restored: {error}")
                return False
            return True
        return False

    def _put_in_place(self, entry: Entry) -> None:
        target = self._artifact
        target.parent.mkdir(parents=True, exist_ok=True)
        look = proctree.table()
        for left in target.parent.glob(f"{ASIDE}r*"):
            user, _, _ = left.name.removeprefix(ASIDE).partition("_")
            if not proctree.driver_lives(look, user):
                treecopy.remove(left)
        user = proctree.run_id(look, os.getpid())
        aside = Path(tempfile.mkdtemp(prefix=f"{ASIDE}{user}_", dir=target.parent))
        try:
            fresh = aside / target.name
            self._store.fetch(entry, fresh)
            treecopy.replace(fresh, target)
        finally:
            treecopy.remove(aside)

    def store(self) -> None:
        """Store the artifact under the key; a warning, and no change, if that is not possible."""
        self.store_key(self.key())

    def store_key(self, key: str) -> bool:
        """Do what `store` does, with a key that is known already; return whether it is stored."""
        try:
            if not key or self._is_refused():
                return False
            self._refuse_links()
            self._store.put(key, self._artifact, self.max_bytes)
        except TROUBLE as error:
            self._warn(f"could not be stored: {error}")
            return False
        return True

    def to_json(self) -> str:
        """Return the fields for another process."""
        fields = asdict(self)
        paths = ("artifact_path", "store_dir", "cwd")
        return json.dumps(fields | {n: str(fields[n]) for n in paths if fields[n] is not None})

    @staticmethod
    def from_json(text: str) -> Cache:
        """Return the cache that `to_json` described."""
        return Cache(**json.loads(text))

    @property
    def _base(self) -> Path:
        return Path.cwd() if self.cwd is None else Path(self.cwd)

    @property
    def _artifact(self) -> Path:
        # not resolved: a symlink in its place is refused
        path = self._base / self.artifact_path
        return _real(path) if path.name == ".." else path

    @property
    def _store(self) -> Store:
        return Store(self._base / self.store_dir)

    def _find(self, key: str) -> Entry | None:
        try:
            return None if not key or self._is_refused() else self._store.find(key)
        except TROUBLE as error:
            self._warn(f"could not be read: {error}")
            return None

    def _is_refused(self) -> bool:
        """Whether the artifact is nothing to replace or copy, which is then said."""
        store, artifact = _real(self._base / self.store_dir), _real(self._artifact)
        if self._artifact.is_symlink():
            self._warn("expected a file or directory, found a symlink: name what it leads to")
        elif _real(self._base).is_relative_to(artifact):
            self._warn("expected a file or directory to make, found the working directory in it")
        elif store.is_relative_to(artifact) or artifact.is_relative_to(store):
            self._warn(f"expected a store outside of it, found {store}")
        else:
            return False
        return True

    def _refuse_links(self) -> None:
        """Raise OSError if a link in the artifact leads to what may have been made beside it."""
        base, artifact = _real(self._base), _real(self._artifact)
        for link in treecopy.links(artifact):
            target = _real(link)
            if target.is_relative_to(base) and not target.is_relative_to(artifact):
                raise OSError(f"{link} leads out of it to {target}, which it would not hold")

    def _warn(self, text: str) -> None:
        print(f"cache of {self.artifact_path}: {text}", file=sys.stderr, flush=True)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # takes loops as they are: resolve() raises RuntimeError


def main(arguments: Sequence[str]) -> int:
    """Restore or store for the runner; see the module."""
    import argparse

    parser = argparse.ArgumentParser(description="Restore or store what a job makes.")
    parser.add_argument("action", choices=("restore", "store"))
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("cache", type=Cache.from_json, help="the fields of the cache, as JSON")
    given = parser.parse_args(arguments)
    act = _restore if given.action == "restore" else _store
    with console.forgiving():  # it tells of paths, which need not be text
        return act(given.cache, given.key_file)


def _restore(cache: Cache, key_file: Path) -> int:
    key = cache.key()
    key_file.write_bytes(key.encode())
    if cache.restore_key(key):
        print(f"restored {cache.artifact_path} from the cache")
        return 0
    return MISS


def _store(cache: Cache, key_file: Path) -> int:
    before, now = key_file.read_bytes().decode(), cache.key()
    if not before or not now:
        print("not stored: it has no key")
        return 0
    if now != before:
        print("not stored: the job changed its own inputs, so its key is another one now")
        return 0
    return 0 if cache.store_key(now) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
