"""A run of one commit that has ended, as its answer for programs tells it. Data only.

The answer is the object that `pipeline.py --json` prints; of another runner's, `exit_code` and the
`name` and `outcome` of its `jobs` are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.common import json_text, redact

UNFINISHED = "unfinished"
CUT_OFF = 128  # and the number of a signal
LONGEST = 200  # characters of a text of another program
SELECTING = ("--only-jobs", "--only", "--skip-jobs", "--skip", "--only-failed", "--phase")


class EndedRun(NamedTuple):
    """The end of one run: the outcome of each job, or the `problem` for which it tells nothing.

    - `sha`: the commit that ran; `asked`: the words that it was asked with.
    - `allowed`: the jobs whose failure does not make it red.
    - `runner`: differs between two runners; `run`: the name of its directory, '' if unknown.
    - `part`: its answer says that it tested a part of the commit, or another tree.
    - `left`: the processes that it left; `amounts`: what the machine held after it.
    """

    name: str
    sha: str
    asked: tuple[str, ...]
    runner: str = ""
    problem: str = ""
    exit_code: int | None = None
    sentence: str = ""
    run: str = ""
    seconds: float = 0.0
    jobs: Mapping[str, str] = {}
    allowed: tuple[str, ...] = ()
    part: bool = False
    left: tuple[str, ...] = ()
    amounts: Mapping[str, int] = {}

    @property
    def selected(self) -> bool:
        """Whether it was asked to leave out jobs."""
        return any(word.partition("=")[0] in SELECTING for word in self.asked)

    @property
    def speaks_for_commit(self) -> bool:
        """Whether it was asked for everything, on the commit as it is, by all that is known."""
        return not self.part and not self.selected

    def alike(self, other: EndedRun) -> bool:
        """Whether the same runner was asked the same of the same commit."""
        return (self.sha, self.runner, self.asked) == (other.sha, other.runner, other.asked)


def with_answer(begun: EndedRun, code: int | None, output: str) -> EndedRun:
    """Return a run with what it told on its stdout, whose last line is the answer.

    `code` is its exit code, None if nobody saw it end: then the answer's counts.
    """
    answer = answer_in(output)
    if answer is None:
        ended = "it ended" if code is None else f"exit code {code}"
        return begun._replace(problem=f"no answer for programs: {ended}", exit_code=code)
    own = answer.get("exit_code")
    jobs = {name: _outcome(job) for name, job in _jobs(answer).items()}
    sentence = redact.shorten(str(answer.get("sentence") or ""), LONGEST)
    problem = ""
    if not isinstance(own, int) or (code is not None and code != own):
        problem = f"expected the exit code of its answer, {own}, found {code}"
    elif own >= CUT_OFF:
        problem = f"cut off: exit code {own}: {sentence}"
    elif not jobs:
        problem = f"no job: exit code {own}: {sentence}"
    elif isinstance(sha := answer.get("sha"), str) and sha and sha != begun.sha:
        problem = f"expected an answer on {begun.sha}, found one on {sha}"
    return begun._replace(
        problem=problem,
        exit_code=own if isinstance(own, int) else code,
        sentence=sentence,
        run=redact.shorten(str(answer.get("run") or ""), LONGEST),
        jobs=jobs,
        allowed=tuple(name for name, job in _jobs(answer).items() if job.get("allowed_to_fail")),
        part=_is_part(answer),
    )


def answer_in(output: str) -> Mapping[str, Any] | None:
    """Return the object in the last line that is one, None if there is none."""
    for line in reversed(output.split("\n")):
        try:
            found = json_text.parse(line)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("jobs"), list):
            return found
    return None


def _is_part(answer: Mapping[str, Any]) -> bool:
    """Whether it says so in the fields of `StoredRun.speaks_for_commit`, which another may lack."""
    elsewhere = answer.get("in_place") is True or answer.get("dirty") is True
    return elsewhere or answer.get("asked_for_all") is False


def _outcome(job: Mapping[str, Any]) -> str:
    return redact.shorten(str(job.get("outcome") or UNFINISHED), LONGEST)


def _jobs(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the jobs of an answer by name; entries that are damaged are left out."""
    entries = (job for job in answer["jobs"] if isinstance(job, dict))
    named = (job for job in entries if job.get("name"))
    return {redact.shorten(str(job["name"]), LONGEST): job for job in named}
