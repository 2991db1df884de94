#!/usr/bin/env python3
"""Run the CI of one commit: the job table, then the story of a run, top to bottom.

Called by the webhook's queue for each commit, by developers and by coding agents. `--help`
explains the flags, README.md the settings.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import signal
import sqlite3
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dsl import Cache, Job, Pipeline
from lib import (
    checkout,
    choice,
    cleanup,
    cli,
    events,
    files,
    graphview,
    history,
    interrupts,
    machine,
    ownenviron,
    proctree,
    redact,
    settings,
    steps,
)
from lib.checkout import CheckoutError
from lib.choice import Choice
from lib.interrupts import Interrupted
from lib.lockcheck import Lockcheck, LockcheckError
from lib.machine import Machine
from lib.pythons import VERSIONS as PYTHONS
from lib.runlog import RunLog
from lib.settings import Settings, SettingsError
from lib.status import CONTEXT, StatusReporter
from lib.strays import Strays

USAGE, FAILED = 2, 1
FULL_SHA = re.compile(r"[0-9a-f]{40}")
JS_CORE = "packages/buckaroo-js-core"
JS_INPUTS = ("src", "package.json", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml")
# a changed input that is not committed has no key: the cache must not answer for it
JS_KEY = (
    f'cd {JS_CORE} && test -z "$(git status --porcelain -- {" ".join(JS_INPUTS)})" && '
    f"git rev-parse {' '.join(f'HEAD:./{path}' for path in JS_INPUTS)}"
)
INSTALL_WHEEL = '. "$CI_RUNNER_DIR/lib/body.sh" && install_wheel'


def job_table(s: Settings, box: Machine | None = None) -> list[Job]:
    """Return the jobs, one entry each. The bodies are in jobs/, what they promise is here.

    What they take is sized for `box` (default: this machine).
    """
    box = box or machine.this()

    def body(script: str, *arguments: str) -> list[str]:
        return ["bash", str(s.runner_dir / "jobs" / f"{script}.sh"), *arguments]

    def take(of_16: int, mib: int) -> dict[str, int]:
        """A share of the machine: what a job takes of sixteen processors, and MiB of memory."""
        return {**box.cpu(of_16), **box.mib(mib)}

    def port(number: int) -> dict[str, int]:
        return {f"port:{number}": 1}

    work = s.work_dir
    servers = s.jupyter_parallel  # and as many browsers
    wheel = {"wheel": str(work / "wheel")}
    jupyter = {"venv": str(work / "jupyter-venv"), "servers": str(work / "jupyter-servers")}
    js_cache = Cache(JS_KEY, f"{JS_CORE}/dist", s.state_dir / "cache" / "js", max_bytes=2 * 1024**3)
    uv, node, exact = ["uv"], ["node", "pnpm"], (0,)
    # fmt: off
    return [
        Job("build-js", body("build_js"), [], fast_fail=True, timeout=300, outputs={"dist": f"{JS_CORE}/dist"}, cache=js_cache, requires=node, resources=take(2, 1000), ok_codes=exact, testcases=False),
        Job("build-wheel", body("build_wheel"), ["build-js"], fast_fail=True, timeout=300, outputs=wheel, requires=uv + node, resources=take(2, 1000), ok_codes=exact, testcases=False),
        Job("jupyter-warmup", body("jupyter_warmup"), [], timeout=300, outputs=jupyter, requires=uv, service=True, resources={**box.mib(servers * 250), **port(s.port_jupyter)}, ok_codes=exact, testcases=False),
        Job("install-wheel", ["bash", "-c", INSTALL_WHEEL], ["build-wheel", "jupyter-warmup:venv"], timeout=120, requires=uv, resources=take(1, 200), ok_codes=exact, testcases=False),
        Job("playwright-jupyter", body("pw_jupyter"), ["build-wheel", "jupyter-warmup", "install-wheel"], timeout=600, requires=node, resources=take(9, servers * 600), ok_codes=exact),
        Job("lint-python", body("lint_python"), [], timeout=60, resources=take(1, 100), ok_codes=exact, testcases=False),
        Job("test-js", body("test_js"), [], timeout=300, requires=node, resources=take(2, 1000), ok_codes=exact, testcases=False),
        *[Job(f"test-python-{v}", body("test_python", v), [], timeout=600, requires=uv, resources=take(4, s.pytest_workers * 300)) for v in PYTHONS],
        Job("test-mcp-wheel", body("test_mcp_wheel"), ["build-wheel"], timeout=300, requires=uv, resources={**take(1, 400), **port(s.port_mcp)}),
        Job("smoke-test-extras", body("smoke_test_extras"), ["build-wheel"], timeout=300, requires=uv, resources=take(3, 1000), ok_codes=exact, testcases=False),
        Job("playwright-storybook", body("pw_storybook"), ["build-js"], timeout=300, requires=node, resources={**take(3, 1000), **port(s.port_storybook)}, ok_codes=exact),
        Job("playwright-server", body("pw_server"), ["build-wheel"], timeout=300, requires=uv + node, resources={**take(3, 1000), **port(s.port_server)}, ok_codes=exact, retries=1, retry_alone=True),
        Job("playwright-marimo", body("pw_marimo"), ["build-wheel"], timeout=300, requires=uv + node, resources={**take(3, 1000), **port(s.port_marimo)}, ok_codes=exact),
        Job("playwright-wasm-marimo", body("pw_wasm_marimo"), [], timeout=300, requires=node, resources={**take(3, 1000), **port(s.port_wasm_marimo)}, ok_codes=exact),
    ]
    # fmt: on


def main(arguments: Sequence[str]) -> int:
    """Return the exit code of what the command line asks for; 128+n once signal n has come."""
    with interrupts.noted() as signals:
        code = _main(arguments)
    if signals.came:
        print(f"ended by {signal.Signals(signals.came[0]).name}", file=sys.stderr)
        return 128 + signals.came[0]
    return code


def _main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "simulate":
        return _simulate(arguments[1:])
    words = cli.parse(arguments)
    try:
        return _demo(words) if words.demo else _run(words, _settings(words))
    except (SettingsError, ValueError) as error:
        _complain(f"pipeline.py: {error}")
        return USAGE
    except OSError as error:
        _complain(f"pipeline.py: {error}: can the state directory be written?")
        return FAILED
    except Interrupted:
        return FAILED  # `main` says by which signal


def _complain(text: str) -> None:
    print(redact.Redactor(redact.secret_values(os.environ))(text), file=sys.stderr)


def _simulate(arguments: Sequence[str]) -> int:
    from lib import simulatecli

    try:
        return simulatecli.main(arguments, job_table)
    except (SettingsError, ValueError, sqlite3.Error) as error:
        _complain(f"pipeline.py simulate: {error}")
        return USAGE


def _settings(words: cli.Words, repo: str | None = None) -> Settings:
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
        raise SettingsError(error.brief) from error


def _demo(words: cli.Words) -> int:
    from lib.demo import prepare

    config = settings.load_anywhere({"state_dir": words.state_dir})
    prepared = prepare(config.state_dir, print)
    absent = {} if words.only_jobs else prepared.missing
    return _run(words, _settings(words, str(prepared.path)), "green", absent)


def _run(
    words: cli.Words,
    config: Settings,
    default: str = "HEAD",
    absent: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Show what was asked for, or run one commit under the lock of its checkout.

    `absent` are jobs that this machine cannot run, and why: they are left out, which is said.
    """
    table = job_table(config)
    if words.show == "jobs":
        print(graphview.listing(table))
        return 0
    if words.show:
        if words.show == "plan":
            pipeline = _pipeline(words, config, table, absent)
            print("\n".join(pipeline.dry_run(_selection(words, absent))))
        else:
            print(graphview.dot(table) if words.show == "dot" else graphview.mermaid(table))
        return 0
    # refuses bad names now
    _pipeline(words, config, table, absent).dry_run(_selection(words, absent))
    ownenviron.hide_secrets(config.secret_names)
    lock = config.work_dir.with_suffix(".lock")
    label = f"pipeline.py {words.sha or default}"
    with files.lock(lock, label, waiting=lambda holder: print(f"waiting for {holder}")):
        return _run_commit(words, config, table, words.sha or default, absent)


def _run_commit(
    words: cli.Words,
    config: Settings,
    table: list[Job],
    revision: str,
    absent: Mapping[str, str],
) -> int:
    """The story of a run, from the lock to the status."""
    began = time.monotonic()
    run_id = proctree.run_id(proctree.table(), os.getpid())
    log_dir = config.state_dir / "logs" / _directory_name(config.repo_dir, revision)
    log_dir.mkdir(parents=True, exist_ok=True)
    url = f"{config.log_url.rstrip('/')}/{log_dir.name}" if config.log_url else ""
    mask = redact.Redactor(settings.secrets(config, os.environ))
    log = RunLog(log_dir, url=url, console=sys.stdout, redact=mask)
    reporter = StatusReporter(config, log.line)
    pending = steps.Pending(config, run_id)
    sha = log_dir.name
    state, text, code = "error", "the runner broke", FAILED
    versions, strays = steps.Versions(), Strays(log.line)
    try:
        log.line(f"RUN   {revision} of {config.repo_dir}, runner {steps.runner_version(config)}")
        env = settings.job_environment(config, os.environ)
        versions.ask(env)
        _clean_up(config, log, log_dir, reporter)
        if not words.partial and FULL_SHA.fullmatch(sha) and reporter.on:
            pending.write(sha, CONTEXT, url)
            reporter.pending(sha, CONTEXT, "runs", url)
        tree, sha = _prepare_tree(words, config, revision, log)
        files.atomic_write(log_dir / "versions.txt", versions.answers())
        _prepare_dependencies(words, config, tree, table, absent, log)
        strays.end()
        pipeline = _pipeline(
            words, config, table, absent, tree=tree, sha=sha, log=log, reporter=reporter
        )
        code = pipeline.run(
            **_selection(words, absent)._asdict(), pytest_workers=config.pytest_workers
        )
        text = steps.describe(list(pipeline.results.values()), time.monotonic() - began)
        state = {0: "success", 1: "failure"}.get(code, "error")
    except (CheckoutError, LockcheckError, OSError) as error:
        text = error.brief if isinstance(error, CheckoutError) else str(error)
        log.line(f"ERROR {error}")
    except Interrupted:
        log.line("INTERRUPTED while no jobs ran")
    finally:
        signals = interrupts.record()
        signals.be_patient()  # what follows tells others how it ended
        versions.close()
        if not strays.end():
            state, text, code = "error", "processes could not be stopped", code or FAILED
        strays.close()
        if log.fault:
            state, text, code = "error", f"{log.fault}; {text}", code or FAILED
        if signals.came:
            number = signals.came[0]
            state, text, code = "error", f"ended by {signal.Signals(number).name}", 128 + number
        if config.box:
            _snapshot("after", log_dir, log)
        for job, reason in absent.items():
            log.line(f"NOTE  {job} was left out: {reason}")
        log.line(f"END   exit code {code}: {text}")
        if words.partial:
            log.line("no status of the commit is set: this run did not check all of it")
        elif FULL_SHA.fullmatch(sha):
            try:
                with interrupts.cut_short():
                    reporter.post(state, sha, CONTEXT, mask(text), url)
                pending.clear()
            except (Interrupted, OSError) as error:
                log.line(f"NOTE  the status is left to the next run: {error!r}")
        log.close()
    return code or (FAILED if log.fault else 0)


def _snapshot(label: str, log_dir: Path, log: RunLog) -> None:
    """Keep the state of the machine beside the logs; a run is not judged by it."""
    try:
        cleanup.snapshot_container_state(label, log_dir / "snapshots.txt")
    except OSError as error:
        log.line(f"NOTE  no snapshot {label}: {error}")


def _clean_up(config: Settings, log: RunLog, log_dir: Path, reporter: StatusReporter) -> None:
    """Stop what an earlier run left, and tell of statuses that it left pending."""
    if config.box:
        _snapshot("before cleaning up", log_dir, log)
    for line in cleanup.cleanup_processes(box=config.box):
        log.line(f"CLEAN {line}")
    with interrupts.cut_short():
        for sha in steps.tell_of_cut_off_runs(config, reporter):
            log.line(f"CLEAN the run of {sha} was cut off")
    if config.box:
        _snapshot("after cleaning up", log_dir, log)


def _prepare_tree(
    words: cli.Words, config: Settings, revision: str, log: RunLog
) -> tuple[Path, str]:
    """Put the commit under test where its jobs run; return the directory and the full SHA."""
    if words.in_place:
        tree, sha = config.repo_dir, checkout.resolve(config.repo_dir, "HEAD")
        if checkout.is_dirty(tree):
            log.line("NOTE  uncommitted changes are included")
    elif config.box:
        tree = config.repo_dir
        sha = checkout.prepare_box(tree, revision, words.branch)
    else:
        tree = config.worktree_dir
        sha = checkout.prepare_worktree(config.repo_dir, tree, revision)
    log.line(f"TREE  {sha} in {tree}")
    checkout.make_placeholders(tree)
    config.work_dir.mkdir(parents=True, exist_ok=True)
    return tree, sha


def _prepare_dependencies(
    words: cli.Words,
    config: Settings,
    tree: Path,
    table: list[Job],
    absent: Collection[str],
    log: RunLog,
) -> None:
    """Rebuild what the lock files ask for if they changed; fetch the wheel that 5b starts from."""
    pythons = [v for v in PYTHONS if f"test-python-{v}" not in absent]
    check = Lockcheck(config, tree, log.path.parent / "rebuild.log", pythons, log.line)
    if reason := check.reason():
        log.line(f"LOCKS {reason}: rebuilding the dependencies")
        check.rebuild()
    if words.phase == "5b":
        wanted = checkout.resolve(config.repo_dir, words.wheel_from or "HEAD")
        if not words.wheel_from:
            wanted = checkout.resolve(tree, "HEAD")
        if missing := steps.fetch_wheel(config, wanted):
            raise CheckoutError(missing)


def _pipeline(
    words: cli.Words,
    config: Settings,
    table: list[Job],
    absent: Mapping[str, str],
    *,
    tree: Path | None = None,
    sha: str = "",
    log: RunLog | None = None,
    reporter: StatusReporter | None = None,
) -> Pipeline:
    """Put the jobs and all who listen to them together."""
    past = config.state_dir / "history.db"
    run_id = proctree.run_id(proctree.table(), os.getpid())
    listeners: list[events.Listener] = []
    if log and reporter:
        if not words.only_testcases and not words.first_testcases:
            # how long some of the test cases take says nothing of all
            listeners.append(history.History(past, run_id, sha))
        if not words.in_place:
            listeners.append(steps.WheelKeeper(config, sha, log.line))
        if config.job_statuses and not words.in_place and reporter.on:
            listeners.append(steps.JobStatuses(reporter, sha, log.url))
    try:
        beside = choice.names(table, _selection(words, absent))
        durations = history.timings(past, beside=beside).durations
    except sqlite3.Error as error:
        print(f"{past} cannot be read ({error}): durations are not known", file=sys.stderr)
        durations = {}
    env = settings.job_environment(config, os.environ) | {"CI_REPO_DIR": str(tree)}
    return Pipeline(
        table,
        sha,
        _branch(words, config) if log else "",
        log.path.parent if log else config.state_dir / "logs",
        config.timeout,
        tree or config.repo_dir,
        max_parallel=words.max_parallel,
        env=env,
        durations=durations,
        listeners=listeners,
        rerun=lambda job: _rerun(words, config, table, sha, job),
        log_url=log.url if log else "",
        run_log=log,
        secret_names=config.secret_names,
        pressure=words.pressure,
    )


def _branch(words: cli.Words, config: Settings) -> str:
    """Return the branch that was named, or HEAD's when nothing was; '' where it is not known."""
    if words.branch or words.sha:
        return words.branch
    with contextlib.suppress(CheckoutError):
        return checkout.current_branch(config.repo_dir)
    return ""


def _selection(words: cli.Words, absent: Collection[str]) -> Choice:
    only, skip = words.only_jobs, [*(words.skip_jobs or ()), *absent]
    if words.phase == "5b":
        only, skip = ["playwright-jupyter"], ["build-wheel"]
    return Choice(
        fast_fail=words.fast_fail,
        only_jobs=only,
        skip_jobs=skip or None,
        first_jobs=words.first_jobs,
        only_testcases=words.only_testcases,
        first_testcases=words.first_testcases,
        no_deps=words.no_deps,
        shuffle=words.shuffle,
    )


def _rerun(words: cli.Words, config: Settings, table: list[Job], sha: str, job: str) -> str:
    """Return the command that runs one job again, with what it needs taken from this run."""
    command = ["python3", str(Path(__file__).resolve())]
    command += ["--in-place"] if words.in_place else [sha]
    command += ["--repo", str(config.repo_dir), "--state-dir", str(config.state_dir)]
    command += ["--only-jobs", job]
    by_name = {each.name: each for each in table}
    if not any(by_name[name].service for name in graphview.needed(by_name, job)):
        command += ["--no-deps"]  # a service has to be started again, anything else is there
    return shlex.join(command)


def _directory_name(repo: Path, revision: str) -> str:
    """Return a name for the logs of a commit: its SHA, or what is safe if it is not known yet."""
    with contextlib.suppress(CheckoutError):
        return checkout.resolve(repo, revision)
    if FULL_SHA.fullmatch(revision):
        return revision
    return "unresolved-" + hashlib.sha256(revision.encode(errors="replace")).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
