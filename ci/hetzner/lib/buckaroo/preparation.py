"""The jobs that prepare the dependencies of others, and whether their work is done.

A change of a lock file is seen here, before the jobs: a job whose work is done need not start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.buckaroo import browsers, environments, node_modules
from lib.buckaroo.settings import Settings
from lib.model import graph
from lib.model.job import Job

PYTHON = "python-"  # prefix of the jobs that make the environment of the version in their name
MODULES = "node-modules"


def prepares(name: str) -> bool:
    """Whether a job prepares the dependencies of others."""
    return name == MODULES or name.startswith(PYTHON)


def body(jobs: Path, name: str) -> list[str]:
    """Return the command of a job that prepares; `jobs` is the directory of the bodies."""
    if name == MODULES:
        return ["bash", str(jobs / "node_modules.sh")]
    return ["bash", str(jobs / "prepare_python.sh"), name.removeprefix(PYTHON)]


def lacking(config: Settings, tree: Path, name: str) -> str:
    """Return what a job that prepares has to do, '' if its work is done. Raises OSError."""
    if name == MODULES:
        if not (tree / node_modules.PNPM_LOCK).exists():
            return ""
        playwright = browsers.lacking(tree, config.browsers_path) if config.box else ""
        missing = [f"no browsers of Playwright {playwright}"] if playwright else []
        return "; ".join(filter(None, [node_modules.lacking(tree), *missing]))
    version = name.removeprefix(PYTHON)
    if not (tree / environments.UV_LOCK).exists():
        return ""
    found = environments.find(config.venvs_dir, tree, version)
    return "" if found else f"no environment of Python {version} for this {environments.UV_LOCK}"


class Work(NamedTuple):
    """The jobs that prepare, by name: those whose work is done and those that have some, why."""

    done: Mapping[str, str]
    to_do: Mapping[str, str]


def work(config: Settings, tree: Path, names: Iterable[str]) -> Work:
    """Look which of the jobs that prepare have something to do. Raises OSError."""
    done, to_do = {}, {}
    for name in filter(prepares, names):
        if lacks := lacking(config, tree, name):
            to_do[name] = lacks
        else:
            lock = node_modules.PNPM_LOCK if name == MODULES else environments.UV_LOCK
            there = (tree / lock).exists()
            done[name] = f"done before for this {lock}" if there else f"this commit has no {lock}"
    return Work(done, to_do)


def without(table: Sequence[Job]) -> list[Job]:
    """Return the jobs but those that prepare, as if their work were always done."""
    return [
        job.but(depends_on=[need for need in job.depends_on if not prepares(need)])
        for job in table
        if not prepares(job.name)
    ]


def unneeded(table: Sequence[Job], skipped: Collection[str]) -> Iterator[str]:
    """Yield the jobs that prepare for nothing but `skipped` jobs."""
    for job in table:
        if prepares(job.name):
            users = [other.name for other in table if job.name in graph.needs(other)]
            if users and set(users) <= set(skipped):
                yield job.name
