"""The place in which the commands of a corpus work. Data only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """The repository under test, the state directory, and the program that runs one commit.

    - `program`: the words that call it; the commit, its branch and flags of a run follow them.
    - `runner_dir`: the directory of that program: its files tell one runner from another.
    - `check`: refuses flags that a run would not take; it prints the reason and raises SystemExit.
    """

    repo: Path
    state_dir: Path
    program: Sequence[str]
    runner_dir: Path
    check: Callable[[Sequence[str]], None]
