"""The command line of pipeline.py: its flags, and which of them exclude each other."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lib.common import version
from lib.model.selection import Choice

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
test cases matched no test, 124 --timeout was over before all jobs were done (the checkout and the
dependencies before them have limits of their own), 128+n ended by signal n

Settings that are not flags come from the environment: CI_BOX, CI_REPO_DIR, CI_STATE_DIR,
CI_TIMEOUT, GITHUB_TOKEN, GITHUB_REPO, LOG_URL, CI_PORT_…; see docs/usage.md."""


@dataclass(frozen=True)
class Options:
    """The options of the command line; None or '' for those that were not given."""

    sha: str
    branch: str
    after_dashes: bool  # SHA stood behind "--": it is no command
    fast_fail: bool
    only_jobs: list[str] | None
    skip_jobs: list[str] | None
    first_jobs: list[str] | None
    only_testcases: str
    first_testcases: str
    no_deps: bool
    pytest_workers: int | None
    phase: str
    wheel_from: str
    max_parallel: int | None
    pressure: float | None
    shuffle: int | None  # a seed; True: to be drawn
    timeout: float | None
    repo: str | None
    state_dir: str | None
    in_place: bool
    demo: bool
    show: str  # "jobs", "plan", "dot" or "mermaid"; '' to run

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

    def choice(self, absent: Collection[str]) -> Choice:
        """Return the selection, without the jobs in `absent`, which this machine cannot run."""
        only, skip = self.only_jobs, [*(self.skip_jobs or ()), *absent]
        if self.phase == "5b":
            only, skip = ["playwright-jupyter"], ["build-wheel"]
        return Choice(
            fast_fail=self.fast_fail,
            only_jobs=only,
            skip_jobs=skip or None,
            first_jobs=self.first_jobs,
            only_testcases=self.only_testcases,
            first_testcases=self.first_testcases,
            no_deps=self.no_deps,
            shuffle=self.shuffle,
        )


def names(text: str) -> list[str]:
    """Return the names in a list that is separated by commas."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("expected names separated by commas, found none")
    return found


def count(text: str) -> int:
    """Return a number of 1 or more."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, found {text!r}")
    return value


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage from 0 to 100, found {text!r}")
    return value


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"expected a seed, such as 7, or none, found {text!r} (a SHA goes before --shuffle)"
        )
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser; `--help` is its view for people."""
    made = argparse.ArgumentParser(
        prog="pipeline.py",
        description="Run the CI of one commit.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {version.full()}")
    made.add_argument("sha", nargs="?", default="", metavar="SHA", help="commit (default: HEAD)")
    made.add_argument("branch", nargs="?", default="", metavar="BRANCH", help="its branch")
    which = made.add_argument_group("which jobs (names separated by commas)")
    which.add_argument(
        "--only-jobs", "--only", type=names, metavar="JOBS", help="these, and their needs"
    )
    which.add_argument("--no-deps", action="store_true", help="with --only-jobs: these alone")
    which.add_argument(
        "--skip-jobs",
        "--skip",
        type=names,
        metavar="JOBS",
        help="not these: their outputs are those of the last run on the same tree",
    )
    which.add_argument(
        "--first-jobs", type=names, metavar="JOBS", help="these and their needs, then the rest"
    )
    which.add_argument(
        "--phase", choices=("all", "5b"), default="all", help="5b: only the Jupyter tests"
    )
    which.add_argument(
        "--wheel-from", default="", metavar="SHA", help="with --phase=5b: the commit of the wheel"
    )
    tests = made.add_argument_group("which test cases").add_mutually_exclusive_group()
    tests.add_argument("--only-testcases", default="", metavar="CASES", help="only these: a,b")
    tests.add_argument(
        "--first-testcases", default="", metavar="CASES", help="these first, then all"
    )
    how = made.add_argument_group("how")
    how.add_argument(
        "--fast-fail", action="store_true", help="end the run when a critical job fails"
    )
    how.add_argument("--pytest-workers", type=count, metavar="N", help="(default: 4)")
    how.add_argument("--max-parallel", "-j", type=count, metavar="N", help="jobs at once")
    how.add_argument(
        "--pressure",
        type=_percent,
        metavar="N",
        help="start nothing while CPU or memory pressure is above N %% (Linux; see proc(5))",
    )
    how.add_argument(
        "--shuffle",
        nargs="?",
        type=_seed,
        const=True,
        metavar="SEED",
        help="start ready jobs in random order, to expose missing edges; a SEED repeats an order",
    )
    how.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="for all jobs together")
    add_places(how)
    how.add_argument(
        "--in-place", action="store_true", help="on the tree as it is, not in a worktree"
    )
    how.add_argument(
        "--demo", action="store_true", help="on a small repository that is made for it"
    )
    instead = made.add_argument_group("instead of running").add_mutually_exclusive_group()
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
    return made


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; exit with 2 and a sentence for a combination without sense."""
    made = parser()
    given = vars(made.parse_args(arguments))
    options = Options(**given, after_dashes="--" in arguments)
    for sentence in _conflicts(options):
        made.error(sentence)
    return options


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


def _conflicts(given: Options) -> list[str]:
    """Return a sentence on each combination of options that makes no sense."""
    jupyter = given.phase == "5b"
    sentences = {
        "--no-deps: say with --only-jobs which jobs": given.no_deps and not given.only_jobs,
        "--phase=5b and --only-jobs exclude each other": jupyter and given.only_jobs,
        "--phase=5b and --skip-jobs exclude each other": jupyter and given.skip_jobs,
        "--wheel-from goes with --phase=5b": given.wheel_from and not jupyter,
        "--in-place runs the tree as it is: leave out the SHA": given.in_place and given.sha,
        "--demo and --repo exclude each other": given.demo and given.repo,
        "--demo and --in-place exclude each other": given.demo and given.in_place,
        "--only-jobs and --skip-jobs name the same job": (
            set(given.only_jobs or ()) & set(given.skip_jobs or ())
        ),
    }
    return [sentence for sentence, wrong in sentences.items() if wrong]
