"""`corpus status`: how far a corpus is, and the table of its last round. Changes nothing."""

from __future__ import annotations

import argparse

from lib.commands import answer
from lib.corpus import corpus_file, report, rounds
from lib.corpus.site import CorpusSite

SUMMARY = "Tell how far a corpus is, and the table of its last round."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", metavar="FILE", help="that of `corpus run`")
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: CorpusSite) -> int:
    """Print it; return 0 if the last round is complete and as expected.

    Raises ValueError, LookupError and OSError.
    """
    corpus = corpus_file.read(given.file)
    known = rounds.all_of(site.state_dir / "corpus" / corpus.name)
    if not known:
        raise LookupError(f"expected a round of the corpus {corpus.name}, found none: run it")
    before = rounds.last_complete(known[1:])
    result = report.of(corpus, known[0], before)
    if given.json:
        return answer.as_json(result.fields()) or int(not result.green)
    return answer.lines(result.lines()) or int(not result.green)
