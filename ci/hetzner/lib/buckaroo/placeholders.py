"""Empty stand-ins for the static files that the build of the wheel generates."""

from __future__ import annotations

from pathlib import Path

STATIC = ("compiled.css", "widget.js", "widget.css")


def make_placeholders(tree: Path) -> list[str]:
    """Create the generated static files that the Python package reads; return the new ones.

    Empty ones will do until the wheel brings the real ones. Raises OSError.
    """
    package = tree / "buckaroo"
    if not package.is_dir():
        return []
    static = package / "static"
    static.mkdir(exist_ok=True)
    missing = [name for name in STATIC if not (static / name).exists()]
    for name in missing:
        (static / name).touch()
    return missing
