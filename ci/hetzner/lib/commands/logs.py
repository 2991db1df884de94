"""The command `logs`: prints the log of a job, or follows it until the job has ended."""

from __future__ import annotations

import argparse
import sys

from lib.commands import answer
from lib.commands.log_follower import LogFollower
from lib.commands.site import Site
from lib.commands.terminal_text import TerminalText
from lib.common import console, interrupts, signal_names
from lib.common.interrupts import Interrupted
from lib.common.plain_text import printable, size
from lib.model.job_fields import NAME, RUN_LOG
from lib.model.names import nearest
from lib.run_directories import attempt_logs, run_contents, run_report
from lib.run_directories.run_store import LAST, RunStore
from lib.run_directories.stored_run import StoredRun

SUMMARY = "Print the log of a job."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB", help=f"a job, or {RUN_LOG!r} for the log of the run")
    parser.add_argument("-f", "--follow", action="store_true", help="until the job has ended")
    parser.add_argument(
        "--run", default=LAST, metavar="RUN", help="its name, its commit, or 'last' (default)"
    )
    parser.add_argument(
        "--attempt", type=_number, metavar="N", help="the Nth log of the job (default: the latest)"
    )


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {text!r}")
    return int(text)


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the log. Raises LookupError, ValueError, OSError."""
    store = RunStore(site.kept())
    run = store.find(given.run)
    _refuse_unknown(given.job, run, site)
    run = _with_its_log(given.job, run, store)
    try:
        with interrupts.cut_short():
            return _print(run, given.job, given.attempt, follow=given.follow)
    except BrokenPipeError:
        return console.NOBODY_READS
    except KeyboardInterrupt:
        return signal_names.exit_code(signal_names.CUSTOMARY[0])
    except Interrupted as ended:
        return signal_names.exit_code(ended.number)


def _refuse_unknown(job: str, run: StoredRun, site: Site) -> None:
    """Raise LookupError for a job that this run cannot have."""
    known = {
        RUN_LOG,
        *attempt_logs.jobs(run.path),
        *(each.name for each in run_report.read(run.summary).jobs),
    }
    if job not in known and run.live:  # it may not have begun its jobs yet
        known |= {each.name for each in site.jobs()}
    if job not in known or not NAME.fullmatch(job):
        raise LookupError(f"expected a job of {run.name}, found {job!r}{nearest(job, known)}")


def _with_its_log(job: str, run: StoredRun, store: RunStore) -> StoredRun:
    """Return the run that has the log of a job: an earlier one if the job was restored from it."""
    if attempt_logs.paths(run.path, job):
        return run
    origins = {each.restored_from for each in run_report.read(run.summary).jobs if each.name == job}
    for earlier in store.runs():
        if earlier.name in origins and attempt_logs.paths(earlier.path, job):
            _remark(f"--- {job} was restored: this is its log of {earlier.name}")
            return earlier
    return run


def _print(run: StoredRun, job: str, attempt: int | None, *, follow: bool) -> int:
    write = answer.writer()
    shown = TerminalText() if sys.stdout.isatty() else None
    log = LogFollower(run, job, attempt, _remark)
    try:
        for piece in log.pieces(follow=follow):
            write(shown.feed(piece).encode(errors="replace") if shown else piece)
    finally:
        left_out = log.left_out
        log.close()
        if shown:
            write(shown.end().encode(errors="replace"))
    if not log.found or (attempt or 0) > log.found:
        raise LookupError(_missing(run, job, log.found))
    if left_out:
        _remark(f"--- {size(left_out)} of its middle are left out")
    return 0


def _missing(run: StoredRun, job: str, found: int) -> str:
    if found:
        return f"expected an attempt of {job}, of which there are {found} in {run.name}"
    fresh = StoredRun(run.path, run.key)  # the job may have ended since
    jobs = run_report.completed(run_report.read(fresh.summary), run_contents.story(run.path)).jobs
    reasons = (each.reason or each.outcome for each in jobs if each.name == job)
    return f"{job} has no log in {run.name}: {printable(next(reasons, '')) or 'it has not started'}"


def _remark(text: str) -> None:
    """Say something that is no part of the log."""
    print(printable(text), file=sys.stderr, flush=True)
