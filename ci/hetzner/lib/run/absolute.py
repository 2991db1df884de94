"""Makes paths absolute, even if there is no current directory."""

from __future__ import annotations

from pathlib import Path


def absolute(problems: list[str], what: str, path: str | Path) -> Path:
    """Return a path from the root on; add what keeps it from being one."""
    try:
        return Path(path).absolute()
    except FileNotFoundError:
        problems.append(
            f"{what}: expected an absolute path, since the current directory was removed, "
            f"found {str(path)!r}"
        )
        return Path("/nonexistent")
