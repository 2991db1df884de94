"""The public face: declare jobs, put them into a pipeline, run it.

    from dsl import Job, Pipeline

    build = Job("build", "make", outputs={"binary": "out/tool"})
    test = Job("test", "make check", depends_on=["build"], timeout=60)
    sys.exit(Pipeline([build, test], sha, branch, "logs", cwd=".").run())

Standard library only. `docs/usage.md` explains the fields of a job, `docs/rules.md` the rules.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lib.commands import declarations
from lib.common import inherited_environment, machine, redact
from lib.common import log_bytes as sizes
from lib.common.version import VERSION
from lib.model import events, graph_check, selection
from lib.model.declaration_error import DeclarationError, explains_bad_arguments
from lib.model.elsewhere import NO_PIPELINES, NO_RUNS
from lib.model.job import Job
from lib.model.job_fields import variable_problems
from lib.model.pipeline_check import kind_problems, number_problems, text_problems
from lib.model.pool_names import pool_questions
from lib.model.result import Earlier, Outcome, Result
from lib.model.run_facts import Facts
from lib.model.run_plan import DEFAULT_CWD, DEFAULT_TIMEOUT, Limits
from lib.model.selection import EVERYTHING, Choice
from lib.processes import programs
from lib.processes.launch import Place
from lib.report.run_log import RunLog
from lib.report.run_reports import ReportOptions
from lib.run.absolute import absolute
from lib.run.execution import Run
from lib.run.for_programs import ForPrograms
from lib.run.planner import Planner

if TYPE_CHECKING:
    from lib.report.view import View
    from lib.storage.cache import Cache

__all__ = ["Cache", "Job", "Outcome", "Pipeline", "Result"]
__version__ = VERSION
sys.excepthook = declarations.told_by(sys.excepthook)


def __getattr__(name: str) -> object:
    """Import `Cache` at its first use (PEP 562): only some pipelines need it."""
    if name == "Cache":
        from lib.storage.cache import Cache

        return Cache
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _plain_views(stream: TextIO | None) -> list[View]:
    from lib.terminal.plain_view import PlainView  # late: only a run is shown

    return [PlainView(stream)] if stream else []


class Pipeline(ForPrograms):
    """Jobs that belong together, and the place where they run.

    - `jobs`: jobs of equal urgency start in their order.
    - `sha`, `branch`: the commit under test, for summary.json; nothing is checked out.
    - `log_dir` gets ci.log, `<name>.log` and summary.json, and is made if it is missing.
    - `store`: a directory in which each run makes its own, `runs/<time>-<commit>/`, in place of
      `log_dir` (default None). `logs/<sha>` in it leads to the newest run of all jobs of a commit.
    - `store_limits`: days, runs and bytes that the store keeps (default: 30, 200, 5 GB).
    - `timeout`: seconds for all jobs together (default 180), after which the run ends with 124.
    - `cwd`: the directory in which jobs start and relative outputs begin (default: `/repo`).
    - `max_parallel`: jobs at once (default None: only the pools bound them).
    - `resources`: the pools, over the default of the machine's processors as `cpu` and its MiB
      as `memory`.
    - `grace`: seconds from TERM to KILL (default 5).
    - `log_bytes`: the bound of a job's log, of all attempts together (default 100 MB): its head and
      its tail are kept.
    - `env`: what jobs see (default None: this process's environment), less what holds secrets,
      by its name; `secret_names` are further variables that do (default: none). Variables of a
      surrounding git hook or make, an outer run and the caller's shell
      (`lib/common/inherited_environment.py`) reach jobs only with another value than this process
      has them with, or by a job's own `env`.
    - `durations`: usual seconds by job, for the order when slots are short (default: those of the
      runs in `store`).
    - `listeners`: called with every event of `lib/model/events.py` (default: none).
    - `rerun`: called with a job's name, returns the command that runs it again, for the summary of
      failed jobs (default None: no command is shown). If it raises, there is no command, and a
      `NOTE` line says why.
    - `leave_out`: called with the names of jobs whose programs are missing, returns the way to run
      without them (default: the argument `skip_jobs`).
    - `log_url`: the URL of `log_dir`, or of the runs of `store`, for browsers, for the lines that
      point to logs (default None: the variable `LOG_URL`; without it they have the path).
    - `tree`, `dirty`, `in_place`: more fields of summary.json on the tree under test: its hash,
      whether it has changes that no commit holds, and whether it is the working tree of a user
      (default None: not known).
    - `asked_for_all`: one more: whether the user asked for all jobs, though `run` gets a selection
      (default None: as the selection says).
    - `run_log`: a log that was begun before in a directory that the caller owns, which stays open
      (default None: a new ci.log).
    - `console`: shows the lines of the log (default None: stdout).
    - `pressure`: percent of CPU or memory pressure above which starts are held back (Linux;
      default None: never).
    - `wait`: whether a job waits for a port that another run of the machine holds (default True);
      else it fails at once and names that run.

    Raises DeclarationError, a ValueError that lists every problem of jobs and numbers at once.
    """

    @explains_bad_arguments(lambda _: "Pipeline", elsewhere=NO_PIPELINES, checks=True)
    def __init__(
        self,
        jobs: Sequence[Job],
        sha: str,
        branch: str,
        log_dir: str | Path | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        cwd: str | Path = DEFAULT_CWD,
        *,
        store: str | Path | None = None,
        store_limits: Sequence[float] = (30, 200, 5e9),
        max_parallel: int | None = None,
        resources: Mapping[str, int] | None = None,
        grace: float = 5.0,
        env: Mapping[str, str] | None = None,
        durations: Mapping[str, float] | None = None,
        listeners: Sequence[events.Listener] = (),
        rerun: Callable[[str], str] | None = None,
        leave_out: Callable[[Sequence[str]], str] = programs.by_argument,
        log_url: str | None = None,
        run_log: RunLog | None = None,
        console: TextIO | None = None,
        secret_names: Collection[str] = (),
        pressure: float | None = None,
        wait: bool = True,
        tree: str | None = None,
        dirty: bool | None = None,
        in_place: bool | None = None,
        asked_for_all: bool | None = None,
        log_bytes: int = sizes.DEFAULT,
    ) -> None:
        self.results: dict[str, Result] = {}
        self.facts = Facts()  # of the last run: all that its exit code follows from
        jobs = tuple(jobs) if isinstance(jobs, Iterable) else jobs
        problems = kind_problems(jobs, log_dir, store, cwd, resources)
        texts = {"sha": sha, "branch": branch} | ({} if tree is None else {"tree": tree})
        if problems := problems + text_problems(wait, **texts):
            raise DeclarationError("\n".join(problems))
        self.jobs = jobs
        pools = {**machine.this().pools(), **(resources or {})}
        problems = number_problems(
            timeout, grace, max_parallel, pressure, log_bytes, store_limits, pools
        )
        problems += [] if env is None else variable_problems(env)
        place = absolute(problems, "cwd", cwd)
        self.store = None if store is None else absolute(problems, "store", store)
        logs = self.store or absolute(problems, "log_dir", log_dir or "")
        problems += graph_check.problems(self.jobs, pools, str(place))
        if problems:
            raise DeclarationError("\n".join(problems))
        self.store_limits = tuple(store_limits)
        limits = Limits(pools, max_parallel, timeout, pressure, wait)
        self._planner = Planner(jobs, durations, limits, place, self.store)
        self._asked_for_all = asked_for_all
        environ = inherited_environment.without(os.environ if env is None else env, os.environ)
        secrets = redact.secret_values({**os.environ, **environ}, secret_names)
        mask = redact.Redactor(secrets) if secrets else str
        self._place = Place(
            cwd=place,
            log_dir=logs,
            env=redact.without_secrets(environ, secret_names),
            grace=grace,
            redact=mask,
            log_bytes=log_bytes,
        )
        self._console = console
        header = {"sha": sha, "branch": branch, "tree": tree, "dirty": dirty, "in_place": in_place}
        self._options = ReportOptions(
            header=header,
            log_url=os.environ.get("LOG_URL", "") if log_url is None else log_url,
            redact=mask,
            viewer=lambda: _plain_views(console or sys.stdout),
            rerun=rerun,
            leave_out=leave_out,
            listeners=tuple(listeners),
            run_log=run_log,
        )

    @explains_bad_arguments(lambda _: "Pipeline.run", elsewhere=NO_RUNS)
    def run(
        self,
        fast_fail: bool = False,
        only_jobs: Collection[str] | None = None,
        skip_jobs: Collection[str] | None = None,
        first_jobs: Collection[str] | None = None,
        only_testcases: str = "",
        first_testcases: str = "",
        pytest_workers: int = 4,
        *,
        no_deps: bool = False,
        shuffle: int | None = None,
        restored: Mapping[str, str | Earlier] | None = None,
        notes: Sequence[str] = (),
    ) -> int:
        """Run the jobs; return 0 passed, 1 failed, 4 no test matched the filter, 124 out of time.

        128+n stands for signal n.

        Critical jobs are those with `fast_fail=True`: with `fast_fail` the failure of one ends the
        run. `only_jobs` are jobs, by names, globs ("test-*") or groups ("@lint"), run with the jobs
        that they need, or alone with `no_deps`; `skip_jobs` are not run, their outputs have to
        exist; `first_jobs` are run before the rest. `only_testcases` and `first_testcases`, names
        separated by commas, reach jobs as PYTEST_K_FILTER and PW_GREP_FILTER; after the first ones
        all are run. If no job with `testcases=True` runs a test by them (each ends with 5), the run
        is red, with 4. `pytest_workers` reaches them as PYTEST_WORKERS. With `shuffle` ready jobs
        start in random order: a seed gives the same order again, True draws a fresh one, which the
        log has.
        `restored` are jobs that an earlier run has proven on this very tree, each with a reason for
        people, which the caller answers for: they do not run, and end as `restored`. A job among
        them runs all the same if it depends on one that runs, if an output is gone that a job needs
        which runs, or if it is a service that one needs. `notes` are lines for the beginning of the
        log.

        Raises ValueError, before anything starts, for a selection that names an unknown job or
        holds none, and for a working directory that is not there. Raises RuntimeError while
        another run goes on in this process: there can be one at a time. Raises OSError while the
        run of another process, which it names, uses `log_dir`: each needs one of its own.
        """
        jobs = (only_jobs, skip_jobs, first_jobs)
        asked = Choice(fast_fail, *jobs, only_testcases, first_testcases, no_deps, shuffle)
        chosen = selection.listed(asked)
        plan = self._planner.plan(chosen, restored or {})
        if not isinstance(pytest_workers, int) or pytest_workers < 1:
            raise ValueError(f"pytest_workers: expected 1 or more, found {pytest_workers!r}")
        questions = pool_questions(self.jobs, plan.limits.pools)
        plan = plan._replace(notes=[*notes, *plan.notes, *questions])
        whole = selection.is_whole(self.jobs, chosen)
        told = selection.summary_fields(chosen, whole=whole, asked_for_all=self._asked_for_all)
        options = self._options._replace(header={**self._options.header, **told})
        run = Run(plan, self._place, options, pytest_workers, self.store, self.store_limits)
        self.results = run.results
        self._files = run.files
        try:
            return run.execute()
        finally:
            self.facts, self.logs_of_run, self.page_of_run = run.facts, run.logs, run.page

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Be a program: do what the command line asks for, and end with the exit code.

        Without `arguments` the words are those of this process, which then ends (SystemExit): a
        program that forgets the code of a failed run would pass. With a list of words the code is
        returned. They are the flags of a run, or a command; `--help` and `docs/usage.md` explain
        both. The exit codes are those of `run`, and 2 for bad usage. Flags go over the arguments of
        the constructor. With a store it waits for another such run in its `cwd`. Raises nothing
        else that a user has caused. Only in the main thread.
        """
        from lib.commands import pipeline_program  # late: only a program needs a command line

        if arguments is None:
            sys.exit(pipeline_program.main(self, sys.argv[1:]))
        return pipeline_program.main(self, arguments)

    def check(self, chosen: Choice = EVERYTHING) -> None:
        """Raise ValueError for a choice of jobs that `run` would refuse."""
        self._planner.plan(chosen)

    def dry_run(
        self,
        chosen: Choice = EVERYTHING,
        restored: Mapping[str, str | Earlier] | None = None,
    ) -> list[str]:
        """Return the starts of a run, in their order and with the reason, one line each.

        The real scheduler plays it with recorded durations; nothing is started. Raises ValueError.
        """
        from lib.simulate import dry_run as dryrun

        plan = self._planner.plan(chosen, restored or {})
        return [*plan.notes, *dryrun.lines(plan, plan.durations)]
