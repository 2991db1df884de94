"""Writes JUnit XML, as CI servers read it. Pure.

The form is that of Jenkins (tests/support/junit-10.xsd): a test that passed after a failure has a
`flakyFailure`, as Surefire writes it, and counts as passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from lib.test_results.test_case import FAILED, FLAKY, SKIPPED, TestCase

ERROR = "error"  # an outcome beside those of a test case: it could not be tried
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
# XML 1.0 has no other characters (w3.org/TR/xml, section 2.2)
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ELEMENTS = {FAILED: "failure", ERROR: "error", SKIPPED: "skipped", FLAKY: "flakyFailure"}


class Case(NamedTuple):
    """A test case: `outcome` is one of `TestCase`, or ERROR. `text` may have many lines."""

    classname: str
    name: str
    outcome: str
    seconds: float
    message: str = ""
    text: str = ""


class Suite(NamedTuple):
    """The test cases of one job or file; `timestamp` is in the form of ISO 8601, '' if unknown."""

    name: str
    cases: Sequence[Case]
    seconds: float
    timestamp: str = ""


def of_test(case: TestCase) -> Case:
    """Return a test case of a job as one to be written."""
    classname, title = (case.classname, case.title) if case.title else ("", case.name)
    return Case(classname or case.job, title, case.outcome, case.seconds, case.message)


def document(name: str, suites: Sequence[Suite], seconds: float) -> str:
    """Return the text of a file."""
    cases = [case for suite in suites for case in suite.cases]
    lines = [f"<testsuites {_attributes(name=name, **_counts(cases), time=_time(seconds))}>"]
    for suite in suites:
        lines += _suite(suite)
    return HEAD + "\n".join([*lines, "</testsuites>", ""])


def _suite(suite: Suite) -> Iterator[str]:
    skipped = str(sum(case.outcome == SKIPPED for case in suite.cases))
    when = {"timestamp": suite.timestamp} if suite.timestamp else {}
    counts = _counts(suite.cases)
    told = _attributes(
        name=suite.name, **counts, skipped=skipped, time=_time(suite.seconds), **when
    )
    yield f"<testsuite {told}>"
    for case in suite.cases:
        told = _attributes(classname=case.classname, name=case.name, time=_time(case.seconds))
        element = ELEMENTS.get(case.outcome)
        if element is None:
            yield f"<testcase {told}/>"
            continue
        of = _attributes(message=case.message, type=case.outcome)
        yield f"<testcase {told}><{element} {of}>{_legal(case.text)}</{element}></testcase>"
    yield "</testsuite>"


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(FAILED)),
        "errors": str(outcomes.count(ERROR)),
    }


def _attributes(**values: str) -> str:
    return " ".join(f'{name}="{_quoted(value)}"' for name, value in values.items())


def _quoted(text: str) -> str:
    return _legal(text, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _legal(text: str, entities: dict[str, str] = {"\r": "&#13;"}) -> str:  # noqa: B006
    return escape(ILLEGAL.sub("\ufffd", text), entities)


def _time(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
