"""Finds the interpreter of a Python version, and asks each for its version.

A shim of that name may not work, and a tool that chooses by itself may choose another version:
an environment "3.12" that holds Python 3.11 makes tests green that never ran.

As a program: `pythons.py 3.12` prints its path; it exits with 1 and the remedy if there is none.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.processes import command

VERSIONS = ("3.11", "3.12", "3.13", "3.14")  # those that the repository under test supports
PROGRAM = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"


def version_of(python: Path | str) -> str:
    """Return the version that an interpreter prints, such as `3.13`; '' if it does not work."""
    return _ask(python)[0]


def find(version: str) -> str:
    """Return the path of an interpreter of exactly this minor version; '' if there is none."""
    for candidate in _candidates(version):
        found, path = _version_and_path(candidate)
        if found == version:
            return path
    return ""


def remedy(version: str) -> str:
    """Return the remedy for a missing version."""
    return (
        f"no Python {version} on this machine: install it (uv python install {version}, "
        f"pyenv install {version}, or the system's package), or skip the jobs that need it"
    )


def _candidates(version: str) -> list[str]:
    found = [shutil.which(f"python{version}")]
    pyenv = _expanded(os.environ.get("PYENV_ROOT", "~/.pyenv"))
    uv = _expanded(os.environ.get("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python"))
    for root in (pyenv / "versions", uv):
        with contextlib.suppress(PermissionError):  # another user's, which PYENV_ROOT may name
            found += map(str, sorted(root.glob(f"*{version}.*/bin/python{version}"), reverse=True))
    return [name for name in found if name]


def _expanded(path: str) -> Path:
    """Return a path with its `~` replaced if there is a home; else it leads to nothing."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - that of Path raises


@functools.cache
def _version_and_path(python: str) -> tuple[str, str]:
    """Return version and path of an interpreter; it is asked once, since a shim is slow."""
    return _ask(python)


def _ask(python: Path | str) -> tuple[str, str]:
    try:
        # without site: code at the start of an environment may print, which is no answer
        argv = [str(python), "-I", "-S", "-c", PROGRAM]
        asked = command.run(argv, cwd=Path("/"), env=os.environ, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return "", ""
    version, _, path = asked.output.strip().partition(" ")
    return (version, path) if asked.code == 0 else ("", "")


def main(arguments: Sequence[str]) -> int:
    """Print the path of a version; see the module."""
    if len(arguments) != 1 or not re.fullmatch(r"3\.\d+", arguments[0]):
        print("usage: pythons.py 3.MINOR", file=sys.stderr)
        return 2
    path = find(arguments[0])
    print(path or remedy(arguments[0]), file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
