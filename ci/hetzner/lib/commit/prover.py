"""Builds the prover of a commit's jobs from their tree, environment, programs, and the runner."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lib.buckaroo import environments, preparation, settings
from lib.commit.request import Request
from lib.common import files, inherited_environment, redact
from lib.git import checkout, tree_hash
from lib.model import selection
from lib.proof.proving import Prover, Rerun
from lib.report import environment_record
from lib.run_directories.run_store import RunStore

SOURCES = (".py", ".sh", ".cjs")  # of the runner: what bodies run
ROOMS = ("jobs", "lib")


def of_run(request: Request, tree: str, place: Path) -> Prover:
    """Return the prover of a run on a tree, of this hash, in `place`. Raises OSError."""
    config = request.config
    chosen = set(selection.names(request.table, request.chosen))
    jobs = [job for job in request.table if job.name in chosen]
    env = settings.job_environment(config, os.environ) | {"CI_REPO_DIR": str(place)}
    env = inherited_environment.without(env, os.environ)
    env = redact.without_secrets(env, config.secret_names)
    inputs = {
        "the sources of the runner": _sources(config.runner_dir),
        "the browser": " ".join(map(str, _browser(config))),
        **environment_record.machine_inputs(),
    }
    return Prover(jobs, tree, place, env, inputs, lambda job: _prepared(config, place, job))


def _prepared(config: settings.Settings, tree: Path, job: str) -> dict[str, str]:
    """Return the environment that a job has made: its name stands for its interpreter."""
    if not job.startswith(preparation.PYTHON):
        return {}
    version = job.removeprefix(preparation.PYTHON)
    try:
        found = environments.find(config.venvs_dir, tree, version)
    except OSError:
        found = None
    return {"its environment": found.name if found else ""}


def _browser(config: settings.Settings) -> list[object]:
    return environments.identity(Path(config.chromium)) if config.chromium else []


def of_dry_run(request: Request) -> Rerun:
    """Return what a run would restore from an earlier one whose outputs are as it left them.

    Raises CheckoutError, OSError.
    """
    config, in_place = request.config, request.options.in_place
    repo = config.repo_dir
    sha = checkout.resolve(repo, "HEAD" if in_place else request.revision)
    if in_place:
        config.work_dir.mkdir(parents=True, exist_ok=True)
        scratch = config.work_dir / "tree-of-dry-run"
        tree = tree_hash.of_directory(repo, scratch, config.state_dir, request.made).hash
    else:
        tree = tree_hash.of_commit(repo, sha)
    place = repo if in_place else config.tree_dir
    store, prepare = RunStore(config.state_dir), request.preparations(place).to_do
    return of_run(request, tree, place).rerun(store, prepare=prepare, look=False)


def _sources(runner: Path) -> str:
    """Return a digest of the files of the runner that bodies may run. Raises OSError."""
    total = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((runner / room).rglob("*")):
            if path.suffix in SOURCES:
                content = files.read(path.resolve())
                total.update(f"{path.relative_to(runner)} {len(content)}\n".encode())
                total.update(content)
    return total.hexdigest()
