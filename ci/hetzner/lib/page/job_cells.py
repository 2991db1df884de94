"""The cells of the table of jobs. Pure: each is made from one job, None stands for an empty one."""

from __future__ import annotations

from collections.abc import Sequence

from lib.common.plain_text import duration
from lib.page import outcomes, sparkline
from lib.page.job_bars import SEEN
from lib.page.markup import Content, Html, file_link, join, tag
from lib.timeline.run_record import JobRecord, Span

MOST_LOGS = 10  # links to logs of earlier attempts
WORDS = {"pool": "pool ", "delay": "delay of "}  # before the text of a wait


def name(job: JobRecord) -> Html:
    """Return the head of a row: the name, and the outcome with its reason unless it passed."""
    said = [] if job.outcome == "passed" else [outcomes.word(job)]
    said += [job.reason] if job.reason else []
    outcome = tag("span", ": ".join(said), class_="outcome") if said else None
    return tag("th", tag("span", job.name, class_="name"), outcome, scope="row")


def waits(job: JobRecord) -> Content:
    """Return what it waited for, each with its seconds."""
    seen = [_wait(span) for span in job.waits if span.ended - span.began >= SEEN]
    return join(seen, Html("<br>")) if seen else None


def _wait(span: Span) -> Html:
    what = tag("span", WORDS.get(span.kind, "") + (span.text or span.kind), class_="name")
    return join([what, tag("span", f" {duration(span.ended - span.began)}", class_="soft")])


def took(job: JobRecord) -> Content:
    """Return its seconds, and how many times its usual ones if it was slow."""
    if job.seconds is None or not job.attempts:
        return None
    slow = None
    if job.slow:
        slow = tag("small", f"{(job.worked or 0.0) / (job.usual or 1.0):.1f}× usual")
    return join([duration(job.seconds), slow])


def usual(job: JobRecord) -> Content:
    """Return the seconds that it usually takes."""
    return None if job.usual is None else duration(job.usual)


def used(values: Sequence[float], most: str, *, drawn: bool) -> Content:
    """Return an amount over time as a small line, and the most of it."""
    line = sparkline.line(values) if drawn else None
    return join([line, tag("span", most, class_="most")])


def logs(job: JobRecord) -> Content:
    """Return links to its log, and to those of its earlier attempts.

    The log of a restored job is in the directory of the run in which it ran, beside this one. Its
    reason says so if it is gone.
    """
    if not job.log:
        return _log_of_earlier_run(job) if job.earlier_run else None
    older = range(1, min(len(job.attempts), MOST_LOGS + 1))  # named as files.rotate names them
    return join([_log(job, "log", ""), *(_log(job, str(n), f".{n}") for n in older)], Html(" "))


def _log(job: JobRecord, said: str, suffix: str) -> Html:
    whose = f" of attempt {said} of {job.name}" if suffix else f" of {job.name}"
    unseen = tag("span", whose, class_="unseen")
    return tag("a", said, unseen, href=file_link(job.log + suffix))


def _log_of_earlier_run(job: JobRecord) -> Html:
    unseen = tag("span", f" of {job.name} in {job.earlier_run}", class_="unseen")
    return tag("a", "earlier log", unseen, href=file_link(f"../{job.earlier_run}/{job.name}.log"))
