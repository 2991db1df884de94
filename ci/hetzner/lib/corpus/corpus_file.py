"""The file of a corpus: commits by name, each with the expected outcome of its jobs, as TOML.

flags = ["--only-jobs", "lint-python"]      # of each run
paths = ["tests"]                           # that overlays take from the other commit

[names]                                     # of jobs here: their names at GitHub
lint-python = "Lint / Python"

[commits.breaks-lint]
sha = "1a2b3c4"
expect = { "*" = "passed", lint-python = "failed" }
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.common import files, ref_names
from lib.common.plain_text import printable
from lib.corpus.commits import ANY, Commit, Corpus
from lib.model.names import nearest
from lib.model.result import Outcome

OWN_LOG = "corpus"  # the log of a commit is beside it, by the name of the commit
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PASSES = {ANY: ("passed",)}
OUTCOMES = tuple(map(str, Outcome))
TOP = ("name", "flags", "runner", "paths", "names", "commits")
OF_COMMIT = ("sha", "branch", "paths_of", "expect")


def read(path: str | Path) -> Corpus:
    """Return the corpus in a file. Raises ValueError that lists every problem, and OSError."""
    try:
        found = tomllib.loads(files.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: expected TOML: {error}") from error
    reader = _Reader()
    corpus = reader.corpus(found, Path(path).stem)
    reader.raise_problems(path)
    return corpus


def names_in(path: str | Path, found: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Return the table `names` of a file. Raises ValueError that lists every problem."""
    reader = _Reader()
    names = reader.names(found)
    if not found.get("names"):
        reader.problems.append('names: expected names of jobs, as in lint = "Lint", found none')
    reader.raise_problems(path)
    return names


def refuse_unknown_jobs(path: str | Path, corpus: Corpus, jobs: Sequence[str]) -> None:
    """Raise ValueError that lists the expected jobs that a runner with these jobs has not."""
    reader = _Reader()
    reader.problems += [
        f"commits.{commit.name}.expect: {job!r} is no job{nearest(job, jobs)}"
        for commit in corpus.commits
        for job in commit.expect
        if not fnmatch.filter(jobs, job)
    ]
    reader.raise_problems(path)


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def corpus(self, found: Mapping[str, Any], stem: str) -> Corpus:
        self._known("the file", found, TOP)
        name = self._text("name", found.get("name", stem))
        if not NAME.fullmatch(name):
            self.problems.append(
                f"name: expected letters, digits, '.', '_' and '-', found {name!r}: "
                'give the corpus one, as in name = "demo"'
            )
        commits = self._table("commits", found.get("commits", {}))
        if not commits:
            self.problems.append("commits: expected at least one, as in [commits.green]")
        return Corpus(
            name=name,
            commits=tuple(self._commit(word, entry) for word, entry in commits.items()),
            flags=self._texts("flags", found.get("flags", [])),
            runner=self._text("runner", found.get("runner", "")),
            paths=self._texts("paths", found.get("paths", [])),
            names=self.names(found),
        )

    def names(self, found: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the names that jobs have elsewhere."""
        table = self._table("names", found.get("names", {}))
        return {job: self._texts(f"names.{job}", others) for job, others in table.items()}

    def raise_problems(self, path: str | Path) -> None:
        """Raise ValueError that lists every problem, if there is one."""
        if self.problems:
            raise ValueError("\n".join(f"{path}: {printable(each)}" for each in self.problems))

    def _commit(self, name: str, entry: object) -> Commit:
        where = f"commits.{name}"
        if not NAME.fullmatch(name):
            self.problems.append(
                f"{where}: expected a name of letters, digits, '.', '_' and '-', found {name!r}"
            )
        if name == OWN_LOG:
            self.problems.append(f"{where}: expected another name, found that of the corpus's log")
        fields = self._table(where, entry)
        self._known(where, fields, OF_COMMIT)
        sha = self._text(f"{where}.sha", fields.get("sha", ""))
        if isinstance(entry, dict) and not sha:
            self.problems.append(f'{where}.sha: expected a commit, as in sha = "1a2b3c4"')
        expect = self._table(f"{where}.expect", fields.get("expect", PASSES))
        if not expect:
            self.problems.append(f'{where}.expect: expected outcomes, as in {{ "*" = "passed" }}')
        branch = self._text(f"{where}.branch", fields.get("branch", ""))
        if branch and not ref_names.is_branch(branch):
            self.problems.append(f"{where}.branch: expected a branch, found {branch!r}")
        return Commit(
            name=name,
            sha=sha,
            branch=branch,
            paths_of=self._text(f"{where}.paths_of", fields.get("paths_of", "")),
            expect={job: self._outcomes(f"{where}.expect.{job}", o) for job, o in expect.items()},
        )

    def _outcomes(self, where: str, value: object) -> tuple[str, ...]:
        words = self._texts(where, value)
        for word in words:
            if word not in OUTCOMES:
                self.problems.append(
                    f"{where}: expected an outcome ({', '.join(OUTCOMES)}), found {word!r}"
                    f"{nearest(word, OUTCOMES)}"
                )
        if not words:
            self.problems.append(f"{where}: expected an outcome, found none")
        return words

    def _known(self, where: str, found: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in found:
            if key not in known:
                hint = ", which stands at the top of the file" if key in TOP else ""
                self.problems.append(
                    f"{where}: expected {', '.join(known)}, found {key!r}"
                    f"{hint or nearest(key, known)}"
                )

    def _table(self, where: str, value: object) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self.problems.append(f"{where}: expected a table, found {value!r}")
        return {}

    def _text(self, where: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self.problems.append(f"{where}: expected a text, found {value!r}")
        return ""

    def _texts(self, where: str, value: object) -> tuple[str, ...]:
        """Return a list of texts; one text stands for a list of one."""
        if isinstance(value, str):
            return (value,)
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self.problems.append(f"{where}: expected a text or a list of texts, found {value!r}")
        return ()
