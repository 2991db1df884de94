"""Restores and stores artifacts for the runner, as a program of its own: the loop does not wait.

`cache_program.py restore|store HANDLE`, where the open file HANDLE holds a request of
`cache_protocol.py`. `restore` exits with 0 (restored) or with a code of `protocol.py`, and answers
with the key. `store` keeps the artifact only if the key is still the same: if a source was edited
while the job ran, the artifact fits neither the key of the old source nor that of the new one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import console
from lib.processes import cache_protocol
from lib.scheduler.protocol import MISS, NO_KEY, UNUSABLE
from lib.storage.cache import Cache
from lib.storage.cache_key import CacheError, NoKeyError, UnusableError
from lib.storage.cache_store import CacheEntry

NOT_STORED = 1  # exit code


def main(arguments: Sequence[str]) -> int:
    """Restore or store for the runner; see the module."""
    parser = argparse.ArgumentParser(description="Restore or store the artifact of a job.")
    parser.add_argument("action", choices=("restore", "store"))
    parser.add_argument("handle", type=int, help="an open file with the request of the runner")
    given = parser.parse_args(arguments)
    with console.forgiving(), os.fdopen(given.handle, "r+b") as file:  # paths need not be text
        asked: Any = cache_protocol.read(file)
        cache = Cache.from_json(asked["cache"]).made_by(
            asked["cmd"], asked["variables"], asked["cwd"]
        )
        act = _restore if given.action == "restore" else _store
        return act(cache, asked, file)


def _restore(cache: Cache, asked: Mapping[str, Any], file: IO[bytes]) -> int:
    key = note = ""
    try:
        key = cache.ask(asked["env"])
        entry = cache.bring(key)
        code = MISS if entry is None else 0
        if entry is not None:
            _show(cache, entry)
    except CacheError as error:
        cache.warn(error)
        note, code = str(error), MISS
        if isinstance(error, NoKeyError | UnusableError):
            code = NO_KEY if isinstance(error, NoKeyError) else UNUSABLE
    cache_protocol.write(file, {"answer": {"key": key, "note": note}})
    return code


def _show(cache: Cache, entry: CacheEntry) -> None:
    """Print a line, and the output of the job that made it: its warnings concern each run."""
    log = cache.log(entry)
    print(f"restored {cache.artifact_path} from the cache")
    if log:
        print("its job said when it was made:", flush=True)
    sys.stdout.buffer.write(log)
    sys.stdout.buffer.flush()


def _store(cache: Cache, asked: Mapping[str, Any], file: IO[bytes]) -> int:
    note = ""
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
        note = str(error)
    cache_protocol.write(file, {"answer": {"key": asked["key"], "note": note}})
    return NOT_STORED if note else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
