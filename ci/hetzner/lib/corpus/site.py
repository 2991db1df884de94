"""What the commands of a corpus ask: paths, and the program that runs one commit. Data only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class CorpusSite(NamedTuple):
    """The state directory, the repository under test, and the program that runs one commit.

    - `repo`: returns the repository, given the flags of the runs. Raises ValueError without one.
    - `program`: the words that call it; the commit, its branch and flags of a run follow them.
    - `runner_dir`: the directory of that program: its files tell one runner from another.
    - `github`: the URL of the API, the token, and owner/name; '' for what is not known.
    - `check`: refuses flags that a run would not take. Raises ValueError, or prints the reason and
      raises SystemExit.
    - `jobs`: returns the names of the jobs that it has.
    """

    state_dir: Path
    repo: Callable[[Sequence[str]], Path]
    program: Sequence[str]
    runner_dir: Path
    github: tuple[str, str, str]
    check: Callable[[Sequence[str]], None]
    jobs: Callable[[], Sequence[str]]
