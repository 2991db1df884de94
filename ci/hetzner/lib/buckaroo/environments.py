"""The Python environments that all checkouts share: one for each lock and interpreter.

An environment holds the locked dependencies and not the project, so it is the same for every
checkout. It is made once, in its place (it could not be moved), and stamped when it is whole. From
then on it is only read: no run changes it under a job of another. The time of the stamp is that of
its last use.

As a program, for job bodies (in the checkout, with CI_VENVS_DIR):
`environments.py find VERSION` prints the environment that fits the lock; 1 if there is none.
`environments.py place VERSION PYTHON` prints the directory in which it is to be made.
`environments.py stamp VERSION PYTHON DIRECTORY` records that it is whole; 1 if the lock changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import files, json_text, locks, tree_copy

UV_LOCK = "uv.lock"
LOCKED_BY = (UV_LOCK, "pyproject.toml")  # uv refuses a lock that does not fit the second
STAMP = ".made-for.json"
NAME = re.compile(r"3\.\d+-[0-9a-f]{12}")


def find(venvs: Path, tree: Path, version: str) -> Path | None:
    """Return the environment of a version that fits the lock of `tree`, and note its use.

    Starts no process. Raises OSError if the lock cannot be read.
    """
    wanted = _hashes(tree)
    for environment in sorted(venvs.glob(f"{version}-*")):
        stamp = environment / STAMP
        if _fits(environment, wanted):
            with contextlib.suppress(OSError):  # of another user
                os.utime(stamp)
            return environment
    return None


def place(venvs: Path, tree: Path, version: str, python: str) -> Path:
    """Return the directory for an environment of this interpreter and the lock of `tree`."""
    made_of = json.dumps([_hashes(tree), identity(Path(python))]).encode()
    return venvs / f"{version}-{hashlib.blake2s(made_of, digest_size=6).hexdigest()}"


def stamp(environment: Path, tree: Path) -> None:
    """Record that an environment is whole, and fits the lock of `tree`. Raises OSError."""
    made_for = {"locks": _hashes(tree), "interpreter": identity(environment / "bin" / "python")}
    files.atomic_write(environment / STAMP, json.dumps(made_for, indent=2))


def shared(venvs: Path) -> dict[Path, float]:
    """Return the environments with the times of their last use, in seconds since the epoch."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for environment in venvs.iterdir():
            if NAME.fullmatch(environment.name) and not environment.is_symlink():
                with contextlib.suppress(OSError):
                    found[environment] = _last_use(environment)
    return found


def remove(environment: Path, used: float | None = None) -> bool:
    """Remove an environment; return whether it is gone. Raises OSError.

    One that a run makes right now stays, and with `used` one that was used at another time.
    """
    lock = lock_of(environment)
    try:
        with locks.lock(lock, "removes it", timeout=0):
            if used not in (None, _last_use(environment)):
                return False
            (environment / STAMP).unlink(missing_ok=True)  # first: a half one counts as none
            tree_copy.remove(environment)
            lock.unlink(missing_ok=True)
    except locks.LockTimeoutError:
        return False
    return True


def _last_use(environment: Path) -> float:
    used = environment / STAMP
    return (used if used.exists() else environment).stat().st_mtime


def lock_of(environment: Path) -> Path:
    """Return the lock that its maker holds."""
    return environment.with_name(f".{environment.name}.lock")


def identity(program: Path) -> list[object]:
    """Return path, size and time of a program; another one in its place has others."""
    real = Path(os.path.realpath(program))  # resolve() raises RuntimeError for a loop of links
    try:
        status = real.stat()
    except OSError:
        return []
    return [str(real), status.st_size, status.st_mtime_ns]


def _hashes(tree: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that lock the dependencies, '' for one that is missing."""
    found = dict.fromkeys(LOCKED_BY, "")
    for name in LOCKED_BY:
        with contextlib.suppress(FileNotFoundError):
            found[name] = hashlib.sha256(files.read((tree / name).resolve())).hexdigest()
    return found


def _fits(environment: Path, wanted: dict[str, str]) -> bool:
    """Whether an environment is whole, for this lock, and its interpreter is the same."""
    try:
        made_for = json_text.parse(files.read(environment / STAMP))
        found = made_for["locks"], made_for["interpreter"]
    except (OSError, ValueError, TypeError, KeyError):  # none, or a damaged one
        return False
    python = environment / "bin" / "python"
    return found == (wanted, identity(python)) and os.access(python, os.X_OK)


def main(arguments: Sequence[str]) -> int:
    """Find, place or stamp an environment; see the module."""
    venvs, tree = Path(os.environ["CI_VENVS_DIR"]), Path.cwd()
    match arguments:
        case ["find", version]:
            found = find(venvs, tree, version)
            print(found or "", end="")
            return 0 if found else 1
        case ["place", version, python]:
            print(place(venvs, tree, version, python), end="")
            return 0
        case ["stamp", version, python, directory]:
            if place(venvs, tree, version, python) != Path(directory):
                names = " or ".join(LOCKED_BY)
                print(f"{names} changed while {directory} was made: run it again", file=sys.stderr)
                return 1
            stamp(Path(directory), tree)
            return 0
    print("usage: environments.py find|place|stamp VERSION …; see the file", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
