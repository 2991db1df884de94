"""The command `export`."""

from __future__ import annotations

import argparse

from lib.commands.site import Site

SUMMARY = "Write a run into one file."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""


def main(given: argparse.Namespace, site: Site) -> int:
    """Refuse: the command is not there yet."""
    raise ValueError("the command is not there yet")
