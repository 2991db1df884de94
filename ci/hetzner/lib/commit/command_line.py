"""The command line of pipeline.py: its flags, and which of them exclude each other."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lib.commands import front_door, run_options
from lib.commands.run_options import RunOptions
from lib.common import version
from lib.model.selection import Choice

OTHER_COMMANDS = {  # of pipeline.py alone, and their lines in --help
    "queue": "Keep commits that wait, and run them: push, run, list, log, worker, …",
    "corpus": "Run known commits, and compare each job with the expected outcome.",
    "simulate": "Predict how long a run would take.",
}
EXAMPLES = """\
examples:
  pipeline.py                         all jobs on HEAD, in a worktree of the runner's own
  pipeline.py --in-place --only-jobs lint-python,test-js
                                      two jobs on the tree as it is, uncommitted changes included
  pipeline.py --dry-run --first-jobs lint-python
                                      what would run, in which order and why
  pipeline.py 1a2b3c4 feature --fast-fail
                                      one commit; stop at the first failure of a critical job
  pipeline.py simulate -j 4           what a run would take, from recorded durations: see
                                      pipeline.py simulate --help
  pipeline.py --demo                  the whole pipeline on a small repository made for it

exit codes: 0 passed, 1 failed, 2 bad usage or configuration, 4 nothing failed but the filter of
test cases matched no test, 75 a run holds the place that --prepare was to prepare, 124 --timeout
was over before all jobs were done (the checkout before them has a limit of its own), 128+n ended by
signal n

Settings that are not flags come from the environment: CI_BOX, CI_REPO_DIR, CI_STATE_DIR,
CI_TIMEOUT, GITHUB_TOKEN, GITHUB_REPO, LOG_URL, CI_PORT_…; see docs/usage.md."""


@dataclass(frozen=True, kw_only=True)
class Options(RunOptions):
    """The options of the command line; None or '' for those that were not given."""

    sha: str
    branch: str
    after_dashes: bool  # SHA stood behind "--": it is no command
    phase: str
    wheel_from: str
    repo: str | None
    state_dir: str | None
    in_place: bool
    demo: bool
    place: str | None
    prepare: bool

    @property
    def means_a_commit(self) -> bool:
        """Whether SHA cannot be a mistyped command."""
        return bool(self.after_dashes or self.demo)

    @property
    def partial(self) -> bool:
        """Whether this run cannot speak for its commit as a whole."""
        return bool(self.only_jobs) or not self.whole_jobs

    @property
    def asks_for_all(self) -> bool:
        """Whether all jobs and test cases are asked for, whatever this machine can run."""
        some = self.only_jobs or self.skip_jobs or self.only_testcases
        return not some and self.phase == "all"

    @property
    def whole_jobs(self) -> bool:
        """Whether this run checks each of its jobs as a whole, with its own outputs."""
        return not (
            self.no_deps
            or self.skip_jobs
            or self.only_testcases
            or self.in_place
            or self.demo
            or self.phase != "all"
        )

    def choice_without(self, absent: Collection[str]) -> Choice:
        """Return the selection, without the jobs in `absent`, which this machine cannot run."""
        if self.phase == "5b":
            return self.choice._replace(only_jobs=["playwright-jupyter"], skip_jobs=["build-wheel"])
        return self.choice._replace(skip_jobs=[*(self.skip_jobs or ()), *absent] or None)

    def conflicts(self) -> list[str]:
        """Return a sentence on each combination of options that makes no sense."""
        jupyter = self.phase == "5b"
        sentences = {
            "--phase=5b and --only-jobs exclude each other": jupyter and self.only_jobs,
            "--phase=5b and --only-failed (rerun --failed) exclude each other": (
                jupyter and self.only_failed
            ),
            "--phase=5b and --failed-first exclude each other": jupyter and self.failed_first,
            "--phase=5b and --skip-jobs exclude each other": jupyter and self.skip_jobs,
            "--wheel-from goes with --phase=5b": self.wheel_from and not jupyter,
            "--in-place runs the tree as it is: leave out the SHA": self.in_place and self.sha,
            "--demo and --repo exclude each other": self.demo and self.repo,
            "--demo and --in-place exclude each other": self.demo and self.in_place,
            "--in-place runs the tree as it is: leave out --prepare": self.in_place
            and self.prepare,
            "--in-place runs the tree as it is: leave out --place": self.in_place and self.place,
        }
        return [*super().conflicts(), *(text for text, wrong in sentences.items() if wrong)]


def parser() -> argparse.ArgumentParser:
    """Return the parser; `--help` is its view for people."""
    made = front_door.Parser(
        prog="pipeline.py",
        description="Run the CI of one commit.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.other_commands = OTHER_COMMANDS
    made.add_argument("--version", action="version", version=f"%(prog)s {version.full()}")
    made.add_argument("sha", nargs="?", default="", metavar="SHA", help="commit (default: HEAD)")
    made.add_argument("branch", nargs="?", default="", metavar="BRANCH", help="its branch")
    which, how, for_starters = run_options.add_flags(made)
    which.add_argument(
        "--phase", choices=("all", "5b"), default="all", help="5b: only the Jupyter tests"
    )
    which.add_argument(
        "--wheel-from", default="", metavar="SHA", help="with --phase=5b: the commit of the wheel"
    )
    add_places(how)
    how.add_argument(
        "--in-place", action="store_true", help="on the tree as it is, not in a worktree"
    )
    how.add_argument(
        "--demo", action="store_true", help="on a small repository that is made for it"
    )
    _add_for_starters(for_starters)
    return made


def _add_for_starters(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--place",
        metavar="N",
        help="run in a tree of its own, so that runs of one checkout go on side by side (default: "
        "0, the usual one)",
    )
    group.add_argument(
        "--prepare",
        action="store_true",
        help="only make commit, tree and dependencies ready for a run at this place, at the lowest "
        "priority; ends with 75 if a run holds the place",
    )


def add_places(parser: argparse._ActionsContainer) -> None:
    """Add the flags that name the checkout and the state directory; commands take them, too."""
    parser.add_argument("--repo", metavar="DIR", help="the checkout (default: the one around you)")
    parser.add_argument(
        "--state-dir", metavar="DIR", help="where logs, caches and durations are kept"
    )


def places(given: argparse.Namespace | Options) -> list[str]:
    """Return the words that name the places which were given."""
    named = {"--repo": given.repo, "--state-dir": given.state_dir}
    return [word for flag, place in named.items() if place for word in (flag, place)]


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; exit with 2 and a sentence for a combination without sense."""
    made = parser()
    given = vars(made.parse_args(arguments))
    options = Options(**given, after_dashes="--" in arguments)
    for sentence in options.conflicts():
        made.error(sentence)
    return options
