"""Turns a selection into the nodes of a run: phases of jobs, phases of test cases, and edges.

A node is one job in one pass over the test cases. `first_jobs` and `first_testcases` only add
phases: the nodes of a phase wait until the phase before it has settled. So no job runs twice,
and an outcome of an earlier phase still counts in the next. Pure functions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model import graph
from lib.model.job import Job


class Edge(NamedTuple):
    """A need of a node: another node (`key`), or only an output of it."""

    key: str
    output: str | None


class Node(NamedTuple):
    """One job in one pass over the test cases.

    `inputs` are the variables of its dependencies' outputs and their paths; `expects` are the
    outputs, as `job:output` and path, that must exist already since this run does not make them.
    """

    key: str
    job: Job
    phase: int
    repeated: bool  # the unfiltered pass after a filtered one
    test_filter: str
    edges: tuple[Edge, ...]
    inputs: Mapping[str, str]
    expects: tuple[tuple[str, str], ...]

    @property
    def filtered(self) -> bool:
        """Whether it runs only a part of its test cases."""
        return bool(self.test_filter) and self.job.testcases

    @property
    def cached(self) -> bool:
        """Whether it asks and fills its cache: never for a part of its test cases."""
        return self.job.cache is not None and not self.filtered


class Phases(NamedTuple):
    """The nodes of a run in declared order, the titles of its phases, and its filter of test cases.

    With `first_testcases` the filter is that of the first pass; '' is that of a run without one.
    """

    nodes: tuple[Node, ...]
    titles: tuple[str, ...]
    test_filter: str = ""


ALL_TESTCASES = "all test cases"  # the title of the second pass
REPEATED = "#2"  # '#' cannot stand in a job's name


def heeds_filter(job: Job) -> bool:
    """Whether a job runs test cases and heeds their filter."""
    return job.testcases and not job.service and not job.at_the_end


def build(
    jobs: Sequence[Job],
    selected: Sequence[str],
    *,
    first_jobs: Collection[str] | None = None,
    only_testcases: str = "",
    first_testcases: str = "",
    restored: Collection[str] = (),
) -> Phases:
    """Return the nodes and phases of a run. ValueError for filters that exclude each other.

    Of the jobs that are `restored` the outputs have to be there, as of those that are left out.
    The jobs at the end are the last phase, which has no title. They run once, after all passes.
    """
    if only_testcases and first_testcases:
        raise ValueError("only_testcases and first_testcases exclude each other: give one")
    by_name = {job.name: job for job in jobs}
    usual = [name for name in selected if not by_name[name].at_the_end]
    early = _first_phase(by_name, selected, first_jobs).intersection(usual)
    again = _repeated(by_name, usual) if first_testcases else set()
    titles = _titles(len(early), len(usual), first_testcases if again else "")
    second = len(titles) - 1
    if 0 < len(usual) < len(selected):
        titles.append("")
    chosen, test_filter = set(selected), only_testcases or first_testcases
    runs = chosen.difference(restored)
    nodes = []
    for name in selected:
        if by_name[name].at_the_end:
            node = _node(by_name, chosen, runs, name, len(titles) - 1, only_testcases)
            nodes.append(node._replace(edges=_to_last_passes(node.edges, again)))
        else:
            phase = 1 if early and name not in early else 0
            nodes.append(_node(by_name, chosen, runs, name, phase, test_filter))
    seconds = (_node(by_name, chosen, runs, name, second, "") for name in selected if name in again)
    nodes += [_again(node, again) for node in seconds]
    return Phases(tuple(nodes), tuple(titles), test_filter)


def _titles(early: int, jobs: int, first_testcases: str) -> list[str]:
    """Return the titles of the phases of this many jobs, so many of them in a first phase."""
    titles = [""]
    if early:
        titles = ["phase A"] if early == jobs else ["phase A", "phase B"]
    if first_testcases:
        titles = [f"{title} {first_testcases!r}".strip() for title in titles]
        titles.append(ALL_TESTCASES)
    return titles


def _first_phase(
    by_name: Mapping[str, Job], selected: Sequence[str], first: Collection[str] | None
) -> set[str]:
    if first is None:
        return set()
    from lib.model import job_words  # late: a run without a first phase names no job

    first = job_words.meant(by_name, first_jobs=first)[0] or ()
    missing = [name for name in first if name not in selected]
    if missing or not first:
        raise ValueError(
            f"first_jobs: expected jobs of this run, found {', '.join(missing) or 'none'}; "
            f"selected are {', '.join(selected)}"
        )
    chosen = set(selected)
    return graph.closure(by_name, first, without=set(by_name) - chosen)


def _repeated(by_name: Mapping[str, Job], selected: Sequence[str]) -> set[str]:
    """Return the jobs that run in both passes over the test cases.

    A service that a service of one pass depends on lives as long as that: it runs once as well.
    """
    again = {name for name in selected if by_name[name].testcases}
    once = [name for name in selected if name not in again]
    for name in once:  # grows during the loop
        if by_name[name].service:
            held = [n for n in graph.needs(by_name[name]) if n in again and by_name[n].service]
            again.difference_update(held)
            once += held
    return again


def _node(
    by_name: Mapping[str, Job],
    selected: set[str],
    runs: set[str],
    name: str,
    phase: int,
    test_filter: str,
) -> Node:
    """Return the node of a job; of the `selected` jobs those in `runs` make their outputs."""
    job = by_name[name]
    edges = []
    expects: dict[str, str] = {}
    inputs = {}
    for dependency in job.depends_on:
        target, output = graph.split(dependency)
        promised = by_name[target].outputs
        if promised:
            inputs.update({graph.variable(target, made): path for made, path in promised.items()})
        if target in selected:
            edges.append(Edge(target, output))
        if target not in runs:
            wanted = promised if output is None else (output,)
            expects.update({f"{target}:{made}": promised[made] for made in wanted})
    return Node(
        key=name,
        job=job,
        phase=phase,
        repeated=False,
        test_filter=test_filter,
        edges=tuple(dict.fromkeys(edges)),
        inputs=inputs,
        expects=tuple(expects.items()),
    )


def _to_last_passes(edges: Sequence[Edge], again: set[str]) -> tuple[Edge, ...]:
    """Return the edges, leading to the second pass of those that have one."""
    return tuple(
        Edge(edge.key + REPEATED if edge.key in again else edge.key, edge.output) for edge in edges
    )


def _again(node: Node, again: set[str]) -> Node:
    """Return the node of a job in the second pass."""
    edges = _to_last_passes(node.edges, again)
    return node._replace(key=node.key + REPEATED, repeated=True, edges=edges)
