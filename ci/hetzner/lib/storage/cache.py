"""Keeps the artifact of a job under a key of its inputs.

A key is data: any text that the key command prints, of one line or many. The store names an entry
by a hash of the key, of the artifact's path, and in a pipeline of the job's command and variables.
A failing, slow or silent key command is a miss and a warning; it raises nothing and changes nothing
in the store.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lib.common import json_text, tree_copy
from lib.model.declaration_error import DeclarationError, explains_bad_constructor
from lib.model.job_fields import NOTHING, command_problems, is_count, path_problems
from lib.processes import process_table
from lib.storage import cache_key
from lib.storage.cache_key import CacheError, NoKeyError, UnusableError
from lib.storage.cache_store import CacheEntry, CorruptError, Store

TROUBLE = (OSError, ValueError, RecursionError, CorruptError)  # a miss and a warning
ASIDE = ".restored-"  # directories beside an artifact, with the id of the process that uses them


@explains_bad_constructor("Cache")
@dataclass(frozen=True)
class Cache:
    """The artifact of a job (`artifact_path`, a file or a directory), kept below `store_dir`.

    - `key_cmd` prints the key within 60 seconds (in a pipeline, within the job's `timeout` too),
      as a script of bash or an argument vector. A script is strict, as that of a job is
      (`bash -eo pipefail -c`): a hash of no input would be found again and again. The key has to
      name everything that the job reads, also the scripts that it runs. A job's `cmd`, `env`
      and `cwd` are part of its key anyway.
    - `store_dir` is a directory for caches alone, made if it is missing. Several caches may share
      it. A store without write permission still gives its entries.
    - `cwd` is the directory in which `key_cmd` runs and relative paths begin (default None: the
      working directory, in a pipeline the pipeline's, not the job's).
    - `max_bytes` bounds the store, in bytes (default None: no bound). The least recently used
      entries go first, but never one that is being read. A larger artifact is not stored.
    - `work` names other inputs of the artifact (default: none).

    The target of a symlink is not in the cache. So a symlink in the artifact's place is a warning
    and a miss. An artifact that holds a symlink to a path in the working directory, but outside of
    itself, is not stored: when the link comes back, that path may be made of other inputs. Other
    links stay as they are, such as that of a Python environment to its interpreter.

    Raises ValueError that lists every problem: an empty argument, a path that no file can have,
    a bound below 0, or an unknown argument.
    """

    key_cmd: str | Sequence[str]
    artifact_path: str | Path
    store_dir: str | Path
    cwd: str | Path | None = field(default=None, kw_only=True)
    max_bytes: int | None = field(default=None, kw_only=True)
    work: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        problems = command_problems("key_cmd", self.key_cmd)
        for name in ("artifact_path", "store_dir", "cwd"):
            problems += path_problems(name, getattr(self, name), optional=name == "cwd")
        if self.max_bytes is not None and not is_count(self.max_bytes):
            problems.append(f"max_bytes: expected bytes, or None, found {self.max_bytes!r}")
        if problems:
            raise DeclarationError("\n".join(f"Cache: {problem}" for problem in problems))

    def made_by(
        self, cmd: str | Sequence[str], env: Mapping[str, str] = NOTHING, cwd: str = "."
    ) -> Cache:
        """Return the cache of a job with this command, variables and directory.

        The entries of others are a miss.
        """
        argv = cmd if isinstance(cmd, str) else list(cmd)
        place = [] if cwd == "." else [cwd]  # an entry of a job without one stays good
        return replace(self, work=json.dumps([self.work, argv, sorted(env.items()), *place]))

    def key(self) -> str:
        """Run the key command and return its stripped output; '' and a warning if it fails."""
        found: list[str] = []
        self._try(lambda: found.append(self.ask(cache_key.callers_environment())))
        return "".join(found)

    def hit(self) -> bool:
        """Whether the store holds an entry for the key."""
        return self._try(lambda: self.find(self.ask(cache_key.callers_environment()))) is not None

    def restore(self) -> bool:
        """Put the stored artifact in its place; False, and no change, if there is none."""
        return self._try(lambda: self.bring(self.ask(cache_key.callers_environment()))) is not None

    def store(self) -> None:
        """Store the artifact under the key; a warning, and no change, if that is not possible."""
        self._try(lambda: self.keep(self.ask(cache_key.callers_environment())))

    def _try(self, act: Callable[[], Any]) -> Any:
        """Call a function; warn and return None if it raises CacheError."""
        try:
            return act()
        except CacheError as error:
            self.warn(error)
            return None

    def warn(self, error: CacheError) -> None:
        """Print an error to stderr, with the whole stderr of a key command."""
        said = error.said.strip() if isinstance(error, NoKeyError) else ""
        text = f"cache of {self.artifact_path}: {error}" + f"\n{said}" * bool(said)
        print(text, file=sys.stderr, flush=True)

    def ask(self, env: Mapping[str, str]) -> str:
        """Return the key; its command runs with the environment `env`. Raises NoKeyError."""
        return cache_key.ask(self.key_cmd, self.cwd, env)

    def find(self, key: str) -> CacheEntry | None:
        """Return the entry for a key, None for a miss. Raises CacheError."""
        try:
            self._refuse()
            return self._store.find(key, self._work)
        except TROUBLE as error:
            raise self._trouble("read", error) from error

    def bring(self, key: str) -> CacheEntry | None:
        """Put the artifact of a key in its place; None for a miss. Raises CacheError."""
        while (entry := self.find(key)) is not None:
            try:
                self._put_in_place(entry)
            except TROUBLE as error:
                if self.find(key) != entry:
                    continue  # it was replaced or evicted before it could be read
                raise self._trouble("restored", error) from error
            return entry
        return None

    def keep(self, key: str, log: bytes = b"") -> None:
        """Store the artifact under a key, and the log of its job. Raises CacheError."""
        try:
            self._refuse()
            self._refuse_links()
            self._store.put(key, self._artifact, self.max_bytes, work=self._work, log=log)
        except TROUBLE as error:
            raise CacheError(f"its artifact could not be stored: {error}") from error

    def log(self, entry: CacheEntry) -> bytes:
        """Return the output of the job that made an entry."""
        return self._store.log(entry)

    def _trouble(self, what: str, error: Exception) -> CacheError:
        try:
            usable = self._store.usable()
        except OSError:  # the working directory is gone
            usable = False
        return (CacheError if usable else UnusableError)(f"its entry could not be {what}: {error}")

    def _put_in_place(self, entry: CacheEntry) -> None:
        import tempfile  # late: most runs restore nothing

        target = self._artifact
        target.parent.mkdir(parents=True, exist_ok=True)
        place = _real(target.parent)  # a name that is made there may lose its `..` (tempfile)
        look = process_table.table()
        with tree_copy.writable(place):
            for left in place.glob(f"{ASIDE}r*"):
                user, _, _ = left.name.removeprefix(ASIDE).partition("_")
                if not process_table.driver_lives(look, user):
                    tree_copy.remove(left)
            user = process_table.run_id(look, os.getpid())
            aside = Path(tempfile.mkdtemp(prefix=f"{ASIDE}{user}_", dir=place))
            try:
                fresh = aside / target.name
                self._store.fetch(entry, fresh)
                tree_copy.replace(fresh, target)
            finally:
                tree_copy.remove(aside)

    def to_json(self) -> str:
        """Return the fields for another process."""
        fields = asdict(self)
        paths = ("artifact_path", "store_dir", "cwd")
        return json.dumps(fields | {n: str(fields[n]) for n in paths if fields[n] is not None})

    def place(self, cwd: str) -> str:
        """Return the path of the artifact in a pipeline with this `cwd`."""
        return str(Path(cwd, self.cwd or "", self.artifact_path))

    @staticmethod
    def from_json(text: str) -> Cache:
        """Return the cache that `to_json` described."""
        return Cache(**json_text.parse(text))

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
        return Store(_real(self._base / self.store_dir))

    @property
    def _work(self) -> str:
        """A hash of the path and the work of an entry: variables are not for every reader."""
        text = json.dumps([str(Path(self.artifact_path)), self.work])
        return hashlib.sha256(text.encode()).hexdigest()

    def _refuse(self) -> None:
        """Raise UnusableError if the artifact cannot be replaced or copied."""
        store, artifact = _real(self._base / self.store_dir), _real(self._artifact)
        if self._artifact.is_symlink():
            why = "a file or directory, found a symlink: name its target"
        elif _real(self._base).is_relative_to(artifact):
            why = "a file or directory to make, found the working directory in it"
        elif store.is_relative_to(artifact) or artifact.is_relative_to(store):
            why = f"a store outside of it, found {store}"
        else:
            return
        raise UnusableError(f"cannot be cached: {self.artifact_path}: expected {why}")

    def _refuse_links(self) -> None:
        """Raise OSError if a link in the artifact leads out of it, into the working directory."""
        base, artifact = _real(self._base), _real(self._artifact)
        for link in tree_copy.links(artifact):
            target = _real(link)
            if target.is_relative_to(base) and not target.is_relative_to(artifact):
                raise OSError(f"{link} leads out of it to {target}, which it would not hold")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # resolve() raises RuntimeError for a loop of links
