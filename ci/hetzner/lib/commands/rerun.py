"""The command `rerun`: runs again what an earlier run has not proven."""

from __future__ import annotations

import argparse

from lib.commands.site import Site

SUMMARY = "Run again what the last run of everything on this very tree has not proven."
PASSES_ON = True  # words that it does not know


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--failed", action="store_true", help="what rerun is for; always needed")


def main(given: argparse.Namespace, site: Site) -> int:
    """Run; return the exit code of the run. Raises ValueError."""
    site.kept()
    if not given.failed:
        raise ValueError(
            "expected --failed, found none: it runs again what did not pass; all jobs run without "
            "the word rerun, single ones by --only-jobs"
        )
    return site.run(["--only-failed", *given.words])
