"""Finds the known name that a mistyped one means."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name nearest to a mistyped one, or ''."""
    near = close(name, known)
    return f"; did you mean {near!r}?" if near else ""


def close(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return the known name nearest to a mistyped one, or ''; `cutoff` is that of difflib."""
    import difflib  # late: most runs mistype nothing

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)), "")


def refuse_unknown(known: Collection[str], **lists: Collection[str] | None) -> None:
    """Raise a ValueError that names every unknown name in the lists, and the nearest known one."""
    problems = []
    for what, names in lists.items():
        if isinstance(names, str):
            problems.append(f"{what}: expected a list of job names, found the string {names!r}")
            continue
        problems += [
            f"{what}: {name!r} is not a job{nearest(str(name), known)}"
            for name in names or ()
            if name not in known
        ]
    if problems:
        raise ValueError("\n".join(problems))
