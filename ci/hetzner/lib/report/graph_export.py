"""Shows jobs: as a list, as DOT for Graphviz, as Mermaid. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from lib.common import plain_text
from lib.model import graph
from lib.model.job import Job


def listing(jobs: Sequence[Job]) -> str:
    """Return one line a job: name, timeout, resources, dependencies, kinds, groups."""
    rows = [
        (
            job.name,
            f"{job.timeout:g} s",
            ", ".join(f"{name}={count}" for name, count in job.resources.items()) or "-",
            " ".join(_remarks(job)),
        )
        for job in jobs
    ]
    return "\n".join(plain_text.table(rows))


def _remarks(job: Job) -> list[str]:
    """Return the parts of the last column."""
    return [
        *([f"after {', '.join(job.depends_on)}"] if job.depends_on else []),
        *(["[service]"] if job.service else []),
        *(["[critical]"] if job.fast_fail else []),
        *(f"@{group}" for group in job.groups),
    ]


def _edges(jobs: Sequence[Job]) -> list[tuple[str, str, str]]:
    """Return (from, to, output) of every dependency on one of these jobs."""
    shown = {job.name for job in jobs}
    return [
        (target, job.name, output or "")
        for job in jobs
        for target, output in map(graph.split, job.depends_on)
        if target in shown
    ]


def dot(jobs: Sequence[Job]) -> str:
    """Return the graph in the DOT language; output edges carry the output's name."""
    lines = [f'  "{job.name}";' for job in jobs]
    lines += [
        f'  "{source}" -> "{target}"' + (f' [label="{output}"];' if output else ";")
        for source, target, output in _edges(jobs)
    ]
    return "\n".join(["digraph pipeline {", "  rankdir=LR;", *lines, "}"])


def mermaid(jobs: Sequence[Job]) -> str:
    """Return the graph as a Mermaid flowchart, with numbered nodes since names are not all ids."""
    ids = {job.name: f"j{number}" for number, job in enumerate(jobs)}
    lines = [f'  {ids[job.name]}["{job.name}"]' for job in jobs]
    lines += [
        f"  {ids[source]} -->{f'|{output}|' if output else ''} {ids[target]}"
        for source, target, output in _edges(jobs)
    ]
    return "\n".join(["flowchart LR", *lines])


VIEWS = {"jobs": listing, "dot": dot, "mermaid": mermaid}  # by their names on the command line
