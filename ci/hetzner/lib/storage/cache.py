"""Keeps the artifact of a job under a key of its inputs.

A key is data: any text that the key command prints, of one line or many. The store names an entry
by a hash of the key, of the artifact's path, and in a pipeline of the job's command and variables.
A failing, slow or silent key command is a miss and a warning; it raises nothing and changes nothing
in the store.

The runner uses a cache through this program, which does not block its loop:
`cache.py restore|store HANDLE`, where the open file HANDLE holds a request of `cache_protocol.py`.
`restore` exits with 0 (restored) or with a code of `protocol.py`, and answers with the key. `store`
keeps the artifact only if the key is still the same: if a source was edited while the job ran, the
artifact fits neither the key of the old source nor that of the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import console, inherited_environment, tree_copy
from lib.model import shell
from lib.model.attempt_outcome import describe
from lib.model.declaration_error import told_class
from lib.model.job_fields import NOTHING, command_problems, is_count, path_problems
from lib.processes import cache_protocol, command, process_table
from lib.scheduler.protocol import MISS, NO_KEY, UNUSABLE
from lib.storage.cache_store import CorruptError, Entry, Store

KEY_TIMEOUT = 60.0  # seconds for the key command
TROUBLE = (OSError, ValueError, RecursionError, CorruptError)  # a miss and a warning
ASIDE = ".restored-"  # directories beside an artifact, with the id of the process that uses them
NOT_STORED = 1  # exit code of the program


class CacheError(Exception):
    """A cache cannot answer, or cannot store; the message says why."""


class NoKeyError(CacheError):
    """There is no key; `said` is the whole stderr of the key command."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(f"no cache key: its key command {why}")
        self.said = said


class UnusableError(CacheError):
    """Nothing can be restored nor stored: the artifact or the store is of the wrong kind."""


@told_class("Cache")
@dataclass(frozen=True)
class Cache:
    """The artifact of a job (`artifact_path`, a file or a directory), kept below `store_dir`.

    - `key_cmd` prints the key within 60 seconds (in a pipeline, within the job's `timeout` too),
      as a script of bash or an argument vector. A script is strict, as that of a job is
      (`bash -eo pipefail -c`): a hash of no input would be found again and again. The key has to
      name everything that the job reads, also the scripts that it runs. A job's `cmd` and `env` are
      part of its key anyway.
    - `store_dir` is a directory for caches alone, made if it is missing. Several caches may share
      it. A store without write permission still gives its entries.
    - `cwd` is the directory in which `key_cmd` runs and relative paths begin (default None: the
      working directory, in a pipeline the pipeline's).
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
            raise ValueError("\n".join(f"Cache: {problem}" for problem in problems))

    def made_by(self, cmd: str | Sequence[str], env: Mapping[str, str] = NOTHING) -> Cache:
        """Return the cache of a job with this command and variables; other entries are a miss."""
        argv = cmd if isinstance(cmd, str) else list(cmd)
        return replace(self, work=json.dumps([self.work, argv, sorted(env.items())]))

    def key(self) -> str:
        """Run the key command and return its stripped output; '' and a warning if it fails."""
        found: list[str] = []
        self._try(lambda: found.append(self.ask(_callers())))
        return "".join(found)

    def hit(self) -> bool:
        """Whether the store holds an entry for the key."""
        return self._try(lambda: self.find(self.ask(_callers()))) is not None

    def restore(self) -> bool:
        """Put the stored artifact in its place; False, and no change, if there is none."""
        return self._try(lambda: self.bring(self.ask(_callers()))) is not None

    def store(self) -> None:
        """Store the artifact under the key; a warning, and no change, if that is not possible."""
        self._try(lambda: self.keep(self.ask(_callers())))

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
        argv = shell.argv(self.key_cmd) if isinstance(self.key_cmd, str) else self.key_cmd
        try:
            here = {**env, "PWD": str(self._base.absolute())}
            done = command.run(argv, cwd=self._base, env=here, timeout=KEY_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise NoKeyError(f"took more than {KEY_TIMEOUT:g} s") from error
        except (OSError, ValueError) as error:
            raise NoKeyError(f"could not be started: {error}") from error
        key = done.output.strip()
        if done.code != 0:
            last = "".join(done.errors.strip().splitlines()[-1:]) or "it said nothing"
            raise NoKeyError(f"ended with {describe(done.code)}: {last}", done.errors)
        for line in filter(shell.OPEN_DOCUMENT.search, done.errors.splitlines()):
            raise NoKeyError(f"has not run to its end: {line}", done.errors)
        if not key:
            raise NoKeyError("printed nothing", done.errors)
        try:
            return os.fsencode(key).decode()  # keys that are no text would be mixed up
        except UnicodeDecodeError as error:
            raise NoKeyError("printed something that is no UTF-8") from error

    def find(self, key: str) -> Entry | None:
        """Return the entry for a key, None for a miss. Raises CacheError."""
        try:
            self._refuse()
            return self._store.find(key, self._work)
        except TROUBLE as error:
            raise self._trouble("read", error) from error

    def bring(self, key: str) -> Entry | None:
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

    def log(self, entry: Entry) -> bytes:
        """Return the output of the job that made an entry."""
        return self._store.log(entry)

    def _trouble(self, what: str, error: Exception) -> CacheError:
        try:
            usable = self._store.usable()
        except OSError:  # the working directory is gone
            usable = False
        return (CacheError if usable else UnusableError)(f"its entry could not be {what}: {error}")

    def _put_in_place(self, entry: Entry) -> None:
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
            why = "a file or directory, found a symlink: name what it leads to"
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


def _callers() -> dict[str, str]:
    """Return the environment of a key command outside of a pipeline."""
    return inherited_environment.without(os.environ, os.environ)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # resolve() raises RuntimeError for a loop of links


def main(arguments: Sequence[str]) -> int:
    """Restore or store for the runner; see the module."""
    import argparse

    parser = argparse.ArgumentParser(description="Restore or store the artifact of a job.")
    parser.add_argument("action", choices=("restore", "store"))
    parser.add_argument("handle", type=int, help="an open file with the request of the runner")
    given = parser.parse_args(arguments)
    with console.forgiving(), os.fdopen(given.handle, "r+b") as file:  # paths need not be text
        asked: Any = cache_protocol.read(file)
        cache = Cache.from_json(asked["cache"]).made_by(asked["cmd"], asked["variables"])
        act = _restore if given.action == "restore" else _store
        return act(cache, asked, file)


def _restore(cache: Cache, asked: Mapping[str, Any], file: IO[bytes]) -> int:
    key = told = ""
    try:
        key = cache.ask(asked["env"])
        entry = cache.bring(key)
        code = MISS if entry is None else 0
        if entry is not None:
            _show(cache, entry)
    except CacheError as error:
        cache.warn(error)
        told, code = str(error), MISS
        if isinstance(error, NoKeyError | UnusableError):
            code = NO_KEY if isinstance(error, NoKeyError) else UNUSABLE
    cache_protocol.write(file, {"answer": {"key": key, "told": told}})
    return code


def _show(cache: Cache, entry: Entry) -> None:
    """Print a line, and the output of the job that made it: its warnings concern each run."""
    log = cache.log(entry)
    print(f"restored {cache.artifact_path} from the cache")
    if log:
        print("its job said when it was made:", flush=True)
    sys.stdout.buffer.write(log)
    sys.stdout.buffer.flush()


def _store(cache: Cache, asked: Mapping[str, Any], file: IO[bytes]) -> int:
    told = ""
    try:
        if cache.ask(asked["env"]) != asked["key"]:
            raise CacheError("not stored in its cache: while it ran, its inputs changed")
        if asked["stale"]:
            raise CacheError(
                f"not stored in its cache: its job left {cache.artifact_path} as it was: "
                "remove it, so that the job makes it anew"
            )
        cache.keep(asked["key"], os.fsencode(asked["said"]))
    except CacheError as error:
        cache.warn(error)
        told = str(error)
    cache_protocol.write(file, {"answer": {"key": asked["key"], "told": told}})
    return NOT_STORED if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
