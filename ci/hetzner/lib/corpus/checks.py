"""What others found on commits: check runs and statuses of GitHub, the log of another runner. Pure.

`PASS` and `FAIL` of another are verdicts; all that is neither, such as `skipped` or a run that goes
on, is none, and never counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lib.common import json_text
from lib.github.status_data import CONTEXT

KINDS = "check_runs", "statuses"  # the fields of a page that have checks
PASSED, FAILED, UNDECIDED = "passed", "failed", ""
# conclusions of check runs ("Checks", docs.github.com/en/rest/checks/runs), states of statuses.
# neutral, skipped, cancelled, action_required and stale tell nothing of the code
VERDICTS = {
    "success": PASSED,
    "failure": FAILED,
    "timed_out": FAILED,
    "startup_failure": FAILED,
    "error": FAILED,
}
LINE = re.compile(r"\[\d\d:\d\d:\d\d\] (PASS|FAIL|TIMEOUT|SKIP|CANCEL) +(\S+)")
WORDS = {"PASS": PASSED, "FAIL": FAILED, "TIMEOUT": FAILED}


class Check(NamedTuple):
    """One check of one commit: its verdict, and the word of the other side for it."""

    sha: str
    name: str
    verdict: str
    said: str


def of_github(text: str) -> list[Check]:
    """Return the checks in answers of GitHub: pages of check runs, and combined statuses.

    Several may follow each other, or be in a list (`gh api --paginate`, and with `--slurp`). Raises
    ValueError for anything else, and if pages of a commit are missing.
    """
    try:
        documents = list(json_text.parse_all(text))
    except ValueError as error:
        raise ValueError(f"expected JSON of GitHub's API: {error}") from error
    return of_pages(list(_pages(documents)))


def of_pages(pages: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Return the checks in pages. Raises ValueError if some of a commit are missing.

    Our own statuses are left out: they are no second opinion.
    """
    found: list[Check] = []
    counts: dict[tuple[str, str], list[int]] = {}
    for page in pages:
        kind = next(kind for kind in KINDS if isinstance(page.get(kind), list))
        checks = [_check(entry, page) for entry in page[kind]]
        sha = checks[0].sha if checks else str(page.get("sha") or "")
        count = counts.setdefault((sha, kind), [0, 0])
        count[0] += len(checks)
        count[1] = max(count[1], _total(page))
        found += [c for c in checks if c.name != CONTEXT and not c.name.startswith(f"{CONTEXT}/")]
    short = [
        f"{kind} of {sha or 'a commit'}: expected {total}, found {there}: fetch all pages"
        for (sha, kind), (there, total) in counts.items()
        if there < total
    ]
    if short:
        raise ValueError("\n".join(short))
    return found


def of_log(sha: str, text: str) -> list[Check]:
    """Return the outcomes in a log with lines such as `[12:00:01] PASS  lint`; the last counts."""
    found = {}
    for line in text.split("\n"):
        if match := LINE.match(line):
            word, job = match[1], match[2]
            found[job] = Check(sha, job, WORDS.get(word, UNDECIDED), word)
    return list(found.values())


def together(checks: Sequence[Check]) -> Check:
    """Return one check for several of a name, or of a commit: a failure hides behind no other."""
    worst = next((c for c in checks if c.verdict == FAILED), None)
    undecided = next((c for c in checks if c.verdict == UNDECIDED and c.said in RUNNING), None)
    passed = next((c for c in checks if c.verdict == PASSED), None)
    return worst or undecided or passed or checks[0]


RUNNING = ("queued", "in_progress", "waiting", "requested", "pending", "CANCEL")


def _check(entry: object, page: Mapping[str, Any]) -> Check:
    if not isinstance(entry, Mapping):
        raise ValueError(f"expected a check run or a status, found {entry!r}")
    if "context" in entry:  # a status
        state = str(entry.get("state"))
        return Check(str(page.get("sha")), str(entry["context"]), VERDICTS.get(state, ""), state)
    said = str(entry.get("conclusion") or entry.get("status"))
    if entry.get("status") != "completed":
        said = str(entry.get("status"))
    verdict = VERDICTS.get(said, UNDECIDED)
    return Check(str(entry.get("head_sha")), str(entry.get("name")), verdict, said)


def _total(page: Mapping[str, Any]) -> int:
    """Return how many checks a page says that there are, 0 if it does not. Raises ValueError."""
    total = page.get("total_count") or 0
    if not isinstance(total, int):
        raise ValueError(f"total_count: expected a whole number, found {total!r}")
    return total


def _pages(documents: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for found in documents:
        if isinstance(found, list):
            yield from _pages(found)
        elif isinstance(found, Mapping) and any(
            isinstance(found.get(kind), list) for kind in KINDS
        ):
            yield found
        else:
            raise ValueError(
                "expected answers of GitHub on check runs or a combined status, found something "
                "else: GET /repos/OWNER/NAME/commits/SHA/check-runs, or …/status"
            )
