"""Tells whether a box has the browsers of the Playwright that is locked. Installs nothing.

Each version of Playwright wants browsers of its own; elsewhere they are the developer's.

As a program, for job bodies (in the checkout, with PLAYWRIGHT_BROWSERS_PATH): `browsers.py lacking`
prints the locked versions whose browsers are not installed, `browsers.py installed VERSIONS`
records that they are.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.buckaroo.node_modules import PNPM_LOCK
from lib.common import files

# the versions of pnpm's lock file write it `playwright-core@1`, `/playwright-core@1`, `…-core/1`
PLAYWRIGHT = re.compile(r"^ +'?/?playwright-core[@/](\d[^:'(]*)", re.MULTILINE)
STAMP = ".installed-for"  # beside the browsers: locked versions of Playwright, a line each time


def lacking(tree: Path, directory: str) -> str:
    """Return the locked versions of Playwright if their browsers are missing, or ''.

    '' too without a directory of browsers, or a lock. Raises OSError.
    """
    if not directory or not (tree / PNPM_LOCK).exists():
        return ""
    lock = files.read((tree / PNPM_LOCK).resolve()).decode(errors="replace")
    locked = " ".join(sorted(set(PLAYWRIGHT.findall(lock))))
    return "" if locked in ("", *_installed(directory)) else locked


def record(directory: str, versions: str) -> None:
    """Record that the browsers of these versions are installed, others too. Raises OSError."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    files.atomic_write(Path(directory, STAMP), "\n".join([*_installed(directory), versions]))


def _installed(directory: str) -> list[str]:
    with contextlib.suppress(FileNotFoundError, files.NotAFileError):
        return files.read(Path(directory, STAMP)).decode(errors="replace").split("\n")
    return []


def main(arguments: Sequence[str]) -> int:
    """Ask, or record; see the module."""
    directory = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    match arguments:
        case ["lacking"]:
            print(lacking(Path.cwd(), directory), end="")
            return 0
        case ["installed", versions]:
            record(directory, versions)
            return 0
    print("usage: browsers.py lacking | installed VERSIONS", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
