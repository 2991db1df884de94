"""Finds the jobs that the words of a selection mean: names, globs of names, and groups.

A glob (`test-*`) is one of the shell, a group is `@` before its name, which may be a glob as well:
no job's name has these characters. A word that means no job is an error, since a run of fewer jobs
than were meant must not be green. Pure functions: no clock, no process, no file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lib.model.job import Job
from lib.model.names import nearest

GLOB = "*?["
GROUP = "@"


def meant(
    by_name: Mapping[str, Job], **lists: Collection[str] | None
) -> list[Collection[str] | None]:
    """Return the lists with the names of the jobs that their words mean, None for None.

    Raises ValueError for all words that mean no job, with the nearest name or group.
    """
    problems: list[str] = []
    found = [_names(by_name, what, words, problems) for what, words in lists.items()]
    if problems:
        raise ValueError("\n".join(problems))
    return found


def _names(
    by_name: Mapping[str, Job],
    what: str,
    words: Collection[str] | None,
    problems: list[str],
) -> Collection[str] | None:
    if words is None:
        return None
    if isinstance(words, str):
        problems.append(f"{what}: expected a list of job names, found the string {words!r}")
        return ()
    names: dict[str, None] = {}
    for word in words:
        some = [word] if word in by_name else _matches(by_name, str(word))
        names |= dict.fromkeys(some)
        if not some:
            problems.append(f"{what}: {word!r} {_nothing(by_name, str(word))}")
    return tuple(names)


def _matches(by_name: Mapping[str, Job], word: str) -> list[str]:
    """Return the jobs that a glob or a group means."""
    if not word.startswith(GROUP) and not any(sign in word for sign in GLOB):
        return []
    from fnmatch import fnmatchcase  # late: most selections are of names

    if word.startswith(GROUP):
        wanted = word.removeprefix(GROUP)
        return [n for n, job in by_name.items() if any(fnmatchcase(g, wanted) for g in job.groups)]
    return [name for name in by_name if fnmatchcase(name, word)]


def _nothing(by_name: Mapping[str, Job], word: str) -> str:
    """Return the rest of a sentence on a word that means no job."""
    groups = dict.fromkeys(GROUP + group for job in by_name.values() for group in job.groups)
    known = list(groups) if word.startswith(GROUP) else [*by_name, *groups]
    kind = "is not a job"
    if any(sign in word for sign in GLOB):
        kind = "matches no job"
    elif word.startswith(GROUP):
        kind = "is not a group of jobs"
    return f"{kind}{nearest(word, known)}"
