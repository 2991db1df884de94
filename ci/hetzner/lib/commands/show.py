"""The command `show`: one run, told for people or for programs."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

from lib.commands import answer, archive, environment_changes, recorded_run, run_text
from lib.commands.run_text import RunAnswer
from lib.commands.site import Site
from lib.common import interrupts, redact
from lib.run_directories import run_contents, run_report
from lib.run_directories.run_store import LAST, RunStore
from lib.run_directories.stored_run import FAILED, StoredRun

SUMMARY = "Tell how a run went."
MOST_NEWER = 100  # runs that are looked at
RUN_HELP = "its name, the beginning of it, its commit, 'last' (default), or a file of `export`"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", nargs="?", default=LAST, metavar="RUN", help=RUN_HELP)
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the run. Raises LookupError, ValueError, OSError."""
    if "/" not in given.run and not given.run.endswith(archive.SUFFIX):
        store = RunStore(site.kept())
        run = store.find(given.run)
        told = answer_on(run)
        if run.state == FAILED:
            runs = store.runs()
            told = told._replace(
                changes=environment_changes.since_green(run, runs),
                again=_again(run, runs, site),
                reruns=_reruns(run),
            )
        return _print(told, given)
    import tempfile  # late: only an exported run needs it

    with interrupts.cut_short(), tempfile.TemporaryDirectory() as directory:
        run = archive.read(Path(given.run), Path(directory))
        told = answer_on(run)._replace(place=given.run)
        if archive.was_live(run):
            told = told._replace(state=run_text.EXPORTED_LIVE)
        return _print(told, given)


def _again(run: StoredRun, runs: Sequence[StoredRun], site: Site) -> str:
    """Return the command that runs again what this run has not proven, '' if none does.

    `rerun` goes by the newest run of everything on a tree.
    """
    tree = run.summary.get("tree")
    newer = itertools.islice((each for each in runs if each.key > run.key), MOST_NEWER)
    later = (each.asked_for_all and each.summary.get("tree") == tree for each in newer)
    if not tree or not run.asked_for_all or any(later) or not _is_of(site, run):
        return ""
    return site.rerun("" if run.summary.get("in_place") is True else run.sha)


def _is_of(site: Site, run: StoredRun) -> bool:
    """Whether this program can have made a run: another one may keep its runs in the same store."""
    known = {job.name for job in site.jobs()}
    return all(job.name in known for job in run_report.read(run.summary).jobs)


def _reruns(run: StoredRun) -> dict[str, Sequence[str]]:
    """Return the words that run each failed job again, those that the run itself has told."""
    try:
        record = recorded_run.record_of(run)
    except LookupError:  # a run of an older runner, or one with damaged events
        return {}
    return {job.name: job.rerun for job in record.jobs if job.rerun}


def _print(told: RunAnswer, given: argparse.Namespace) -> int:
    if given.json:
        return answer.as_json(fields(told))
    return answer.lines(run_text.lines(told, redact.of_environment()))


def answer_on(run: StoredRun) -> RunAnswer:
    """Return the answer on a run."""
    state = run.state  # first: a run that ends meanwhile has a whole summary then
    story = run_contents.story(run.path)
    return RunAnswer(
        name=run.name,
        place=str(run.path),
        directory=run.path,
        state=state,
        summary=run.summary,
        report=run_report.completed(run_report.read(run.summary), story),
        story=story,
        kept=run_contents.all_files(run.path, run_contents.KEPT),
    )


def fields(told: RunAnswer) -> dict[str, object]:
    """Return a run for programs."""
    return {
        "name": told.name,
        "place": told.place,
        "state": told.state,
        "sentence": run_text.sentence(told),
        "running": list(told.story.running),
        "kept": [file._asdict() for file in told.kept],
        "changes": told.changes._asdict(),
        "rerun": told.reruns,
        "summary": told.summary,
    }
