"""The version of this project. No other place names it."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

from lib.common import files

VERSION = "0.4.0"
# written by the build of the image: the commit that it was built from
BUILD = Path(__file__).resolve().parents[2] / "BUILD"


@functools.cache
def full(build: Path = BUILD) -> str:
    """Return the version, in an image with the commit that it was built from: `0.4.0 (1a2b3c4)`."""
    with contextlib.suppress(OSError):
        return f"{VERSION} ({files.read(build).decode(errors='replace').strip()})"
    return VERSION
