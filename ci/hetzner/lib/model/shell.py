"""How a string becomes a command: as a strict script of bash."""

from __future__ import annotations

import re

# of a here-document that takes in the rest of a script bash only warns
OPEN_DOCUMENT = re.compile(r": warning: here-document at line \d+ delimited by end-of-file")
# what GitHub's `shell: bash` says, so that a script means the same here and there:
# docs.github.com/actions, "Workflow syntax", jobs.<id>.steps[*].shell
STRICT = ("bash", "-eo", "pipefail", "-c")


def argv(script: str) -> list[str]:
    """Return the argument vector that runs a script: the first failure in it ends it.

    A pipe fails with any of its parts. bash(1), `set -e`, tells what is no failure: a condition,
    what stands before `&&` or `||`, and what fails within `$(…)` before its last command.
    """
    return [*STRICT, script]
