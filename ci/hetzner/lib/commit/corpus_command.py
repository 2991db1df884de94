"""`pipeline.py corpus`: the place in which its commands work, from the settings or the demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.buckaroo import settings
from lib.commit import command_line
from lib.corpus import command
from lib.corpus.place import Place

DEMO = "--demo"


def main(arguments: Sequence[str], file: Path) -> int:
    """Call the command; return its exit code. `file` is the program that runs one commit.

    Raises ValueError for bad settings.
    """
    return command.main(
        arguments, lambda given, words: _place(given, words, file), command_line.add_places
    )


def _place(given: argparse.Namespace, words: Sequence[str], file: Path) -> Place:
    demo = DEMO in words
    if demo:
        from lib.buckaroo.demo import prepare  # late: only a demo needs it

        config = settings.load_anywhere({"state_dir": given.state_dir})
        repo = prepare(config.state_dir, lambda text: print(text, file=sys.stderr)).path
    else:
        config = settings.load({"repo": given.repo, "state_dir": given.state_dir})
        repo = config.repo_dir
    places = ["--state-dir", str(config.state_dir), *([] if demo else ["--repo", str(repo)])]
    return Place(
        repo=repo,
        state_dir=config.state_dir,
        program=[sys.executable, str(file), *places],
        runner_dir=file.parent,
        check=_check,
    )


def _check(flags: Sequence[str]) -> None:
    """Refuse flags that a run of a commit does not take. Raises ValueError and SystemExit."""
    options = command_line.parse(["HEAD", *flags])
    if options.sha != "HEAD" or options.branch:
        raise ValueError(
            f"expected flags of a run, found a word that is none: {options.branch or options.sha}"
        )
    if options.show or options.in_place or options.events or options.repo or options.state_dir:
        raise ValueError(
            "flags of a run: --list, --dry-run, --graph, --in-place, --events, --repo and "
            "--state-dir make no sense for the commits of a corpus: leave them out"
        )
