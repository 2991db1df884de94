"""The version of this project. No other place names it."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

from lib.common import files

VERSION = "0.6.0"
# written by the build of the image: the commit that it was built from
BUILD = Path(__file__).resolve().parents[2] / "BUILD"


def build(file: Path = BUILD) -> str | None:
    """Return the commit that the image was built from, None outside of an image."""
    with contextlib.suppress(OSError):
        return files.read(file).decode(errors="replace").strip()
    return None


@functools.cache
def full(file: Path = BUILD) -> str:
    """Return the version, in an image with the commit that it was built from: `0.4.0 (1a2b3c4)`."""
    commit = build(file)
    return VERSION if commit is None else f"{VERSION} ({commit})"
