"""Reads the file of samples in the directory of a run."""

from __future__ import annotations

import os
from pathlib import Path

from lib.common import files
from lib.sampling import sample_lines
from lib.sampling.samples import Samples

NAME = "samples.jsonl"
MOST = 32 * 1024 * 1024  # bytes that are read: a job can write into the directory of its run


def read(run: Path) -> Samples | None:
    """Return the samples of a run; None if it has none, as on a system without /proc.

    Raises OSError for a file that cannot be read.
    """
    try:
        handle = files.open_file(run / NAME, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        return sample_lines.parse(file.read(MOST).split(b"\n"))
