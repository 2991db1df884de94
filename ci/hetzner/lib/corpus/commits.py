"""The commits of a corpus, each with the expected outcome of its jobs. Data only."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import NamedTuple

ANY = "*"  # the pattern of all jobs


class Commit(NamedTuple):
    """One commit of a corpus, as the file names it.

    - `sha`: a revision of the repository; `branch`: '' if the file names none.
    - `paths_of`: the revision whose paths are laid over it first, '' for none.
    - `expect`: the outcomes that are right, by the name of the job or a pattern.
    """

    name: str
    sha: str
    branch: str
    paths_of: str
    expect: Mapping[str, tuple[str, ...]]

    def expected(self, job: str) -> tuple[str, ...]:
        """Return the outcomes that are right for a job; () if the file expects nothing of it.

        Its name goes before a pattern, and a longer pattern before a shorter one.
        """
        if job in self.expect:
            return self.expect[job]
        found = [pattern for pattern in self.expect if fnmatch.fnmatchcase(job, pattern)]
        return self.expect[max(found, key=lambda pattern: (len(pattern), pattern))] if found else ()


class Corpus(NamedTuple):
    """A named set of commits.

    `flags` go to each run, `runner` is a command in place of this program ('' for none), `paths`
    are those of overlays, `names` the names that jobs have elsewhere.
    """

    name: str
    commits: tuple[Commit, ...]
    flags: tuple[str, ...] = ()
    runner: str = ""
    paths: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = {}
