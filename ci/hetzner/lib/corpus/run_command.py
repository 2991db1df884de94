"""`corpus run`: runs the commits of a corpus back to back, and ends in a table.

It goes on where an earlier one was interrupted or killed. The end of a terminal does not end it.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
from pathlib import Path

from lib.commands import answer
from lib.common import interrupts, locks
from lib.corpus import corpus_file, overlay, report, rounds, runner
from lib.corpus.commits import Corpus
from lib.corpus.corpus_file import OWN_LOG
from lib.corpus.left_behind import Watch
from lib.corpus.line_writer import LineWriter
from lib.corpus.round_runner import RoundRunner
from lib.corpus.rounds import Round
from lib.corpus.site import CorpusSite
from lib.git import git_command
from lib.git.git_command import CheckoutError

SUMMARY = (
    "Run the commits of a file back to back, and compare their jobs with the expected outcomes."
)
PASSES_ON = True  # unknown words are flags of each run
LOCK = "lock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", metavar="FILE", help="TOML; flags of a run may follow it")
    parser.add_argument(
        "--again", action="store_true", help="begin anew, though an earlier round is not complete"
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


def main(given: argparse.Namespace, site: CorpusSite) -> int:
    """Run them; return 0 only if each job of each commit is as expected.

    Raises ValueError, CheckoutError, OSError and Interrupted.
    """
    corpus = corpus_file.read(given.file)
    words = given.words[1:] if given.words[:1] == ["--"] else given.words
    by = runner.of(corpus, given.runner, words, site)
    if by.own:
        corpus_file.refuse_unknown_jobs(given.file, corpus, site.jobs())
    home = site.state_dir / "corpus" / corpus.name
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.lock(home / LOCK, f"corpus {corpus.name}", timeout=0))
        except locks.LockTimeoutError as error:
            raise OSError(
                f"expected that this corpus does not run, found {error.holder}"
            ) from error
        repo = site.repo(by.flags)
        shas = _resolved(corpus, repo)
        now = _round(home, again=given.again)
        with contextlib.suppress(ValueError):  # no signals in a thread
            signal.signal(signal.SIGHUP, interrupts.ignore)
        tell = LineWriter(now.directory / f"{OWN_LOG}.log", stderr=given.json)
        watch = Watch()
        stack.callback(watch.close)
        RoundRunner(corpus, by, repo, site.state_dir, now, tell, watch).run(shas)
        before = rounds.last_complete([r for r in rounds.all_of(home) if r.name != now.name])
        now.done()
        result = report.of(corpus, now, before, strict=given.strict)
        if given.json:
            return answer.as_json(result.fields()) or int(not result.green)
        tell.table(result.lines())
        return int(not result.green)


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
    """Return the round that is not complete, else a new one."""
    known = rounds.all_of(home)
    if known and not known[0].complete and not again:
        return known[0]
    return rounds.new(home)
