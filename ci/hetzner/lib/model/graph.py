"""Names, edges, cycles, selection and the longest remaining path.

Pure functions over jobs: no clock, no process, no file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from posixpath import dirname, join, normpath
from typing import NamedTuple

from lib.model.job import Job

MOST_CYCLES = 20  # that are told of at once
MOST_OVERLAPS = 20  # the same
MACHINES = "what the machine grants by default: pass Pipeline(resources=…) for another size"
NO_POOL = "a name without a pool is a mutex of one"
SAME = {  # what others call the pools that every machine has
    "cpu": {"core", "cores", "processor", "processors", "vcpu", "vcpus", "nproc"},
    "memory": {"mem", "ram", "mib", "memory_mb", "memory_mib"},
}


class Selection(NamedTuple):
    """Which jobs a run executes (`names`) and which it was told to leave out (`filtered`)."""

    names: tuple[str, ...]
    filtered: tuple[str, ...]


def split(dependency: str) -> tuple[str, str | None]:
    """Return the job and, for `"job:output"`, the output that a dependency names."""
    job, colon, output = dependency.partition(":")
    return job, output if colon else None


def needs(job: Job) -> list[str]:
    """Return the names of the jobs that this one depends on, each once, in order."""
    return list(dict.fromkeys([dependency.partition(":")[0] for dependency in job.depends_on]))


def variable(job: str, output: str) -> str:
    """Return the environment variable that carries an output's path to its dependents."""
    return "CI_OUT_" + re.sub(r"[^A-Za-z0-9]", "_", f"{job}_{output}").upper()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name nearest to a mistyped one, or ''."""
    import difflib  # late: most runs mistype nothing

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def problems(jobs: Sequence[Job], pools: Mapping[str, int], cwd: str = "") -> list[str]:
    """Return everything that is wrong with the jobs as a whole, a sentence each.

    Relative outputs are relative to `cwd`.
    """
    by_name = {job.name: job for job in jobs}
    found = [
        f"job {name}: the name is used by {count} jobs, names must be unique"
        for name, count in Counter(job.name for job in jobs).items()
        if count > 1
    ]
    for job in jobs:
        found += _edge_problems(job, by_name)
        found += _pool_problems(job, pools)
    found += _collisions(jobs)
    circles = [
        f"cycle: {' -> '.join(c)} (each depends on the next): take one out of depends_on"
        for c in cycles(by_name)
    ]
    if not circles and len(order(by_name)) == len(by_name):  # no job depends on itself
        found += _shared_paths(by_name, cwd) + _overwritten(by_name, cwd)
    return found + circles


def _edge_problems(job: Job, by_name: Mapping[str, Job]) -> list[str]:
    problems = []
    for dependency in job.depends_on:
        target, output = split(dependency)
        if target == job.name:
            problems.append(
                f"job {job.name}: depends_on {dependency!r} is the job itself: take it out"
            )
        elif target not in by_name:
            problems.append(
                f"job {job.name}: depends_on {dependency!r} is not a job{nearest(target, by_name)}"
            )
        elif by_name[target].at_the_end and not job.at_the_end:
            problems.append(
                f'job {job.name}: depends_on {dependency!r}: {target} has when="end", so it starts '
                "when all others have ended, and only another one at the end can wait for it"
            )
        elif output is not None and output not in by_name[target].outputs:
            known = by_name[target].outputs
            problems.append(
                f"job {job.name}: depends_on {dependency!r}: {target} promises "
                f"{', '.join(known) or 'no outputs'}, not {output!r}{nearest(output, known)}"
            )
    return problems


def _pool_problems(job: Job, pools: Mapping[str, int]) -> list[str]:
    return [
        f"job {job.name}: resource {name!r}: wants {count}, the pool has {pools.get(name, 1)}"
        + (f" ({MACHINES})" if name in SAME else "")
        + ("" if name in pools else f" ({NO_POOL}{_asked(like_a_pool(name, pools))})")
        for name, count in job.resources.items()
        if count > pools.get(name, 1)
    ]


def like_a_pool(name: str, pools: Collection[str]) -> str:
    """Return the pool whose name one without a pool is nearly, '' if there is none."""
    import difflib  # late: most names are those of pools, or of ports

    plain = name.lower()
    for pool in pools:
        same = plain in SAME.get(pool, ()) or plain == pool.lower()
        if same or (sorted(plain) == sorted(pool.lower()) and len(pool) > 2):
            return pool
    # `gpu` is another thing than `cpu`: a letter too many or too few, or one of many
    return next(iter(difflib.get_close_matches(plain, pools, n=1, cutoff=0.8)), "")


def pool_questions(jobs: Iterable[Job], pools: Collection[str]) -> list[str]:
    """Ask for each name of a resource that has no pool whether that of another one is meant."""
    users: dict[str, list[str]] = {}
    for job in jobs:
        for name in job.resources:
            if name not in pools and ":" not in name:  # `port:8889` has a form of its own
                users.setdefault(name, []).append(job.name)
    shared = [name for name, several in users.items() if len(several) > 1]
    return [
        f"resource {name!r} of {', '.join(several)}: {NO_POOL}{_asked(near)}"
        for name, several in users.items()
        if (near := like_a_pool(name, pools) or (len(several) == 1 and _like(name, shared)))
    ]


def _like(name: str, others: Collection[str]) -> str:
    """Return the mutex of several jobs whose name this one's is nearly; numbers are no typos."""
    near = like_a_pool(name, others)
    return "" if re.sub(r"\d", "", near) == re.sub(r"\d", "", name) else near


def _asked(near: str) -> str:
    return f"; did you mean {near!r}?" if near else ""


def _collisions(jobs: Sequence[Job]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for name, job in {job.name: job for job in jobs}.items():
        for output in job.outputs:
            owners.setdefault(variable(name, output), []).append(f"{name}:{output}")
    return [
        f"outputs {' and '.join(several)} would share the variable {name}: rename one"
        for name, several in owners.items()
        if len(several) > 1
    ]


def _shared_paths(by_name: Mapping[str, Job], cwd: str) -> list[str]:
    """Tell of outputs that one job could owe to another: their paths are compared as words."""
    owners: dict[str, dict[str, str]] = {}  # by path: the jobs, and what they call it
    for name, job in by_name.items():
        for output, path in job.outputs.items():
            owners.setdefault(normpath(join(cwd, path)), {})[name] = output
    shared = {path: several for path, several in owners.items() if len(several) > 1}
    if not shared:
        return []
    dependents = dependents_of(by_name)
    position = {name: number for number, name in enumerate(_order(by_name, dependents))}
    return [
        f"outputs {one}:{several[one]} and {other}:{several[other]} are one path, {path}, and "
        "neither job waits for the end of the other: write another, or let one depend on the other"
        for path, several in shared.items()
        # if each waits for the end of the one before, all do
        for one, other in pairwise(sorted(several, key=position.__getitem__))
        if not _ends_before(by_name, dependents, position, one, other)
    ]


class _Place(NamedTuple):
    """What a job makes: an output of this name, or the artifact of its cache."""

    job: str
    output: str | None

    def __str__(self) -> str:
        return f"the artifact of {self.job}" if self.output is None else f"{self.job}:{self.output}"


def _overwritten(by_name: Mapping[str, Job], cwd: str) -> list[str]:
    """Tell of caches that may restore over what another job has made, one line a pair of jobs.

    Paths are compared as words. What waits for the end of a job with a cache is made afterwards.
    """
    places: dict[str, list[_Place]] = {}  # by path
    for name, job in by_name.items():
        if job.cache is not None and (artifact := job.cache.place(cwd)):
            places.setdefault(normpath(artifact), []).append(_Place(name, None))
    if not places:
        return []
    for name, job in by_name.items():
        for output, path in job.outputs.items():
            places.setdefault(normpath(join(cwd, path)), []).append(_Place(name, output))
    dependents = dependents_of(by_name)
    position = {name: number for number, name in enumerate(_order(by_name, dependents))}
    found: dict[frozenset[str], str] = {}
    for inner, outer in _nested(places):
        for one, other in product(places[inner], places[outer]):
            pair = frozenset({one.job, other.job})
            if len(pair) == 1 or pair in found:
                continue
            for cached, made in ((one, other), (other, one)):
                if cached.output is None and not _ends_before(
                    by_name, dependents, position, cached.job, made.job
                ):
                    found[pair] = (
                        f"{one} ({inner}) and {other} ({outer}) overlap, so a hit of "
                        f"{cached.job} may put something old in the place of what {made.job} has "
                        "made: give each a directory of its own"
                    )
                    break
            if len(found) == MOST_OVERLAPS:
                return list(found.values())
    return list(found.values())


def _nested(paths: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each path with itself and with every other one that it lies in."""
    for path in paths:
        above = path
        while True:
            if above in paths:
                yield path, above
            if dirname(above) == above:
                break
            above = dirname(above)


def _ends_before(
    by_name: Mapping[str, Job],
    dependents: Mapping[str, Sequence[str]],
    position: Mapping[str, int],
    one: str,
    other: str,
) -> bool:
    """Whether a job can only begin when another has ended, not just served or written a file."""
    if by_name[one].service:
        return False
    if one in by_name[other].depends_on:
        return True
    queue = [user for user in dependents[one] if one in by_name[user].depends_on]
    seen = set(queue)
    for user in queue:  # grows while it is walked
        if user == other:
            return True
        more = {u for u in dependents[user] if position[u] <= position[other]} - seen
        seen |= more
        queue += more
    return False


def order(by_name: Mapping[str, Job]) -> list[str]:
    """Return the jobs so that each comes after what it depends on; what a cycle holds is left out.

    What is not among them is not waited for. Among jobs that could come next the declared order
    decides (Kahn's algorithm).
    """
    return _order(by_name, dependents_of(by_name))


def _order(by_name: Mapping[str, Job], dependents: Mapping[str, Sequence[str]]) -> list[str]:
    unmet = {name: len(by_name.keys() & needs(job)) for name, job in by_name.items()}
    ready = [name for name, count in unmet.items() if count == 0]
    for name in ready:  # grows while it is walked: it is the queue
        for dependent in dependents[name]:
            unmet[dependent] -= 1
            if unmet[dependent] == 0:
                ready.append(dependent)
    return ready


def dependents_of(by_name: Mapping[str, Job]) -> dict[str, list[str]]:
    """Return for each job those that depend on it directly."""
    dependents: dict[str, list[str]] = {name: [] for name in by_name}
    for name, job in by_name.items():
        for need in needs(job):
            if need in dependents:
                dependents[need].append(name)
    return dependents


def cycles(by_name: Mapping[str, Job]) -> list[list[str]]:
    """Return cycles of several jobs, each job depending on the next and the last being the first.

    No two share an edge. Without one of its edges each, no cycle is left, but for those beyond
    the first `MOST_CYCLES`.
    """
    if len(order(by_name)) == len(by_name):
        return []
    from graphlib import CycleError, TopologicalSorter

    edges = {
        name: [need for need in needs(job) if need in by_name and need != name]
        for name, job in by_name.items()
    }
    found: list[list[str]] = []
    while len(found) < MOST_CYCLES:
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            # graphlib lists predecessors first: reversed, each name depends on the next
            cycle = list(reversed(error.args[1]))
            for user, need in pairwise(cycle):
                edges[user].remove(need)
            found.append(cycle)
        else:
            break
    return found


def select(
    jobs: Sequence[Job],
    only: Collection[str] | None = None,
    skip: Collection[str] | None = None,
    *,
    no_deps: bool = False,
) -> Selection:
    """Return the jobs to run: the named ones and what they need, less the skipped.

    What only a skipped job needs is not run either. With `no_deps` the named ones alone.
    Raises ValueError for unknown names and for a selection of nothing.
    """
    by_name = {job.name: job for job in jobs}
    refuse_unknown(by_name, only_jobs=only, skip_jobs=skip)
    if only is not None and not only:
        raise ValueError("only_jobs: expected at least one job, found none; without it all run")
    if no_deps and only is None:
        raise ValueError("no_deps: say with only_jobs which jobs to run alone")
    skipped = set(skip or ())
    wanted = set(by_name if only is None else only) - skipped
    if not no_deps and only is not None:
        wanted = closure(by_name, wanted, without=skipped)
    if not wanted:
        raise ValueError(
            "the selection holds no job: everything was skipped; skip less, or name other jobs"
        )
    return Selection(
        names=tuple(name for name in by_name if name in wanted),
        filtered=tuple(name for name in by_name if name in skipped),
    )


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


def closure(
    by_name: Mapping[str, Job], names: Iterable[str], without: Collection[str] = ()
) -> set[str]:
    """Return the named jobs and all that they need, not looking behind those in `without`."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found and name not in without:
            found.add(name)
            queue += needs(by_name[name])
    return found


def usual(names: Iterable[str], durations: Mapping[str, float]) -> float:
    """Return what a job that was never timed counts as: the median of those that were, or 1 s."""
    known = sorted(durations[name] for name in names if name in durations)
    return known[len(known) // 2] if known else 1.0


def remaining_paths(by_name: Mapping[str, Job], durations: Mapping[str, float]) -> dict[str, float]:
    """Return for each job the seconds of the longest path from its start to the end of the run.

    `by_name` are the jobs of the run: others are neither waited for nor do they follow.
    A job with no recorded duration counts as `usual`.
    """
    assumed = usual(by_name, durations)
    dependents = dependents_of(by_name)
    paths: dict[str, float] = {}
    for name in reversed(_order(by_name, dependents)):
        after = max([paths[dependent] for dependent in dependents[name]], default=0.0)
        paths[name] = after + by_name[name].delay + durations.get(name, assumed)
    return paths


SHORT = 1 / 50  # of the longest path: what takes less costs a run next to nothing


def short(
    by_name: Mapping[str, Job], durations: Mapping[str, float], paths: Mapping[str, float]
) -> frozenset[str]:
    """Return the jobs that usually take less than a fiftieth of the longest of the paths.

    They start first, so that what they find is known early. A job that was never timed is not known
    to be short, and a service is not: what it takes is taken until its users have ended.
    """
    limit = SHORT * max(paths.values(), default=0.0)
    return frozenset(
        name
        for name, job in by_name.items()
        if not job.service and durations.get(name, limit) < limit
    )


def shuffled(names: Iterable[str], seed: int) -> dict[str, float]:
    """Return a random urgency for each job, the same for the same names and seed."""
    import random

    draw = random.Random(seed)
    return {name: draw.random() for name in names}
