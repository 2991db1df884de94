"""Runs the commits of one round of a corpus back to back, and tells of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from lib.common.interrupts import Interrupted
from lib.common.plain_text import duration
from lib.corpus import judgement, one_run, runner
from lib.corpus.commits import Commit, Corpus
from lib.corpus.corpus_file import OWN_LOG
from lib.corpus.ended_run import EndedRun, with_answer
from lib.corpus.left_behind import Watch
from lib.corpus.line_writer import LineWriter
from lib.corpus.rounds import Round
from lib.corpus.runner import Runner
from lib.machine import state


class RoundRunner(NamedTuple):
    """Runs the commits of a round, in the order of the file."""

    corpus: Corpus
    by: Runner
    repo: Path
    state_dir: Path
    now: Round
    tell: LineWriter
    watch: Watch

    def run(self, shas: Mapping[str, str]) -> None:
        """Run each commit that has not run. Raises OSError and Interrupted."""
        self.tell(f"LOG   {self.now.directory / f'{OWN_LOG}.log'}")
        self.now.begin(self._amounts())
        for number, commit in enumerate(self.corpus.commits, 1):
            begun = EndedRun(commit.name, shas[commit.name], self.by.asked, self.by.name)
            known = self.now.runs.get(commit.name)
            if known and not known.problem and known.alike(begun):
                self.tell(f"KEPT  {commit.name}: it has run in this round")
                continue
            if known and not known.problem:
                self.tell(f"NOTE  {commit.name} ran on another commit, runner or with other flags")
            count = f"{number} of {len(self.corpus.commits)}"
            self.tell(f"START {commit.name} {begun.sha} ({count})")
            ended = self._run_one(commit, begun)
            self.now.end(ended)
            self.tell(_told(commit, ended))

    def _run_one(self, commit: Commit, begun: EndedRun) -> EndedRun:
        process = one_run.OneRun(self.now.directory, commit.name)
        process.wait_for_earlier(
            lambda: self.tell(f"WAIT  an earlier run of {commit.name} is about to end")
        )
        words = self.by.call(begun.sha, commit.branch)
        since = time.monotonic()
        try:
            code, session = process.run(words, self.repo, runner.environment())
        except Interrupted:
            self.tell(f"STOP  {commit.name}: the same call goes on from here")
            raise
        except OSError as error:
            return begun._replace(problem=f"it could not be started: {error}")
        seconds = round(time.monotonic() - since, 1)
        left = tuple(self.watch.left_by(session))
        ended = with_answer(begun, code, process.output())
        if ended.problem:
            ended = ended._replace(problem=f"{ended.problem}; see {process.log}")
        return ended._replace(seconds=seconds, left=left, amounts=self._amounts())

    def _amounts(self) -> dict[str, int]:
        return state.measure(self.state_dir)


def _told(commit: Commit, ended: EndedRun) -> str:
    """Return the line on the end of a run."""
    wrong = [row for row in judgement.rows(commit, ended) if row.wrong]
    took = duration(ended.seconds)
    if not wrong:
        return f"OK    {commit.name} as expected in {took}"
    named = ", ".join(f"{row.job} {row.found}" for row in wrong)
    return f"WRONG {commit.name} in {took}: {named}"
