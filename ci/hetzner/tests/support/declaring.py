"""Declares pipelines that are never run, and returns the errors of their constructors."""

from __future__ import annotations

from typing import Any

from dsl import Pipeline


def problems(make: Any) -> list[str]:
    """Return the lines of the ValueError that a declaration raises, none without one."""
    try:
        make()
    except ValueError as error:
        return str(error).splitlines()
    return []


def pipeline(*jobs: Any, **options: Any) -> Pipeline:
    """Return a pipeline of these jobs at the root."""
    return Pipeline(list(jobs), "sha", "main", "/nowhere", **{"cwd": "/", **options})
