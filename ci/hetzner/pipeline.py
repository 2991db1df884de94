#!/usr/bin/env python3
"""Run the CI of one commit: the job table, then the story of a run, top to bottom.

The receiver of the webhooks calls it for each commit, and developers call it by hand. `--help`
explains the flags, docs/usage.md the settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__" and sys.flags.safe_path:  # then Python leaves out where we are (-P)
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from dsl import Cache, Job, Pipeline
from lib.buckaroo import settings
from lib.buckaroo.pythons import VERSIONS as PYTHONS
from lib.buckaroo.settings import Settings
from lib.commit import entry
from lib.commit.entry import Entry
from lib.commit.request import Request
from lib.common import console, machine, own_environ, program_end
from lib.common.machine import Machine
from lib.model import selection
from lib.report import graph_export

if TYPE_CHECKING:
    from lib.commit.commit_run import CommitRun
    from lib.commit.tested_commit import TestedCommit

HERE = Path(__file__).resolve()
# jobs with a commit status together, ci/hetzner/fast: an early word; the whole alone decides
STATUS_GROUPS = {"fast": ["lint-python", "test-js", *(f"test-python-{v}" for v in PYTHONS)]}
JS_CORE = "packages/buckaroo-js-core"
JS_INPUTS = ("src", "package.json", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml")
# an uncommitted change has no key: the cache must not answer for it; nor has a missing file. Each
# line names its file, so that a miss can be explained
JS_KEY = (
    f'cd {JS_CORE} && test -z "$(git status --porcelain -- {" ".join(JS_INPUTS)})" && '
    f"git rev-parse {' '.join(f'HEAD:./{path}' for path in JS_INPUTS)} > /dev/null && "
    f"git ls-tree HEAD -- {' '.join(JS_INPUTS)}"
)


def job_table(s: Settings, box: Machine | None = None) -> list[Job]:
    """Return the jobs, one entry each. The bodies are in jobs/, their outputs are declared here.

    Their resources are sized for `box` (default: this machine).
    """
    box = box or machine.this()
    junit = "$CI_WORK_DIR/junit"

    def body(script: str, *arguments: str) -> list[str]:
        return ["bash", str(s.runner_dir / "jobs" / f"{script}.sh"), *arguments]

    def take(of_16: int, mib: int, *ports: int) -> dict[str, int]:
        """Return a job's share of sixteen processors, its MiB of memory, and its ports."""
        return {**box.cpu(of_16), **box.mib(mib), **{f"port:{port}": 1 for port in ports}}

    def browser(target: str) -> dict[str, Any]:
        """Return the places of the results of browser tests, and of their traces and reports."""
        tree = f"$CI_WORK_DIR/trees/playwright-{target}"
        results = [f"{tree}/test-results", f"{tree}/packages/*/test-results"]
        return {
            "keep": [*results, f"$CI_WORK_DIR/playwright-{target}"],
            "junit": f"{junit}/playwright-{target.replace('_', '-')}-*.xml",
        }

    servers = s.jupyter_parallel  # and as many browsers
    jupyter = {"venv": f"{s.work_dir}/jupyter-venv", "servers": f"{s.work_dir}/jupyter-servers"}
    wheel = {"wheel": f"{s.work_dir}/wheel", "static": f"{s.work_dir}/wheel/static"}
    js_cache = Cache(JS_KEY, f"{JS_CORE}/dist", s.state_dir / "cache" / "js", max_bytes=2 * 1024**3)
    uv, node = ["uv"], ["node", "pnpm"]
    scripts = [*node, "lsof", "curl"]  # what the repository's own scripts of browser tests need
    build: dict[str, Any] = {"ok_codes": (0,), "testcases": False}
    prepare: dict[str, Any] = {**build, "timeout": 900}
    flaky: dict[str, Any] = {"retries": 1, "retry_alone": True}
    # fmt: off
    return [
        Job("node-modules", body("node_modules"), [], **prepare,
            requires=node, resources=take(2, 1000)),
        *[Job(f"python-{v}", body("prepare_python", v), [], **prepare,
              requires=uv, resources=take(2, 500)) for v in PYTHONS],
        Job("build-js", body("build_js"), ["node-modules"], **build, timeout=300, fast_fail=True,
            requires=node, resources=take(2, 1000),
            outputs={"dist": f"{JS_CORE}/dist"}, cache=js_cache),
        Job("build-wheel", body("build_wheel"), ["build-js", "node-modules"], **build, timeout=300,
            fast_fail=True, requires=uv + node, resources=take(2, 1000), outputs=wheel),
        Job("jupyter-warmup", body("jupyter_warmup"), [], **build, timeout=300,
            requires=uv, resources={**box.mib(servers * 250), f"port:{s.port_jupyter}": 1},
            outputs=jupyter, service=True, listens=s.jupyter_ports,
            keep=["$CI_WORK_DIR/jupyter/server-*.log"]),
        Job("install-wheel", body("install_wheel"), ["build-wheel", "jupyter-warmup:venv"], **build,
            requires=uv, resources=take(1, 200)),
        Job("playwright-jupyter", body("pw_jupyter"),
            ["build-wheel", "jupyter-warmup", "install-wheel", "node-modules"], timeout=600,
            requires=node, resources=take(9, servers * 600),
            keep=["$CI_WORK_DIR/playwright-jupyter"], junit=f"{junit}/playwright-jupyter-*.xml"),
        Job("lint-python", body("lint_python"), ["python-3.13"], **build, timeout=60,
            resources=take(1, 100)),
        Job("test-js", body("test_js"), ["node-modules"], timeout=300,
            requires=node, resources=take(2, 1000), junit=f"{junit}/test-js.xml"),
        *[Job(f"test-python-{v}", body("test_python", v), [f"python-{v}"], timeout=600,
              requires=uv, resources=take(4, s.pytest_workers * 300),
              junit=f"{junit}/test-python-{v}-*.xml") for v in PYTHONS],
        Job("test-mcp-wheel", body("test_mcp_wheel"), ["build-wheel"], timeout=300,
            requires=uv, resources=take(1, 400, s.port_mcp),
            junit=f"{junit}/test-mcp-wheel-*.xml"),
        Job("smoke-test-extras", body("smoke_test_extras"), ["build-wheel"], timeout=300,
            requires=uv, resources=take(3, 1000), testcases=False),
        Job("playwright-storybook", body("pw_storybook"), ["build-js", "node-modules"],
            timeout=300, **flaky, requires=scripts, resources=take(3, 1000, s.port_storybook),
            **browser("storybook")),
        Job("playwright-server", body("pw_server"), ["build-wheel", "node-modules", "python-3.13"],
            timeout=300, **flaky, requires=uv + scripts, resources=take(3, 1000, s.port_server),
            **browser("server")),
        Job("playwright-marimo", body("pw_marimo"), ["build-wheel", "node-modules", "python-3.13"],
            timeout=300, requires=uv + scripts, resources=take(3, 1000, s.port_marimo),
            **browser("marimo")),
        Job("playwright-wasm-marimo", body("pw_wasm_marimo"), ["node-modules"], timeout=300,
            requires=scripts, resources=take(3, 1000, s.port_wasm_marimo),
            **browser("wasm_marimo")),
    ]
    # fmt: on


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks for; return the exit code, 128+n after signal n."""
    others = {"simulate": _simulate, "corpus": _corpus, "queue": _queue}
    return entry.main(arguments, Entry(HERE, job_table, _run, others))


def _simulate(arguments: Sequence[str]) -> int:
    from benchmarks import predecessor  # late: no run needs it
    from lib.commit import simulate_command

    return simulate_command.main(arguments, job_table, predecessor.shape)


def _corpus(arguments: Sequence[str]) -> int:
    from lib.commit import corpus_command  # late: no run needs it

    return corpus_command.main(arguments, HERE, job_table)


def _queue(arguments: Sequence[str]) -> int:
    from lib.queue_commands import front  # late: no run needs it

    return front.main(arguments, str(HERE))


def _run(request: Request) -> int:
    """Show the jobs, or run one commit under the locks of its checkout."""
    config, show = request.config, request.options.show
    if show in graph_export.VIEWS:
        jobs = selection.chosen_jobs(request.table, request.options.choice_without(()))
        return console.put(graph_export.VIEWS[show](jobs))
    pipeline = _pipeline(request)
    pipeline.check(request.chosen)
    if show == "plan":
        before, after = request.notes()
        starts = pipeline.dry_run(request.chosen, request.restored)
        return console.put("\n".join([*before, *starts, *after]))
    own_environ.hide_secrets(config.secret_names)
    if request.options.prepare:
        from lib.commit import prepare_ahead  # late: few calls prepare a run that is to come

        return prepare_ahead.run(request, _run_preparation)
    from lib.commit.commit_run import CommitRun  # late, both: only a run needs them
    from lib.machine import turn

    wait = not request.options.no_wait
    with turn.taken(config.locks, request.label, config.state_dir, wait=wait) as held:
        return _run_commit(CommitRun(request, held), request)


def _run_commit(run: CommitRun, request: Request) -> int:
    """The story of a run, from the lock to the status."""
    with run.closing():
        run.announce()
        run.clean_up()
        run.set_pending()
        run.prepare_tree()
        run.prepare_products()
        pipeline = _pipeline_of_run(run, request)
        run.kept_files(pipeline.finish_copies, pipeline.failed_tests_so_far)
        pipeline.run(
            **request.chosen._asdict(),
            pytest_workers=request.config.pytest_workers,
            restored=run.restored(),
            notes=[*request.order_notes, *run.earlier.notes],
        )
        run.add_jobs(pipeline.facts)
    return run.code


def _pipeline_of_run(run: CommitRun, request: Request) -> Pipeline:
    """Make a pipeline of the jobs with the tree, the log and the listeners of a run."""
    return _pipeline(
        request,
        sha=run.commit.sha,
        branch=run.commit.branch,
        log_dir=run.log_dir,
        cwd=run.commit.tree,
        env=_job_environment(request, run.commit.tree),
        listeners=run.listeners(STATUS_GROUPS),
        rerun=run.rerun(HERE),
        leave_out=lambda names: f"--skip-jobs {','.join(names)}",
        log_url=run.url,
        run_log=run.log,
        asked_for_all=run.asks_for_all,
        **run.commit.fields,
    )


def _run_preparation(request: Request, commit: TestedCommit, log_dir: Path) -> int:
    """Run the jobs of a request for a run that is to come."""
    ran = _pipeline(
        request,
        sha=commit.sha,
        branch=commit.branch,
        log_dir=log_dir,
        cwd=commit.tree,
        env=_job_environment(request, commit.tree),
        log_url="",
    )
    return ran.run()


def _job_environment(request: Request, tree: Path) -> dict[str, str]:
    return settings.job_environment(request.config, os.environ) | {"CI_REPO_DIR": str(tree)}


def _pipeline(request: Request, **of_run: Any) -> Pipeline:
    """Make a pipeline of the jobs, without a run to look at."""
    config, options = request.config, request.options
    to_look_at: dict[str, Any] = {
        "sha": "",
        "branch": "",
        "log_dir": config.state_dir / "logs",
        "cwd": config.repo_dir,
    }
    return Pipeline(
        request.table,
        **(to_look_at | of_run),
        durations=request.durations() if of_run or options.show else {},
        timeout=config.timeout,
        max_parallel=options.max_parallel,
        pressure=options.pressure,
        wait=not options.no_wait,
        log_bytes=config.log_bytes,
        secret_names=config.secret_names,
    )


if __name__ == "__main__":
    program_end.run(main)
