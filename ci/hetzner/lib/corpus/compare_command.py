"""`corpus compare`: our verdicts beside those of GitHub, or of another runner's logs."""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.commands import answer
from lib.commands.program import complain
from lib.common import files
from lib.corpus import agreement, checks, corpus_file, rounds
from lib.corpus.agreement import Ours
from lib.corpus.checks import Check
from lib.corpus.commits import Corpus
from lib.corpus.ended_run import EndedRun
from lib.corpus.site import CorpusSite
from lib.github import check_pages
from lib.github.client import Repository
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun

SUMMARY = "Set our verdicts, commit and job, beside those of GitHub or of another runner."
SHA = re.compile(r"(?<![0-9a-f])[0-9a-f]{7,64}(?![0-9a-f])")
TOML = ".toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="FILE|RUN",
        help="the file of a corpus, for its last complete round, or runs, as `show` takes them",
    )
    parser.add_argument(
        "--checks", nargs="+", default=[], metavar="FILE", help="answers of GitHub's API, as JSON"
    )
    parser.add_argument("--github", action="store_true", help="ask GitHub (GITHUB_REPO)")
    parser.add_argument(
        "--logs",
        nargs="+",
        default=[],
        metavar="[SHA=]FILE",
        help="logs with lines such as `[12:00:01] PASS  lint`; a path may have the SHA in it",
    )
    parser.add_argument(
        "--names", default="", metavar="FILE", help="TOML: [names] of jobs there, as in a corpus"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: CorpusSite) -> int:
    """Print it; return 0 only if nothing disagrees, and each run agrees in something.

    Raises ValueError, LookupError and OSError.
    """
    if not (given.checks or given.github or given.logs):
        raise ValueError("expected --checks FILE…, --github or --logs FILE…: compare with what?")
    runs: list[Ours] = []
    names: Mapping[str, Sequence[str]] = {}
    for word in given.runs:
        if word.endswith(TOML):
            corpus = corpus_file.read(word)
            names = {**names, **corpus.names}
            runs += _of_corpus(corpus, site.state_dir)
        else:
            runs.append(_of_run(RunStore(site.state_dir).find(word)))
    if given.names:
        names = {**names, **_names(given.names)}
    found = [*_of_files(given, runs), *(_asked(runs, site) if given.github else ())]
    pairs = agreement.pairs(runs, found, names)
    green = agreement.green(runs, pairs)
    if given.json:
        fields = {"schema": 1, "agree": green, "pairs": [pair._asdict() for pair in pairs]}
        return answer.as_json(fields) or int(not green)
    return answer.lines(agreement.lines(runs, pairs)) or int(not green)


def _of_corpus(corpus: Corpus, state_dir: Path) -> Iterator[Ours]:
    """Yield the runs of the last complete round; one that did not happen has no verdict."""
    last = rounds.last_complete(rounds.all_of(state_dir / "corpus" / corpus.name))
    if not last:
        raise LookupError(f"expected a complete round of {corpus.name}, found none: run it")
    for commit in corpus.commits:
        run = last.runs.get(commit.name) or EndedRun(commit.name, "", ())
        code = None if run.problem else run.exit_code
        yield Ours(run.name, run.sha, code, run.jobs, whole=run.speaks_for_commit)


def _of_run(run: StoredRun) -> Ours:
    summary = run.summary
    jobs = {str(job["name"]): str(job.get("outcome") or "unfinished") for job in _jobs(summary)}
    code = summary.get("exit_code")
    whole = run.speaks_for_commit
    return Ours(run.name, run.sha, code if isinstance(code, int) else None, jobs, whole=whole)


def _jobs(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    jobs = summary.get("jobs")
    return (
        [j for j in jobs if isinstance(j, dict) and "name" in j] if isinstance(jobs, list) else []
    )


def _names(path: str) -> Mapping[str, Sequence[str]]:
    """Return the names in a file with nothing else, or in that of a corpus. Raises ValueError."""
    try:
        found = tomllib.loads(files.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: expected TOML: {error}") from error
    return corpus_file.names_in(path, found)


def _of_files(given: argparse.Namespace, runs: Sequence[Ours]) -> Iterator[Check]:
    # all at once: a file may be one page of several
    if given.checks:
        text = "\n".join(files.read(path).decode(errors="replace") for path in given.checks)
        yield from checks.of_github(text)
    for word in given.logs:
        sha, _, path = word.rpartition("=")
        shas = SHA.findall(sha or path)
        if not shas:
            raise ValueError(f"--logs: expected SHA=FILE, or a path with a SHA, found {word!r}")
        if not any(run.sha.startswith(shas[-1]) for run in runs):
            complain(f"--logs: {path} is not used: no run here is one of {shas[-1]}")
        found = checks.of_log(shas[-1], files.read(path).decode(errors="replace"))
        if not found:
            raise ValueError(f"{path}: expected lines as `[12:00:01] PASS  lint`, found none")
        yield from found


def _asked(runs: Sequence[Ours], site: CorpusSite) -> list[Check]:
    url, token, name = site.github
    if not name:
        raise ValueError("--github: expected owner/name in GITHUB_REPO, found none: set it")
    repository = Repository(url, token, name)
    shas = dict.fromkeys(run.sha for run in runs if run.sha)
    return [c for sha in shas for c in checks.of_pages(check_pages.fetch(repository, sha))]
