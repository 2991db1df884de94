"""Finds the jobs of buckaroo that cannot run here, since a tool is missing.

A developer's machine need not have all tools: a run leaves out the jobs that cannot run there,
names them, and does not speak for its commit. The image of a box promises all tools: there no job
is left out, and a missing tool makes the run red.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib.buckaroo import network, preparation, pythons
from lib.buckaroo.settings import Settings, job_environment
from lib.model import graph
from lib.model.job import Job
from lib.processes import programs

BROWSER = "playwright-"  # prefix of the jobs that need a browser
OF_VERSION = ("test-python-", preparation.PYTHON)  # prefixes: they need the version in their name
# their bodies use the environment of that version, or make one with the version of Jupyter's
OF_3_13 = dict.fromkeys(("lint-python", "playwright-marimo", "playwright-server"), "3.13")
OF_JUPYTER = ("build-wheel", "jupyter-warmup", "test-mcp-wheel", "smoke-test-extras")
REMEDIES = {
    "uv": "pip install uv",
    "node": "apt-get install nodejs npm",
    "pnpm": "npm install --global pnpm@9.10.0",
    "lsof": "apt-get install lsof",
    "curl": "apt-get install curl",
}


def absent(
    table: Sequence[Job], config: Settings, revision: str, *, skipped: Collection[str] = ()
) -> dict[str, str]:
    """Return the jobs of a run that this machine cannot run, each with the reason and the remedy.

    `revision` is the commit to run, '' for the tree as it is; `skipped` are jobs that do not run
    anyhow. Raises ValueError if no other job is left.
    """
    if config.box:
        return {}
    skipped = {*skipped, *preparation.unneeded(table, skipped)}
    env = job_environment(config, os.environ)
    found = _jobs(table, config, env, skipped)
    wanted = {job.name for job in table} - set(skipped)
    if network.NEEDS_NETWORK in wanted - found.keys() and (
        why := network.out_of_reach(config.repo_dir, revision, env)
    ):
        found[network.NEEDS_NETWORK] = why
    if wanted and wanted <= found.keys():
        raise ValueError("\n".join(["no job can run here:", *map(": ".join, found.items())]))
    return found


def _jobs(
    table: Sequence[Job], config: Settings, env: Mapping[str, str], skipped: Collection[str]
) -> dict[str, str]:
    """Return the jobs that lack a tool, or need such a job, in the order of their needs."""
    by_name = {job.name: job for job in table}
    interpreters = _interpreters([n for n in by_name if n not in skipped], config)
    missing = {
        name: [f"no {program}: {REMEDIES.get(program, 'install it')}" for program in lacks]
        for name, lacks in programs.lacking(table, env, config.repo_dir).items()
    }
    found: dict[str, str] = {}
    for name in graph.order(by_name):
        job = by_name[name]
        reasons = [*missing.get(name, ()), *interpreters.get(name, ()), *_browser(job, config)]
        lacks = [need for need in graph.needs(job) if need in found]
        if name in skipped:
            continue
        if reasons:
            found[name] = "; ".join(reasons)
        elif lacks:
            found[name] = f"it needs {', '.join(lacks)}, which is left out"
    return found


def _interpreters(names: Sequence[str], config: Settings) -> Mapping[str, list[str]]:
    """Return the remedies for the jobs whose Python version is missing."""
    of_job = {name: version for name in names if (version := _version(name, config))}
    versions = list(dict.fromkeys(of_job.values()))
    try:
        with ThreadPoolExecutor(max(1, len(versions))) as pool:  # a shim is slow
            found = dict(zip(versions, pool.map(pythons.find, versions), strict=True))
    except RuntimeError:  # the limit of processes allows no more threads
        found = {version: pythons.find(version) for version in versions}
    return {name: [pythons.remedy(v)] for name, v in of_job.items() if not found[v]}


def _version(name: str, config: Settings) -> str:
    """Return the Python version that a job needs, '' if any will do."""
    if name in OF_JUPYTER:
        return config.jupyter_python
    prefix = next((prefix for prefix in OF_VERSION if name.startswith(prefix)), None)
    return OF_3_13.get(name, "") if prefix is None else name.removeprefix(prefix)


def _browser(job: Job, config: Settings) -> Iterator[str]:
    if not job.name.startswith(BROWSER) or config.chromium or config.browsers_path:
        return
    # neither named nor on PATH (settings.py): the place where Playwright installs its own
    playwrights = Path(os.path.expanduser("~/.cache/ms-playwright"))  # noqa: PTH111 - as in pythons
    installed = False
    with contextlib.suppress(PermissionError):  # the home of another user
        installed = any(playwrights.glob("chromium*"))
    if not installed:
        yield "no Chromium: apt-get install chromium, or set CI_CHROMIUM to its path"
