#!/usr/bin/env python3
"""Run the CI of one commit: the job table, then the story of a run, top to bottom.

Called for each commit by whatever receives the webhooks, and by developers. `--help` explains the
flags, docs/usage.md the settings.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__" and sys.flags.safe_path:  # then Python leaves out where we are (-P)
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from dsl import Cache, Job, Pipeline
from lib.buckaroo import settings
from lib.buckaroo.pythons import VERSIONS as PYTHONS
from lib.buckaroo.settings import Settings, SettingsError
from lib.commit import command_line
from lib.common import console, files, interrupts, machine, own_environ, program_end, redact
from lib.common.interrupts import Interrupted
from lib.common.machine import Machine
from lib.common.plain_text import printable
from lib.git import checkout
from lib.git.checkout import CheckoutError
from lib.model import selection
from lib.model.selection import Choice
from lib.model.verdict import Facts, decide
from lib.report import graph_export, running_jobs
from lib.storage import history

if TYPE_CHECKING:
    from lib.commit.commit_run import CommitRun

USAGE, FAILED = 2, 1
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)
JS_CORE = "packages/buckaroo-js-core"
JS_INPUTS = ("src", "package.json", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml")
# a changed input that is not committed has no key: the cache must not answer for it
JS_KEY = (
    f'cd {JS_CORE} && test -z "$(git status --porcelain -- {" ".join(JS_INPUTS)})" && '
    f"git rev-parse {' '.join(f'HEAD:./{path}' for path in JS_INPUTS)}"
)


def job_table(s: Settings, box: Machine | None = None) -> list[Job]:
    """Return the jobs, one entry each. The bodies are in jobs/, what they promise is here.

    What they take is sized for `box` (default: this machine).
    """
    box = box or machine.this()

    def body(script: str, *arguments: str) -> list[str]:
        return ["bash", str(s.runner_dir / "jobs" / f"{script}.sh"), *arguments]

    def take(of_16: int, mib: int, *ports: int) -> dict[str, int]:
        """Return a job's share of sixteen processors, its MiB of memory, and its ports."""
        return {**box.cpu(of_16), **box.mib(mib), **{f"port:{port}": 1 for port in ports}}

    servers = s.jupyter_parallel  # and as many browsers
    jupyter = {"venv": f"{s.work_dir}/jupyter-venv", "servers": f"{s.work_dir}/jupyter-servers"}
    wheel = {"wheel": f"{s.work_dir}/wheel", "static": f"{s.work_dir}/wheel/static"}
    js_cache = Cache(JS_KEY, f"{JS_CORE}/dist", s.state_dir / "cache" / "js", max_bytes=2 * 1024**3)
    uv, node = ["uv"], ["node", "pnpm"]
    scripts = [*node, "lsof", "curl"]  # what the repository's own scripts of browser tests need
    build: dict[str, Any] = {"ok_codes": (0,), "testcases": False}
    flaky: dict[str, Any] = {"retries": 1, "retry_alone": True}
    # fmt: off
    return [
        Job("build-js", body("build_js"), [], **build, timeout=300, fast_fail=True,
            requires=node, resources=take(2, 1000),
            outputs={"dist": f"{JS_CORE}/dist"}, cache=js_cache),
        Job("build-wheel", body("build_wheel"), ["build-js"], **build, timeout=300, fast_fail=True,
            requires=uv + node, resources=take(2, 1000), outputs=wheel),
        Job("jupyter-warmup", body("jupyter_warmup"), [], **build, timeout=300,
            requires=uv, resources={**box.mib(servers * 250), f"port:{s.port_jupyter}": 1},
            outputs=jupyter, service=True, listens=s.jupyter_ports),
        Job("install-wheel", body("install_wheel"), ["build-wheel", "jupyter-warmup:venv"], **build,
            requires=uv, resources=take(1, 200)),
        Job("playwright-jupyter", body("pw_jupyter"),
            ["build-wheel", "jupyter-warmup", "install-wheel"], timeout=600,
            requires=node, resources=take(9, servers * 600)),
        Job("lint-python", body("lint_python"), [], **build, timeout=60,
            resources=take(1, 100)),
        Job("test-js", body("test_js"), [], timeout=300,
            requires=node, resources=take(2, 1000)),
        *[Job(f"test-python-{v}", body("test_python", v), [], timeout=600,
              requires=uv, resources=take(4, s.pytest_workers * 300)) for v in PYTHONS],
        Job("test-mcp-wheel", body("test_mcp_wheel"), ["build-wheel"], timeout=300,
            requires=uv, resources=take(1, 400, s.port_mcp)),
        Job("smoke-test-extras", body("smoke_test_extras"), ["build-wheel"], timeout=300,
            requires=uv, resources=take(3, 1000), testcases=False),
        Job("playwright-storybook", body("pw_storybook"), ["build-js"], timeout=300, **flaky,
            requires=scripts, resources=take(3, 1000, s.port_storybook)),
        Job("playwright-server", body("pw_server"), ["build-wheel"], timeout=300, **flaky,
            requires=uv + scripts, resources=take(3, 1000, s.port_server)),
        Job("playwright-marimo", body("pw_marimo"), ["build-wheel"], timeout=300,
            requires=uv + scripts, resources=take(3, 1000, s.port_marimo)),
        Job("playwright-wasm-marimo", body("pw_wasm_marimo"), [], timeout=300,
            requires=scripts, resources=take(3, 1000, s.port_wasm_marimo)),
    ]
    # fmt: on


def main(arguments: Sequence[str]) -> int:
    """Return the exit code of what the command line asks for; 128+n if signal n came before it."""
    with console.forgiving():
        with interrupts.noted() as signals, interrupts.answering(_tell):
            code = _main(arguments)
        if signals.ended_by is None:
            return code
        verdict = decide(Facts(signal=signals.ended_by))
        print(verdict.sentence, file=sys.stderr)
        return verdict.exit_code


def _main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "simulate":
        return _simulate(arguments[1:])
    words = command_line.parse(arguments)
    try:
        return _demo(words) if words.demo else _run(words, _settings(words))
    except (SettingsError, ValueError) as error:
        _complain(f"pipeline.py: {error}")
        return USAGE
    except OSError as error:
        _complain(f"pipeline.py: {error}{_hint(words, error)}")
        return FAILED
    except Interrupted:
        return FAILED  # `main` says by which signal


def _hint(words: command_line.Words, error: OSError) -> str:
    """Return what to ask if it failed in the state directory; a write(2) does not tell where."""
    with contextlib.suppress(SettingsError):
        state = settings.load_anywhere({"state_dir": words.state_dir}).state_dir.resolve()
        place = Path(os.fsdecode(error.filename)).resolve() if error.filename else None
        if place.is_relative_to(state) if place else error.errno in FULL:
            return ": can the state directory be written?"
    return ""


def _tell() -> None:
    mask = redact.Redactor(redact.secret_values(os.environ))
    print("\n".join(printable(mask(line)) for line in running_jobs.without_jobs()), flush=True)


def _complain(text: str) -> None:
    print(redact.of_environment()(text), file=sys.stderr)


def _simulate(arguments: Sequence[str]) -> int:
    from benchmarks import predecessor
    from lib.commit import simulate_command

    try:
        return simulate_command.main(arguments, job_table, predecessor.shape)
    except (SettingsError, ValueError, sqlite3.Error) as error:
        _complain(f"pipeline.py simulate: {error}")
        return USAGE


def _settings(words: command_line.Words, repo: str | None = None) -> Settings:
    given = {name: getattr(words, name) for name in ("state_dir", "timeout", "pytest_workers")}
    if words.show in ("jobs", "dot", "mermaid"):
        return settings.load_anywhere(given)
    config = settings.load({**given, "repo": repo or words.repo})
    if not words.show and not config.box:  # on the box it is the commit's status that has to tell
        _refuse_no_checkout(config.repo_dir)
    return config


def _refuse_no_checkout(directory: Path) -> None:
    try:
        checkout.enclosing_checkout(directory)
    except CheckoutError as error:
        raise SettingsError(str(error)) from error


def _demo(words: command_line.Words) -> int:
    from lib.buckaroo.demo import prepare

    config = settings.load_anywhere({"state_dir": words.state_dir})
    prepared = prepare(config.state_dir, print)
    prepared.refuse_unknown(words.sha or "green")
    return _run(words, _settings(words, str(prepared.path)), "green")


def _run(words: command_line.Words, config: Settings, default: str = "HEAD") -> int:
    """Show what was asked for, or run one commit under the lock of its checkout."""
    table = job_table(config)
    if words.show in graph_export.VIEWS:
        return console.put(graph_export.VIEWS[words.show](table))
    absent = _absent(words, config, table, default)
    chosen = words.choice(absent)
    planned = _planned(words, config, table, chosen)
    planned.check(chosen)
    if words.show == "plan":
        lacking = _missing_wheel(words, config, default) if words.phase == "5b" else []
        left_out = [f"NOTE  {job} would be left out: {why}" for job, why in absent.items()]
        return console.put("\n".join([*lacking, *planned.dry_run(chosen), *left_out]))
    from lib.commit.commit_run import CommitRun

    own_environ.hide_secrets(config.secret_names)
    revision = words.sha or default
    label = redact.of_environment()(f"pipeline.py {revision} of {config.repo_dir}")
    with contextlib.ExitStack() as stack:
        taken = (files.lock(path, label, waiting=_say_whom_we_wait_for) for path in config.locks)
        held = [stack.enter_context(lock) for lock in taken]
        return _run_commit(CommitRun(words, config, revision, absent, held), words, config, table)


def _absent(
    words: command_line.Words, config: Settings, table: list[Job], default: str
) -> Mapping[str, str]:
    """Return the jobs that this machine cannot run, and why; what was named has to run, or fail."""
    from lib.buckaroo import missing_parts

    if words.only_jobs or words.phase != "all":
        return {}
    revision = "" if words.in_place else words.sha or default
    found = missing_parts.absent(table, config, revision, skipped=words.skip_jobs or ())
    return {job: why for job, why in found.items() if job not in (words.first_jobs or ())}


def _missing_wheel(words: command_line.Words, config: Settings, default: str) -> list[str]:
    """Return what a run of --phase=5b would end by before its jobs, one line or none."""
    from lib.buckaroo.wheels import missing_wheel

    try:
        sha = checkout.resolve(config.repo_dir, words.wheel_from or words.sha or default)
        missing = missing_wheel(config, sha)
    except CheckoutError as error:
        missing = error.brief
    return [f"no job would run: {missing}; if it were there:"] if missing else []


def _say_whom_we_wait_for(holder: str) -> None:
    print(f"waiting for {holder}", flush=True)


def _run_commit(
    run: CommitRun, words: command_line.Words, config: Settings, table: list[Job]
) -> int:
    """The story of a run, from the lock to the status."""
    with run.closing():
        run.announce()
        run.clean_up()
        run.set_pending()
        run.prepare_tree()
        run.prepare_dependencies()
        chosen = words.choice(run.absent)
        run.prepare_products(table, chosen)
        pipeline = _planned(words, config, table, chosen, run)
        pipeline.run(**chosen._asdict(), pytest_workers=config.pytest_workers)
        run.add_jobs(pipeline.facts)
    return run.code


def _planned(
    words: command_line.Words,
    config: Settings,
    table: list[Job],
    chosen: Choice,
    run: CommitRun | None = None,
) -> Pipeline:
    """Put the jobs together with what is known of them; with a run, also with all who listen."""
    options: dict[str, Any] = {
        "max_parallel": words.max_parallel,
        "durations": _durations(config, table, chosen) if run or words.show else {},
        "secret_names": config.secret_names,
        "pressure": words.pressure,
    }
    if run is None:
        logs = config.state_dir / "logs"
        return Pipeline(table, "", "", logs, config.timeout, config.repo_dir, **options)
    here = Path(__file__).resolve()
    return Pipeline(
        table,
        run.sha,
        run.branch,
        run.log_dir,
        config.timeout,
        run.tree,
        env=settings.job_environment(config, os.environ) | {"CI_REPO_DIR": str(run.tree)},
        listeners=run.listeners(),
        rerun=lambda job: run.rerun(here, table, job),
        leave_out=lambda names: f"--skip-jobs {','.join(names)}",
        log_url=run.url,
        run_log=run.log,
        **run.facts,
        **options,
    )


def _durations(config: Settings, table: list[Job], chosen: Choice) -> Mapping[str, float]:
    past = config.state_dir / "history.db"
    try:
        return history.timings(past, beside=selection.names(table, chosen)).durations
    except sqlite3.Error as error:
        print(f"{past} cannot be read ({error}): durations are not known", file=sys.stderr)
        return {}


if __name__ == "__main__":
    program_end.run(main)
