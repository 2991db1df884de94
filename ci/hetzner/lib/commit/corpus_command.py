"""`pipeline.py corpus`: the site that its commands ask, from the settings or the demo."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.settings import Settings
from lib.commit import command_line
from lib.common import own_environ
from lib.corpus import command
from lib.corpus.site import CorpusSite
from lib.model.job import Job

DEMO = "--demo"
Table = Callable[[Settings], Sequence[Job]]


def main(arguments: Sequence[str], file: Path, table: Table) -> int:
    """Call the command; return its exit code.

    `file` is the program that runs one commit, `table` returns its jobs. Raises ValueError for bad
    settings.
    """
    return command.main(arguments, lambda given: _site(given, file, table), command_line.add_places)


def _site(given: argparse.Namespace, file: Path, table: Table) -> CorpusSite:
    config = settings.load_anywhere({"state_dir": given.state_dir})
    own_environ.hide_secrets(config.secret_names)  # from the jobs of its runs
    places = ["--state-dir", str(config.state_dir), *(["--repo", given.repo] if given.repo else [])]
    return CorpusSite(
        state_dir=config.state_dir,
        repo=functools.partial(_repo, given),
        program=[sys.executable, str(file), *places],
        runner_dir=file.parent,
        github=(config.github_api_url, config.github_token, config.github_repo),
        check=_check,
        jobs=lambda: [job.name for job in table(config)],
    )


def _repo(given: argparse.Namespace, flags: Sequence[str]) -> Path:
    """Return the repository under test; that of the demo is made. Raises ValueError and OSError."""
    if DEMO not in flags:
        return settings.load({"repo": given.repo, "state_dir": given.state_dir}).repo_dir
    from lib.buckaroo.demo import prepare  # late: only a demo needs it

    config = settings.load_anywhere({"state_dir": given.state_dir})
    return prepare(config.state_dir, lambda text: print(text, file=sys.stderr)).path


def _check(flags: Sequence[str]) -> None:
    """Refuse flags that a run of a commit does not take. Raises ValueError and SystemExit."""
    options = command_line.parse(["HEAD", *flags])
    if options.sha != "HEAD" or options.branch:
        raise ValueError(
            f"expected flags of a run, found a word that is none: {options.branch or options.sha}"
        )
    wrong = {
        "--list, --dry-run and --graph": options.show,
        "--in-place": options.in_place,
        "--events": options.events,
        "--name-to": options.name_to,
        "--prepare": options.prepare,
        "--repo (name it outside of the file)": options.repo,
        "--state-dir (name it outside of the file)": options.state_dir,
    }
    if named := [flag for flag, given in wrong.items() if given]:
        raise ValueError(
            f"expected flags of a run of a commit, found {', '.join(named)}: leave them out"
        )
