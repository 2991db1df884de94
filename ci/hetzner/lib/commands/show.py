"""The command `show`."""

from __future__ import annotations

import argparse

from lib.commands.site import Site

SUMMARY = "Tell how a run went."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""


def main(given: argparse.Namespace, site: Site) -> int:
    """Refuse: the command is not there yet."""
    raise ValueError("the command is not there yet")
