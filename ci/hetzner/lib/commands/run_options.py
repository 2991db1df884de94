"""The flags of a run that every pipeline has, and which of them exclude each other."""

from __future__ import annotations

import argparse
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TextIO

from lib.commands import argument_types
from lib.model import selection
from lib.model.selection import Choice

if TYPE_CHECKING:
    from lib.commands.program_output import ProgramOutput
    from lib.report.view import View

EXIT_CODES = """\
exit codes: 0 passed, 1 failed, 2 bad usage or declaration, 4 nothing failed but the filter of test
cases matched no test, 124 --timeout was over before all jobs were done, 128+n ended by signal n"""
JOBS = "which jobs (separated by commas: names, globs such as 'test-*', groups such as @lint)"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of a run; None or '' for those that were not given."""

    fast_fail: bool
    only_jobs: list[str] | None
    skip_jobs: list[str] | None
    first_jobs: list[str] | None
    only_testcases: str
    first_testcases: str
    no_deps: bool
    only_failed: bool
    failed_first: bool
    pytest_workers: int | None
    max_parallel: int | None
    pressure: float | None
    shuffle: int | None  # a seed; True: to be drawn
    timeout: float | None
    no_wait: bool
    quiet: bool
    verbose: bool
    no_color: bool
    events: str  # a path, or a descriptor
    json: bool
    until_eof: bool
    name_to: str  # a path
    show: str  # "jobs", "plan", "dot" or "mermaid"; '' to run

    @property
    def choice(self) -> Choice:
        """The wanted jobs and test cases, and their order."""
        return Choice(
            fast_fail=self.fast_fail,
            only_jobs=self.only_jobs,
            skip_jobs=self.skip_jobs,
            first_jobs=self.first_jobs,
            only_testcases=self.only_testcases,
            first_testcases=self.first_testcases,
            no_deps=self.no_deps,
            shuffle=self.shuffle,
        )

    @functools.cached_property
    def output(self) -> ProgramOutput:
        """Where programs read of the run."""
        from lib.commands.program_output import ProgramOutput  # late: only a run has it

        return ProgramOutput(self.events, answer=self.json)

    @property
    def chooses(self) -> bool:
        """Whether it leaves out a job or a test case."""
        return not selection.asks_for_all(self.choice)

    def views(self, console: TextIO | None = None) -> list[View]:
        """Return new views of a run with these flags, on a console in place of stdout."""
        from lib.terminal import choose  # late: only a run is shown

        color = False if self.no_color else None
        return choose.views(console, quiet=self.quiet, verbose=self.verbose, color=color)

    def conflicts(self) -> list[str]:
        """Return a sentence on each combination of options that makes no sense."""
        sentences = {
            "--no-deps: say with --only-jobs which jobs": self.no_deps and not self.only_jobs,
            "--only-jobs and --skip-jobs name the same job": (
                set(self.only_jobs or ()) & set(self.skip_jobs or ())
            ),
            "--only-failed (rerun --failed) decides itself which jobs run, on all test cases": (
                self.only_failed and (self.chooses or self.first_testcases)
            ),
            "--json is the answer of a run: show RUN --json tells of one that has ended": (
                self.json and self.show
            ),
            "--quiet and --verbose exclude each other": self.quiet and self.verbose,
            "--failed-first and --first-jobs exclude each other": (
                self.failed_first and self.first_jobs
            ),
        }
        return [sentence for sentence, wrong in sentences.items() if wrong]


class FlagGroups(NamedTuple):
    """The groups of flags in the order of `--help`, for a program that adds flags of its own."""

    which: argparse._ArgumentGroup
    how: argparse._ArgumentGroup
    for_starters: argparse._ArgumentGroup


def add_flags(parser: argparse.ArgumentParser) -> FlagGroups:
    """Add the flags of a run to a parser, so that its result has the fields of `RunOptions`."""
    which = parser.add_argument_group(JOBS)
    _add_jobs(which)
    tests = parser.add_argument_group("which test cases").add_mutually_exclusive_group()
    tests.add_argument("--only-testcases", default="", metavar="CASES", help="only these: a,b")
    tests.add_argument(
        "--first-testcases", default="", metavar="CASES", help="these first, then all"
    )
    how = parser.add_argument_group("how")
    _add_manner(how)
    _add_shown(parser.add_argument_group("what is shown"))
    for_starters = parser.add_argument_group("for the program that starts it")
    _add_for_starters(for_starters)
    instead = parser.add_argument_group("instead of running").add_mutually_exclusive_group()
    _add_views(instead)
    return FlagGroups(which, how, for_starters)


def _add_jobs(which: argparse._ArgumentGroup) -> None:
    jobs = argument_types.names
    which.add_argument(
        "--only-jobs", "--only", type=jobs, metavar="JOBS", help="these, and their needs"
    )
    which.add_argument("--no-deps", action="store_true", help="with --only-jobs: these alone")
    which.add_argument(
        "--skip-jobs",
        "--skip",
        type=jobs,
        metavar="JOBS",
        help="not these: their outputs are those of the last run on the same tree",
    )
    which.add_argument(
        "--first-jobs", type=jobs, metavar="JOBS", help="these and their needs, then the rest"
    )
    which.add_argument(
        "--failed-first",
        action="store_true",
        help="those that failed when they last ran and their needs, then the rest",
    )
    which.add_argument(
        "--only-failed",
        action="store_true",
        help="what `rerun --failed` means: those that the last run of everything on this very tree "
        "has not proven; the rest is restored from it",
    )


def _add_manner(how: argparse._ArgumentGroup) -> None:
    how.add_argument(
        "--fast-fail", action="store_true", help="end the run when a critical job fails"
    )
    count = argument_types.count
    how.add_argument("--pytest-workers", type=count, metavar="N", help="(default: 4)")
    how.add_argument("--max-parallel", "-j", type=count, metavar="N", help="jobs at once")
    how.add_argument(
        "--pressure",
        type=argument_types.percent,
        metavar="N",
        help="start nothing while CPU or memory pressure is above N %% (Linux; see proc(5))",
    )
    how.add_argument(
        "--shuffle",
        nargs="?",
        type=argument_types.seed,
        const=True,
        metavar="SEED",
        help="start ready jobs in random order, to expose missing edges; a SEED repeats an order",
    )
    how.add_argument(
        "--timeout",
        type=argument_types.seconds,
        metavar="SECONDS",
        help="for all jobs together",
    )

    how.add_argument(
        "--no-wait",
        action="store_true",
        help="where this run would wait for another: end at once, and name it",
    )


def _add_shown(shown: argparse._ArgumentGroup) -> None:
    shown.add_argument("--quiet", "-q", action="store_true", help="failures and the verdict only")
    shown.add_argument(
        "--verbose", "-v", action="store_true", help="the output of the jobs as well, as it comes"
    )
    shown.add_argument(
        "--no-color", action="store_true", help="no colors on a terminal (as with NO_COLOR=1)"
    )
    shown.add_argument(
        "--json",
        action="store_true",
        help="at the end one object for programs on stdout, all else on stderr",
    )
    shown.add_argument(
        "--events",
        default="",
        metavar="FILE|FD",
        help="the events as lines of JSON when they happen, to a file or an open descriptor",
    )


def _add_for_starters(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--until-eof",
        action="store_true",
        help="the end of standard input, a pipe, ends the run as SIGTERM does",
    )
    group.add_argument(
        "--name-to",
        default="",
        metavar="FILE",
        help="write the name of the run's directory there as soon as it has one",
    )


def _add_views(instead: argparse._MutuallyExclusiveGroup) -> None:
    instead.add_argument(
        "--list", action="store_const", const="jobs", help="the jobs", dest="show", default=""
    )
    instead.add_argument(
        "--dry-run",
        action="store_const",
        const="plan",
        help="the starts of a run, with reasons",
        dest="show",
        default="",
    )
    instead.add_argument(
        "--graph",
        nargs="?",
        choices=("dot", "mermaid"),
        const="dot",
        help="the graph for Graphviz (dot) or Markdown (mermaid)",
        dest="show",
        default="",
    )
