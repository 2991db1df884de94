"""Names that git takes for a commit and for a branch. Pure: asks no git.

They come from requests, hooks and command lines, and become arguments of git, file names and rows:
what these two functions refuse goes no further.
"""

from __future__ import annotations

import re

LONGEST = 255  # bytes; a branch is a file below refs/heads, and no file's name is longer

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# git-check-ref-format(1), each rule but that of slashes, which `_components` holds
_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")


def is_commit(text: str) -> bool:
    """Whether a text is the full name of a commit: 40 or 64 hexadecimal digits, in lower case."""
    return _COMMIT.fullmatch(text) is not None


def is_branch(text: str) -> bool:
    """Whether a text can be a branch: git takes `refs/heads/<text>`, and so do those who read it.

    The rules are those of git-check-ref-format(1). Besides, it does not begin with a dash, which
    would be an option, is not 'HEAD', is UTF-8, and has at most 255 bytes.
    """
    if text.startswith("-") or text == "HEAD":
        return False
    try:
        long = len(text.encode()) > LONGEST
    except UnicodeEncodeError:  # a lone surrogate, which no file or database takes as text
        return False
    return not long and not _REFUSED.search(text) and _components(text)


def _components(text: str) -> bool:
    """Whether the parts between slashes are those of a reference."""
    parts = text.split("/")
    whole = all(part and part[0] != "." and not part.endswith(".lock") for part in parts)
    return whole and not text.endswith(".")
