"""The command line of a pipeline: its flags, its commands, and a run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from lib.commands import (
    flags_of_earlier_runs,
    front_door,
    own_call,
    program,
    run_again,
    run_options,
)
from lib.commands.flags_of_earlier_runs import StoredPipeline
from lib.commands.run_options import RunOptions
from lib.common import console, version
from lib.model import events, selection
from lib.model.selection import Choice
from lib.report import graph_export
from lib.report.rerun_command import RerunCommand

if TYPE_CHECKING:
    from lib.commands.site import Site
    from lib.report.view import View

LIMITS = ("max_parallel", "pressure", "timeout")


class AnyPipeline(StoredPipeline, Protocol):
    """The parts of a pipeline that its command line uses."""

    @property
    def store_limits(self) -> Sequence[float]:
        """The days, runs and bytes that the store keeps."""

    @property
    def cwd(self) -> Path:
        """The directory in which jobs start."""

    @property
    def run(self) -> Callable[..., int]:
        """Run the jobs."""

    @property
    def redact(self) -> Callable[[str], str]:
        """Masks its secrets."""

    @property
    def logs_of_run(self) -> Path:
        """The directory of the last run."""

    @property
    def page_of_run(self) -> str:
        """The address of the page of the last run, '' if it has none."""

    def add_listeners(self, listeners: Sequence[events.Listener]) -> None:
        """Have them listen to the runs that follow."""

    def dry_run(self, chosen: Choice, restored: Mapping[str, Any]) -> list[str]:
        """Return the starts of a run. Raises ValueError."""

    def adapt(
        self,
        limits: Mapping[str, Any],
        rerun: Callable[[str], str] | None,
        leave_out: Callable[[Sequence[str]], str],
        views: Callable[[TextIO | None], Sequence[View]],
    ) -> None:
        """Take other limits and views, and tell with these flags how to run again."""


def main(pipeline: AnyPipeline, words: Sequence[str]) -> int:
    """Do what the command line asks for; return the exit code, as docs/usage.md lists them."""
    name = Path(sys.argv[0]).name
    name = "pipeline" if name in ("", "-", "-c") else name
    return program.run(lambda: _main(pipeline, words, name), name)


def _main(pipeline: AnyPipeline, words: Sequence[str], name: str) -> int:
    if isinstance(words, str):  # its letters would be the words
        raise ValueError(f"main: expected a list of words such as {words.split()}, found {words!r}")
    if words and words[0] in front_door.COMMANDS:
        return front_door.call(words, name, lambda _: _site(pipeline, name))
    if words and not words[0].startswith("-"):
        raise ValueError(front_door.unknown(words[0], ()))
    options = parse(words, name)
    if options.show in graph_export.VIEWS:
        jobs = selection.chosen_jobs(pipeline.jobs, options.choice)
        return console.put(graph_export.VIEWS[options.show](jobs))
    _adapt(pipeline, options)
    workers = {} if options.pytest_workers is None else {"pytest_workers": options.pytest_workers}
    if options.show == "plan":
        chosen, restored, notes = flags_of_earlier_runs.plan(pipeline, options, workers)
        lines = [f"NOTE  {note}" for note in notes]
        return console.put("\n".join([*lines, *pipeline.dry_run(chosen, restored)]))
    if options.until_eof:
        from lib.common import stdin_end  # late: people press Ctrl-C

        stdin_end.watch()
    with options.output.opened(), _alone(pipeline, wait=not options.no_wait):
        tells_name = _names_run(pipeline, options)
        pipeline.add_listeners([*tells_name, *options.output.listeners(pipeline.redact)])
        chosen, restored, notes = flags_of_earlier_runs.plan(pipeline, options, workers)
        code = pipeline.run(**chosen._asdict(), **workers, restored=restored, notes=notes)
        options.output.answer(pipeline.logs_of_run, pipeline.redact, pipeline.page_of_run)
        return code


def _names_run(pipeline: AnyPipeline, options: RunOptions) -> list[events.Listener]:
    """Return what writes the name of the run into a file. Raises ValueError if it has none."""
    if not options.name_to:
        return []
    from lib.commands import name_file, site  # late: few runs are started by programs

    if pipeline.store is None:
        raise ValueError(f"--name-to: {site.NO_STORE}")
    return [name_file.listener(options.name_to)]


def _alone(pipeline: AnyPipeline, *, wait: bool) -> contextlib.AbstractContextManager[object]:
    """Return what holds the lock of the working directory; a pipeline without a store has none."""
    if pipeline.store is None:
        return contextlib.nullcontext()
    from lib.commands import working_directory  # late: a view takes no lock

    return working_directory.alone(pipeline.store, pipeline.cwd, wait=wait)


def _site(pipeline: AnyPipeline, name: str) -> Site:
    """Return the place that a command asks."""
    from lib.commands.site import Site  # late, as the other: a run asks nothing
    from lib.run_directories.retention import Limits

    again = own_call.words()
    return Site(
        store=pipeline.store,
        program=again,
        jobs=lambda: pipeline.jobs,
        run=lambda more: _main(pipeline, more, name),
        limits=Limits(*pipeline.store_limits),
        repo=lambda: pipeline.cwd,
        rerun=lambda _: own_call.in_shell([*again, "rerun", "--failed"]) if again else "",
    )


def _adapt(pipeline: AnyPipeline, options: RunOptions) -> None:
    """Give the pipeline the limits that were asked for, and the words for the next run."""
    asked = {limit: getattr(options, limit) for limit in LIMITS}
    limits = {limit: value for limit, value in asked.items() if value is not None}
    if options.no_wait:
        limits["wait"] = False
    again = own_call.words()
    pipeline.adapt(
        limits,
        _run_again(pipeline, again) if again else None,
        lambda names: f"--skip-jobs {','.join(names)}",
        options.views,
    )


def _run_again(pipeline: AnyPipeline, again: Sequence[str]) -> RerunCommand:
    """Return the command that runs jobs again."""

    def command(jobs: Sequence[str], testcases: str) -> str:
        return own_call.in_shell([*again, *run_again.selection(pipeline.jobs, jobs, testcases)])

    return RerunCommand(command)


def parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of a run; `--help` is its view for people."""
    made = front_door.Parser(
        prog=name,
        description="Run the jobs of a pipeline, or ask for its runs.",
        usage="%(prog)s [COMMAND] [flags]",
        epilog=run_options.EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    text = f"%(prog)s, runner {version.full()}"
    made.add_argument("--version", action="version", version=text)
    run_options.add_flags(made)
    return made


def parse(words: Sequence[str], name: str) -> RunOptions:
    """Return the options; exit with 2 and a sentence for words that make no sense."""
    made = parser(name)
    options = RunOptions(**vars(made.parse_args(words)))
    for sentence in options.conflicts():
        made.error(sentence)
    return options
