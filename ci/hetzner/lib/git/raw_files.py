"""Finds files whose bytes are not those that git would commit (gitattributes(5)).

git converts line ends and encodings, and runs filters, when it adds a file. Jobs read the file.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from lib.common import files
from lib.git.git_command import git

CONVERTING = ("text", "crlf", "eol", "ident", "working-tree-encoding", "filter")
LARGE = 1024 * 1024  # bytes of a filtered file: of larger ones size and time are compared
SHA1 = 40  # digits


def other_than(
    written: Mapping[str, str], top: Path, variables: Mapping[str, str]
) -> dict[str, str]:
    """Return the hashes of those files that jobs read otherwise than git has `written` them.

    `written` has the hash of each file by its path from `top` on; `variables` name the index.
    Raises CheckoutError, OSError.
    """
    found: dict[str, str] = {}
    filtered = _converted(list(written), top, variables)
    for path, by_filter in filtered.items():
        place = top / path
        with contextlib.suppress(FileNotFoundError):
            status = place.lstat()
            if by_filter and status.st_size > LARGE:
                found[path] = f"{status.st_size} {status.st_mtime_ns}"
                continue
            content = files.read(place, max(status.st_size, files.LARGEST))
            raw = digest(b"blob %d\0" % len(content) + content, written[path])
            if raw != written[path]:
                found[path] = raw
    return found


def digest(content: str | bytes, like: str) -> str:
    """Return a digest by the algorithm of a hash of git."""
    if isinstance(content, str):
        content = content.encode(errors="surrogateescape")
    new = hashlib.sha1 if len(like) == SHA1 else hashlib.sha256
    return new(content, usedforsecurity=False).hexdigest()


def _converted(paths: list[str], top: Path, variables: Mapping[str, str]) -> dict[str, bool]:
    """Return the paths of the files that git may convert, and whether a filter does."""
    if not paths:
        return {}
    given = "".join(f"{path}\0" for path in paths)
    asked = ("check-attr", "-z", "--stdin", *CONVERTING)
    told = git(top, *asked, variables=variables, given=given).split("\0")
    setting = git(top, "config", "--default", "false", "--get", "core.autocrlf")
    by_default = setting.lower() not in ("false", "no", "off", "0", "")
    found = dict.fromkeys(paths, False) if by_default else {}
    for path, attribute, value in zip(told[::3], told[1::3], told[2::3], strict=False):
        if value not in ("unspecified", "unset"):
            found[path] = found.get(path, False) or attribute == "filter"
    return found
