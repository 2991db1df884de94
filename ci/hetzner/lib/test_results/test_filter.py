"""Finds a filter of test cases that selects exactly the failed ones of some jobs. Pure.

A filter is what `--only-testcases` takes: words between commas. pytest gets them as `-k "a or b"`,
the runners of JavaScript as a regular expression `a|b`. A filter is given only if each job's runner
is known, and would select all failed tests of the job and no other that its files tell of: a run of
too few tests could be green by mistake. What is not known for sure counts against the filter: jest
and vitest end with 0 if a pattern matches no test. So a pattern has only the letters and digits of
a title; what stands between them is any run of other characters, since reporters join titles in
ways of their own, and JavaScript counts UTF-16 units.

Sources: "Using -k expr" and `KeywordMatcher` of pytest; `--testNamePattern` of jest and vitest;
`--grep` of Playwright; "Reporter Options" of jest-junit; `titleTemplate` of vitest's reporter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lib.test_results.test_case import (
    FAILED,
    JEST,
    JEST_JUNIT,
    PLAYWRIGHT,
    PYTEST,
    VITEST,
    TestCase,
)

MOST_WORDS = 20
MOST_LOOKS = 200_000  # of a failed test at another one
MOST_SIBLINGS = 3  # tests whose longer names a word excludes
# of a name in an expression of pytest: `test_x[a-1]` is one, `test_x[a b]` is not
NAME = re.compile(r"[\w:+\-.\[\]\\/]+", re.ASCII)
# a reporter may put the notebook of a test beside its file: the runner does not search it
NOTEBOOK = re.compile(r" \S+\.ipynb$")
# of a pattern; no backslash, since a script may hand it on to a shell that takes one away
OTHER = "[^A-Za-z0-9]"
PLAIN = re.compile("[A-Za-z0-9]+")
OPERATORS = {"and", "or", "not"}
UNSURE = ("***", "…", "·")  # masked, cut, or not printable


def exact_filter(jobs: Mapping[str, Sequence[TestCase]]) -> str:
    """Return the filter that selects the failed test cases of these jobs, '' if there is none.

    `jobs` has all test cases of each.
    """
    words: list[str] = []
    for cases in jobs.values():
        failed = [case for case in cases if case.outcome == FAILED]
        if not 0 < len(failed) <= MOST_WORDS or len(failed) * len(cases) > MOST_LOOKS:
            return ""
        if not all(map(_is_nameable, failed)):
            return ""
        for case in failed:
            word = _word(case, cases)
            if word not in words:
                words.append(word)
    if not words or len(words) > MOST_WORDS or "" in words:
        return ""
    everything = [case for cases in jobs.values() for case in cases]
    return ",".join(words) if all(_is_right(words, case) for case in everything) else ""


def _is_nameable(case: TestCase) -> bool:
    """Whether the case is a test: a file that cannot be loaded is a case without a class."""
    known = bool(case.tool and case.classname and case.title)
    return known and not any(mark in case.name for mark in UNSURE)


def _word(case: TestCase, cases: Sequence[TestCase]) -> str:
    """Return the shortest word that selects no test that has passed, '' if there is none."""
    others = [each for each in cases if each.outcome != FAILED]
    for word in _candidates(case, others):
        if selects(case, [word]) and not any(may_select(each, [word]) for each in others):
            return word
    return ""


def _candidates(case: TestCase, others: Iterable[TestCase]) -> Iterable[str]:
    if case.tool != PYTEST:
        title = _pattern(case.title)
        yield title
        if case.tool == PLAYWRIGHT:
            yield _pattern(_text(case))
        if case.tool == JEST:  # the only one whose title is the full name for sure
            yield f"^{OTHER}*{title}{OTHER}*$"
        return
    yield case.title
    yield f"{case.title} and {_parts(case)[-1]}"
    longer = sorted({each.title for each in others if case.title in each.title})
    if 0 < len(longer) <= MOST_SIBLINGS:
        yield " and not ".join([case.title, *longer])


def _pattern(text: str) -> str:
    """Return a regular expression that finds a text, whatever stands between its words."""
    return f"{OTHER}+".join(PLAIN.findall(text))


def _is_right(words: Sequence[str], case: TestCase) -> bool:
    return selects(case, words) if case.outcome == FAILED else not may_select(case, words)


def selects(case: TestCase, words: Sequence[str]) -> bool:
    """Whether these words select a test for sure."""
    if case.tool == PYTEST:
        sure, unsure = [case.title, _parts(case)[-1]], [case.title, *_paths(case)]
        return all(map(_is_expression, words)) and any(_holds(w, sure, unsure) for w in words)
    return _has_words_of_its_name(case) and _matches(words, _text(case)) is True


def may_select(case: TestCase, words: Sequence[str]) -> bool:
    """Whether these words may select a test, or be no filter for its runner at all."""
    if case.tool == PYTEST:
        sure, unsure = [case.title, _parts(case)[-1]], [case.title, *_paths(case)]
        return not all(map(_is_expression, words)) or any(_holds(w, unsure, sure) for w in words)
    return _matches(words, _text(case)) is not False


def _has_words_of_its_name(case: TestCase) -> bool:
    """Whether the title is a part of the name that the runner searches.

    A template of the user may put other words into the titles of jest-junit, but hardly so if the
    class, which has a template of its own, ends with the title. One of vitest may put in the file.
    """
    if case.tool == JEST_JUNIT:
        return case.classname.endswith(case.title)
    return case.tool != VITEST or case.classname not in case.title


def _is_expression(word: str) -> bool:
    names = [part.removeprefix("not ") for part in word.split(" and ")]
    return all(NAME.fullmatch(name) and name not in OPERATORS for name in names)


def _holds(word: str, wanted: Sequence[str], unwanted: Sequence[str]) -> bool:
    """Whether an expression holds: names are in `wanted`, those after `not` not in `unwanted`."""
    for part in word.casefold().split(" and "):
        name = part.removeprefix("not ")
        texts = wanted if name == part else unwanted
        if any(name in text.casefold() for text in texts) != (name == part):
            return False
    return True


def _matches(words: Sequence[str], text: str) -> bool | None:
    """Whether the pattern of these words is found in a text; None if it is no pattern."""
    try:
        return bool(re.search("|".join(words), text, re.IGNORECASE | re.ASCII))
    except re.error:
        return None


def _parts(case: TestCase) -> list[str]:
    return case.classname.split(".")


def _paths(case: TestCase) -> list[str]:
    """Return the forms of a test's module and class in a name of pytest."""
    slashes = case.classname.replace(".", "/")
    return [case.classname, slashes, *(f"{part}.py" for part in (*_parts(case), slashes))]


def _text(case: TestCase) -> str:
    """Return what a runner searches for a pattern, as far as it is known.

    For Playwright the file comes first.
    """
    if case.tool == PLAYWRIGHT:
        return f"{NOTEBOOK.sub('', case.classname)} {case.title}"
    return case.title
