"""Writes the verdict on a run: into summary.json, then as the last line of ci.log."""

from __future__ import annotations

from pathlib import Path

from lib.model.run_facts import Facts
from lib.model.verdict import Verdict, decide
from lib.report import summary_json
from lib.report.run_log import RunLog


def write(log: RunLog, summary: Path, facts: Facts, written: int | None = None) -> Verdict:
    """Write the verdict on these facts into both reports and return it.

    `written` is the exit code that summary.json has already (None: none). A report that cannot be
    written changes the verdict, which is then written again.
    """
    while True:
        write_error = log.write_error
        verdict = decide(facts._replace(write_error=write_error))
        if verdict.exit_code != written:
            written = verdict.exit_code
            end_summary(log, summary, written, facts.seconds)
        if log.write_error == write_error:
            log.end(f"END   exit code {verdict.exit_code}: {verdict.sentence}")
        if log.write_error == write_error:
            return verdict


def end_summary(log: RunLog, summary: Path, code: int, seconds: float) -> None:
    """Write exit code and length into summary.json; a failure is a write error of the log."""
    try:
        summary_json.end(summary, code, seconds)
    except OSError as error:
        log.write_failed(summary, error)
