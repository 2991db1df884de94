"""The head of a report: the verdict, the broken tests, the run in a few facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from lib.common.plain_text import duration, utc
from lib.page import outcomes
from lib.page.command import command
from lib.page.markup import Html, join, tag
from lib.report import verdict_limits
from lib.timeline.critical_path import CriticalPath
from lib.timeline.run_record import JobRecord, RunRecord

MOST_TESTS, MOST_JOBS = 5, 8
SHA = 10  # characters of a commit's name
INCOMPLETE = "a part of its record is damaged"
BEGAN = "%-d %B %Y, %H:%M:%S UTC"


def header(
    record: RunRecord,
    path: CriticalPath,
    told: Sequence[JobRecord],
    tests: Mapping[str, Sequence[str]],
) -> Html:
    """Return the head; `told` are jobs as of `outcomes.told_of`, `tests` what failed in each."""
    broken = [job for job in told if not job.allowed]
    word, colour = outcomes.verdict(record)
    took = tag("span", f" in {duration(record.end - record.beginning)}", class_="soft")
    return tag(
        "header",
        tag("p", _where(record), class_="where soft"),
        tag("h1", tag("span", word, class_=colour), took),
        *_causes(record, broken),
        _broken(broken, tests) if broken else None,
        _facts(record, path, broken),
    )


def _where(record: RunRecord) -> Html:
    """Return branch, commit and time of a run, and what makes it less than a run of the commit."""
    header = record.header
    sha = str(header.get("sha") or "")
    remarks = verdict_limits.of(header)
    if record.skipped:
        remarks.append(INCOMPLETE)
    parts = [
        tag("span", str(header["branch"]), class_="name") if header.get("branch") else None,
        commit(sha) if sha else None,
        tag("time", utc(record.began, BEGAN)) if record.began else None,
        *(tag("span", remark, class_="amber") for remark in remarks),
    ]
    return join([part for part in parts if part], Html(" · "))


def _causes(record: RunRecord, broken: Sequence[JobRecord]) -> list[Html]:
    """Return what cut the run off, and the verdict's sentence if it says more than the page."""
    said = [record.interruption] if record.interruption else []
    more = ";" in record.verdict or (not broken and ("," in record.verdict or record.exit_code))
    if more:
        said.append(record.verdict)
    if record.exit_code is None:
        said.append("The run was cut off before it had a verdict.")
    return [tag("p", text, class_="sentence") for text in said if text]


def _broken(broken: Sequence[JobRecord], tests: Mapping[str, Sequence[str]]) -> Html:
    shown = [
        tag(
            "li",
            tag("a", job.name, href=f"#failure-{number}", class_="name"),
            tag("span", f" {job.reason or job.cause}", class_="soft"),
            _tests(tests.get(job.name, ()), f"#failure-{number}"),
        )
        for number, job in enumerate(islice(broken, MOST_JOBS), 1)
    ]
    if len(broken) > MOST_JOBS:
        more = f"and {len(broken) - MOST_JOBS} more"
        shown.append(tag("li", tag("a", more, href="#failures")))
    return tag("ul", *shown, class_="broken", aria_label="What broke")


def _tests(names: Sequence[str], rest: str) -> Html | None:
    if not names:
        return None
    shown = [tag("li", tag("code", name)) for name in islice(names, MOST_TESTS)]
    if len(names) > MOST_TESTS:
        shown.append(tag("li", tag("a", f"and {len(names) - MOST_TESTS} more tests", href=rest)))
    return tag("ul", *shown)


def _facts(record: RunRecord, path: CriticalPath, broken: Sequence[JobRecord]) -> Html:
    jobs = path.jobs
    facts: list[tuple[str, str | Html]] = [("Jobs", outcomes.counts(record) or "none")]
    if jobs:
        half = MOST_JOBS // 2
        short = jobs if len(jobs) <= MOST_JOBS else [*jobs[:half], "…", *jobs[-half:]]
        names = join([tag("span", name, class_="name") for name in short], Html(" → "))
        share = tag("span", f" {path.share:.0%} of the time", class_="soft")
        facts.append(("Critical path", join([names, share])))
    if len(broken) == 1 and broken[0].rerun:
        facts.append(("Run it again", command(broken[0].rerun)))
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts),
        class_="facts",
    )


def commit(sha: str) -> Html:
    """Return the short name of a commit, with the whole one as its title."""
    return tag("code", sha.removesuffix(sha[SHA:]), title=sha or None)
