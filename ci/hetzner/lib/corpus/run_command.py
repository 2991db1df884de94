"""`corpus run`: runs the commits of a corpus back to back, and ends in a table.

It goes on where an earlier one was interrupted or killed. The end of a terminal does not end it.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.commands import answer
from lib.common import interrupts, locks
from lib.common.interrupts import Interrupted
from lib.common.plain_text import duration
from lib.corpus import corpus_file, judgement, one_run, overlay, report, rounds, runner
from lib.corpus.corpus_file import OWN_LOG, Commit, Corpus
from lib.corpus.ended_run import EndedRun, with_answer
from lib.corpus.left_behind import Watch
from lib.corpus.line_writer import LineWriter
from lib.corpus.place import Place
from lib.corpus.rounds import Round
from lib.corpus.runner import Runner
from lib.git import git_command
from lib.git.git_command import CheckoutError
from lib.machine import state

SUMMARY = (
    "Run the commits of a file back to back, and compare their jobs with the expected outcomes."
)
PASSES_ON = True  # words that it does not know are flags of each run
LOCK = "lock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", metavar="FILE", help="TOML; flags of a run may follow it")
    parser.add_argument(
        "--again", action="store_true", help="begin anew, though an earlier time is not complete"
    )
    parser.add_argument(
        "--runner",
        default="",
        metavar="COMMAND",
        help="in place of this program; with {sha}, and perhaps {branch}; it answers as --json",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="red as well if each run after the first adds entries to /tmp or /dev/shm",
    )
    parser.add_argument("--json", action="store_true", help="the table for programs")


def main(given: argparse.Namespace, place: Place, words: Sequence[str]) -> int:
    """Run them; return 0 only if each job of each commit is as expected.

    Raises ValueError, CheckoutError, OSError and Interrupted.
    """
    corpus = corpus_file.read(given.file)
    if words[:1] == ["--"]:
        words = words[1:]
    by = runner.of(corpus, given.runner, words, place)
    if by.own:
        corpus_file.refuse_unknown_jobs(given.file, corpus, place.jobs())
    home = place.state_dir / "corpus" / corpus.name
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.lock(home / LOCK, f"corpus {corpus.name}", timeout=0))
        except locks.LockTimeoutError as error:
            raise OSError(
                f"expected that this corpus does not run, found {error.holder}"
            ) from error
        repo = place.repo(by.flags)
        shas = _resolved(corpus, repo)
        now = _round(home, again=given.again)
        with contextlib.suppress(ValueError):  # no signals in a thread
            signal.signal(signal.SIGHUP, interrupts.ignore)
        tell = LineWriter(now.directory / f"{OWN_LOG}.log", stderr=given.json)
        watch = Watch()
        stack.callback(watch.close)
        _Story(corpus, by, repo, place.state_dir, now, tell, watch).run(shas)
        before = rounds.last_complete([r for r in rounds.all_of(home) if r.name != now.name])
        now.done()
        told = report.of(corpus, now, before, strict=given.strict)
        if given.json:
            return answer.as_json(told.fields()) or int(not told.green)
        tell.table(told.lines())
        return int(not told.green)


def _resolved(corpus: Corpus, repo: Path) -> dict[str, str]:
    """Return the SHA to run of each commit; overlays are made. Raises ValueError that lists all."""
    shas, problems = {}, []
    for commit in corpus.commits:
        try:
            if commit.paths_of:
                made = overlay.make(repo, commit.sha, commit.paths_of, corpus.paths)
                shas[commit.name] = made.sha
            else:
                shas[commit.name] = git_command.resolve(repo, commit.sha)
        except (CheckoutError, ValueError) as error:
            problems.append(f"commits.{commit.name}: {getattr(error, 'brief', error)}")
    if problems:
        raise ValueError("\n".join(problems))
    return shas


def _round(home: Path, *, again: bool) -> Round:
    """Return the time that is not complete, else a new one."""
    known = rounds.all_of(home)
    if known and not known[0].complete and not again:
        return known[0]
    return rounds.new(home)


class _Story:
    """The runs of one time, in the order of the file."""

    def __init__(
        self,
        corpus: Corpus,
        by: Runner,
        repo: Path,
        state_dir: Path,
        now: Round,
        tell: LineWriter,
        watch: Watch,
    ) -> None:
        self._corpus = corpus
        self._by = by
        self._repo = repo
        self._state_dir = state_dir
        self._now = now
        self._tell = tell
        self._watch = watch

    def run(self, shas: Mapping[str, str]) -> None:
        """Run each commit that has not run. Raises OSError and Interrupted."""
        self._tell(f"LOG   {self._now.directory / f'{OWN_LOG}.log'}")
        self._now.begin(self._amounts())
        for number, commit in enumerate(self._corpus.commits, 1):
            begun = EndedRun(commit.name, shas[commit.name], self._by.asked, self._by.name)
            known = self._now.runs.get(commit.name)
            if known and not known.problem and known.alike(begun):
                self._tell(f"KEPT  {commit.name}: it has run at this time")
                continue
            if known and not known.problem:
                self._tell(f"NOTE  {commit.name} ran on another commit, runner or with other flags")
            count = f"{number} of {len(self._corpus.commits)}"
            self._tell(f"START {commit.name} {begun.sha} ({count})")
            ended = self._run_one(commit, begun)
            self._now.end(ended)
            self._tell(_told(commit, ended))

    def _run_one(self, commit: Commit, begun: EndedRun) -> EndedRun:
        process = one_run.OneRun(self._now.directory, commit.name)
        process.wait_for_earlier(
            lambda: self._tell(f"WAIT  an earlier run of {commit.name} is about to end")
        )
        words = self._by.call(begun.sha, commit.branch)
        since = time.monotonic()
        try:
            code, session = process.run(words, self._repo, runner.environment())
        except Interrupted:
            self._tell(f"STOP  {commit.name}: the same call goes on from here")
            raise
        except OSError as error:
            return begun._replace(problem=f"it could not be started: {error}")
        seconds = round(time.monotonic() - since, 1)
        left = tuple(self._watch.left_by(session))
        ended = with_answer(begun, code, process.output())
        if ended.problem:
            ended = ended._replace(problem=f"{ended.problem}; see {process.log}")
        return ended._replace(seconds=seconds, left=left, amounts=self._amounts())

    def _amounts(self) -> dict[str, int]:
        return state.measure(self._state_dir)


def _told(commit: Commit, ended: EndedRun) -> str:
    """Return the line on the end of a run."""
    wrong = [row for row in judgement.rows(commit, ended) if row.wrong]
    took = duration(ended.seconds)
    if not wrong:
        return f"OK    {commit.name} as expected in {took}"
    named = ", ".join(f"{row.job} {row.found}" for row in wrong)
    return f"WRONG {commit.name} in {took}: {named}"
