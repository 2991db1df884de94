"""The answer on `/api/runs.json`: entries of the queue, and runs, for programs.

Both lists begin with the newest. `?limit=` (1 to 200) bounds each; `next` is the query of the page
that follows, null at the end. `?branch=` and `?state=` choose among the entries.
docs/schemas/runs.schema.json has the form.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence

from lib.commit_queue.entry import Entry, as_json
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import State
from lib.dashboard import answers
from lib.dashboard.answers import Answer
from lib.dashboard.run_lines import RunLine, RunLines
from lib.run_directories import run_name
from lib.run_directories.run_store import RunStore

USUAL, MOST = 50, 200
FURTHEST = 2**62  # an id


def answer(
    queue: QueueReader, store: RunStore, lines: RunLines, query: Mapping[str, str]
) -> Answer:
    """Return a page of both lists. Raises OSError, and ValueError for a query of another form."""
    limit = max(1, _number(query.get("limit", str(USUAL)), MOST))
    before = _number(query["before"], FURTHEST) if "before" in query else None
    run_before = _run(query["run_before"]) if "run_before" in query else None
    states = [State(query["state"])] if "state" in query else ()
    entries = queue.entries(
        states=states, branch=query.get("branch", ""), limit=limit, before=before
    )
    runs = [run for run in store.runs() if run_before is None or run.key < run_before]
    found = [lines.line(run) for run in runs[:limit]]
    more = len(entries) == limit or len(runs) > limit
    return answers.as_json(
        {
            "schema": 1,
            "version": queue.version(),
            "entries": [of_entry(entry) for entry in entries],
            "runs": [of_run(line) for line in found],
            "next": _next(query, entries, found) if more else None,
        }
    )


def of_entry(entry: Entry) -> dict[str, object]:
    """Return an entry as JSON."""
    return {**as_json(entry), "run": entry.run or None}


def of_run(line: RunLine) -> dict[str, object]:
    """Return a run as JSON."""
    return {
        **line._asdict(),
        "whole": line.whole,
        "limits": list(line.limits),
        "broken": list(line.broken),
        "running": [job._asdict() for job in line.running],
    }


def _next(query: Mapping[str, str], entries: Sequence[Entry], runs: Sequence[RunLine]) -> str:
    before = str(entries[-1].id) if entries else query.get("before", "0")
    run_before = runs[-1].name if runs else query.get("run_before", "")
    place = {"before": before, "run_before": run_before} if run_before else {"before": before}
    return urllib.parse.urlencode({**query, **place})


def _run(name: str) -> run_name.RunName:
    if (found := run_name.parse(name)) is None:
        raise ValueError(f"expected the name of a run, found {name!r}")
    return found


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"expected a number, found {text!r}")
    return min(int(text), most)
