"""How a string becomes a command: as a strict script of bash."""

from __future__ import annotations

import re

# bash only warns of a here-document that takes in the rest of a script
OPEN_DOCUMENT = re.compile(r": warning: here-document at line \d+ delimited by end-of-file")
# as GitHub's `shell: bash`, so that a script means the same here and there:
# docs.github.com/actions, "Workflow syntax", jobs.<id>.steps[*].shell
STRICT = ("bash", "-eo", "pipefail", "-c")


def argv(script: str) -> list[str]:
    """Return the argument vector that runs a script: the first failure in it ends it.

    A pipe fails with any of its parts. By bash(1), `set -e`, these are no failures: a condition, a
    command before `&&` or `||`, and a command within `$(…)` before the last one.
    """
    return [*STRICT, script]
