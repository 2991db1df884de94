"""Runs each job of a green run again, alone: it has to end as it did there.

`each_job_alone.py (--demo | --repo DIR) [--state-dir DIR] [--only A,B] [SHA]` takes the last run
of the commit from its summary.json, and calls for each of its jobs the command that the end of a
run prints as "run it again". A job that is red there lives on files that another one leaves without
promising them. Jobs that prepare dependencies are left out: their work is done, and shared by all
runs. The tree is watched (tree_watch.py), and its cache does not answer: a restored job
shows nothing. Exit code: 0 if all ended the same, 1 if not, 2 if there is no green run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
sys.path[0] = str(HERE)

import pipeline  # noqa: E402
from lib.buckaroo import demo, preparation, settings  # noqa: E402
from lib.commands import run_again  # noqa: E402
from lib.common import program_end  # noqa: E402
from lib.git import checkout  # noqa: E402
from tests.bodies.tree_watch import UNCACHED  # noqa: E402

GREEN = {"passed", "flaky"}


def last_summary(state: Path, sha: str) -> dict[str, Any]:
    """Return the newest summary of a commit. Raises ValueError if there is none."""
    found = [path for name in ("logs", "runs") for path in (state / name).glob("*/summary.json")]
    for path in sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True):
        told: dict[str, Any] = json.loads(path.read_text())
        if told.get("sha") == sha:
            return told
    raise ValueError(f"expected a run of {sha} in {state}, found none: run pipeline.py on it first")


def ends(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return how each job that ran has ended, and whether there was nothing to test."""
    told = {}
    for job in summary["jobs"]:
        outcome = "green" if job["outcome"] in GREEN else job["outcome"]
        codes = [attempt["exit_code"] for attempt in job["attempts"]]
        told[job["name"]] = f"{outcome}, nothing to test" if codes[-1:] == [5] else outcome
    return {name: how for name, how in told.items() if how != "skipped"}


def main(arguments: Sequence[str]) -> int:
    """Run the jobs, one after the other; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--demo", action="store_true")
    where.add_argument("--repo")
    parser.add_argument("--state-dir")
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("sha", nargs="?", default="")
    given = parser.parse_args(arguments)
    config = settings.load_anywhere({"state_dir": given.state_dir})
    repo = demo.prepare(config.state_dir, print).path if given.demo else Path(given.repo)
    sha = checkout.resolve(repo, given.sha or ("green" if given.demo else "HEAD"))
    try:
        before = last_summary(config.state_dir, sha)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if before["exit_code"] != 0:
        print(f"expected a green run of {sha}, the last one was red", file=sys.stderr)
        return 2
    table = pipeline.job_table(config)
    words = [sha, "--repo", str(repo), "--state-dir", str(config.state_dir)]
    wrong = []
    for name, how in ends(before).items():
        if preparation.prepares(name) or name not in (given.only or [name]):
            continue
        alone = _alone([*words, *run_again.selection(table, [name])], config.state_dir, sha, name)
        if alone != ("green" if how == "restored" else how):
            wrong.append(f"{name}: {how} in the run, {alone} alone")
    print("\n".join(["ALONE " + line for line in wrong or ["each job ended as in the run"]]))
    return int(bool(wrong))


def _alone(words: Sequence[str], state: Path, sha: str, name: str) -> str:
    print(f"--- {name} alone", flush=True)
    argv = [
        sys.executable,
        str(HERE / "tests" / "bodies" / "tree_watch.py"),
        UNCACHED + name,
        *words,
    ]
    code = subprocess.run(argv, check=False).returncode
    how = ends(last_summary(state, sha)).get(name, "not run")
    return (
        how if code == 0 or how not in ("green", "green, nothing to test") else f"{how}, but {code}"
    )


if __name__ == "__main__":
    program_end.run(main)
