"""From the command line of pipeline.py to a command, a prediction, or a request for a run."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lib.buckaroo import settings
from lib.buckaroo.settings import Settings
from lib.commands import front_door, program
from lib.commands.program import complain
from lib.commit import command_line
from lib.commit.command_line import Options
from lib.commit.error_messages import state_directory_hint
from lib.commit.request import Request, load_settings
from lib.model.job import Job
from lib.model.verdict import FAILED

if TYPE_CHECKING:
    from lib.commands.site import Site
    from lib.common.waste import Waste

NAME = "pipeline.py"
PLACES = ("--repo", "--state-dir")  # flags that may stand before a command


class Entry(NamedTuple):
    """The parts of the program: its file, its jobs, a run, and the commands of its own.

    A command of its own gets the words behind its name, after flags that stood before it.
    """

    file: Path
    table: Callable[[Settings], Sequence[Job]]
    run: Callable[[Request], int]
    others: Mapping[str, Callable[[Sequence[str]], int]]


def main(arguments: Sequence[str], entry: Entry) -> int:
    """Do what the command line asks for; return the exit code, 128+n after signal n."""
    return program.run(lambda: _main(arguments, entry), NAME)


def _main(arguments: Sequence[str], entry: Entry) -> int:
    words = front_door.command_first(arguments, PLACES, entry.others)
    if words and words[0] in entry.others:
        return entry.others[words[0]](words[1:])
    if words and words[0] in front_door.COMMANDS:
        return front_door.call(words, NAME, lambda g: _site(g, entry), command_line.add_places)
    options = command_line.parse(words)
    if options.until_eof:
        from lib.common import stdin_end  # late: people press Ctrl-C

        stdin_end.watch()
    try:
        with options.output.opened():
            return entry.run(_demo(options, entry) if options.demo else _request(options, entry))
    except OSError as error:
        complain(f"{NAME}: {error}{state_directory_hint(error, options.state_dir)}")
        return FAILED


def _site(given: argparse.Namespace, entry: Entry) -> Site:
    """Return the place that a command asks: the state directory is the store."""
    from lib.buckaroo import stale_places  # late, as the other: a run asks nothing
    from lib.commands.site import Site

    config = settings.load_anywhere({"state_dir": given.state_dir})
    places = command_line.places(given)
    return Site(
        store=config.state_dir,
        program=["python3", str(entry.file), *places],
        jobs=lambda: entry.table(config),
        run=lambda words: _main([*places, *words], entry),
        limits=stale_places.limits(config),
        more_waste=functools.partial(_more_waste, config),
        repo=lambda: _config(given).repo_dir,
        rerun=lambda sha: _rerun(given, entry, sha),
    )


def _more_waste(config: Settings, now: float) -> Iterator[Waste]:
    """Yield what else may go than runs. Raises OSError."""
    from lib.buckaroo import stale_places
    from lib.commit_queue import old_entries

    yield from stale_places.find(config, now)
    yield from old_entries.find(config.state_dir, config.keep_days, now)


def _config(given: argparse.Namespace) -> Settings:
    """Return the settings with a repository. Raises ValueError."""
    return settings.load({"repo": given.repo, "state_dir": given.state_dir})


def _rerun(given: argparse.Namespace, entry: Entry, sha: str) -> str:
    """Return the command that runs a commit's failures again, '' without a checkout that has it."""
    from lib.commit import rerun_failed_command  # late: few commands ask

    try:
        return rerun_failed_command.command(str(entry.file), sha, _config(given))
    except ValueError:
        return ""


def _demo(options: Options, entry: Entry) -> Request:
    from lib.buckaroo.demo import prepare  # late: only a demo needs it

    config = settings.load_anywhere({"state_dir": options.state_dir})
    prepared = prepare(config.state_dir, print)
    prepared.refuse_unknown(options.sha or "green")
    return _request(options, entry, str(prepared.path), "green")


def _request(
    options: Options, entry: Entry, repo: str | None = None, default: str = "HEAD"
) -> Request:
    config = load_settings(options, repo)
    return Request(options, config, entry.table(config), default)
