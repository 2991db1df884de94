"""The rules of a run, written down a second time: short, slow and without a clock.

The nodes follow from the jobs and the arguments of a run; the outcomes follow from the fates, as
long as no clock has a say in them. Shares no code with the loop that it is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lib.common.signal_names import ASKED
from lib.model.job import Job
from lib.model.result import Outcome
from tests.support.fakes import Fate

BAD = (Outcome.FAILED, Outcome.TIMED_OUT)
GOOD = (Outcome.PASSED, Outcome.FLAKY, Outcome.RESTORED)
BEST_FIRST = ("restored", "passed", "flaky", "skipped", "cancelled", "failed", "timed out")


@dataclass(frozen=True)
class Case:
    """A run: its jobs, its arguments, and all events that will happen in it."""

    jobs: Sequence[Job]
    fates: Mapping[str, Sequence[Fate]] = field(default_factory=dict)  # job -> each attempt
    only: Sequence[str] | None = None
    skip: Sequence[str] | None = None
    no_deps: bool = False
    first_jobs: Sequence[str] | None = None
    only_testcases: str = ""
    first_testcases: str = ""
    fast_fail: bool = False
    max_parallel: int | None = None
    durations: Mapping[str, float] = field(default_factory=dict)  # recorded, of jobs
    pools: Mapping[str, int] = field(default_factory=dict)
    timeout: float = math.inf
    refused: Mapping[str, str] = field(default_factory=dict)
    restored: Mapping[str, str] = field(default_factory=dict)  # from an earlier run
    signals: Sequence[tuple[float, int]] = ()
    cancels: Sequence[tuple[float, str]] = ()  # jobs that a user cancels
    absent: Collection[str] = ()  # "job:output" that no earlier run has left
    lump: float = 0.0
    pressure: float | None = None  # percent above which starts are held back
    held: Mapping[str, float] = field(default_factory=dict)  # by other runs, until a moment
    pressures: Sequence[tuple[float, float]] = ()  # (from this moment on, percent)
    shuffle: int | None = None


@dataclass(frozen=True)
class Node:
    """A job in one pass.

    `needs` are nodes and their outputs, `takes` the outputs that an earlier run has to have left,
    `lacks` those that it has not; `given` are the variables that tell of outputs.
    """

    key: str
    job: Job
    stage: int
    repeated: bool
    needs: tuple[tuple[str, str | None], ...]
    takes: frozenset[str]
    lacks: tuple[str, ...]
    given: Mapping[str, str]
    test_filter: str

    @property
    def cached(self) -> bool:
        """A cache speaks for all test cases, and so only for who runs them all."""
        return self.job.cache is not None and not (self.test_filter and self.job.testcases)

    @property
    def always(self) -> bool:
        return self.job.when in ("always", "end")


def selection(case: Case) -> list[str]:
    """Return the names of the jobs that run, in declared order; none of them is an error."""
    skipped = set(case.skip or ())
    declared = [job.name for job in case.jobs]
    wanted = set(declared if case.only is None else case.only) - skipped
    if case.no_deps:
        if case.only is None:
            return []
    else:
        wanted = with_needs(case.jobs, wanted, skipped)
    if case.first_jobs is not None and not (case.first_jobs and wanted.issuperset(case.first_jobs)):
        return []
    return [name for name in declared if name in wanted]


def with_needs(jobs: Sequence[Job], names: set[str], without: Collection[str]) -> set[str]:
    """Return the names and those of all their needs."""
    needed = {
        dependency.split(":")[0]
        for job in jobs
        if job.name in names
        for dependency in job.depends_on
    }
    more = names | (needed - set(without))
    return names if more == names else with_needs(jobs, more, without)


def nodes(case: Case) -> list[Node]:
    """Return the nodes in the order in which they were declared, those of a second pass last."""
    selected = selection(case)
    jobs = {job.name: job for job in case.jobs}
    ends = {name for name in selected if jobs[name].when == "end"}
    early = first_phase(case) or set(selected) - ends
    last = 0 if early == set(selected) - ends else 1
    twice = set(selected) - once(case, selected) - ends if case.first_testcases else set()
    end = last + (1 + bool(twice) if ends < set(selected) else 0)
    made = [
        _node(case, jobs, name, selected, stage=end, twice=twice, last=True)
        if name in ends
        else _node(case, jobs, name, selected, stage=0 if name in early else 1)
        for name in selected
    ]
    again = [
        _node(case, jobs, name, selected, stage=last + 1, twice=twice)
        for name in selected
        if name in twice
    ]
    return made + again


def first_phase(case: Case) -> set[str]:
    """Return the jobs that run before the others, none without such a phase."""
    if case.first_jobs is None:
        return set()
    others = {job.name for job in case.jobs} - set(selection(case))
    early = with_needs(case.jobs, set(case.first_jobs), others)
    return early - {job.name for job in case.jobs if job.when == "end"}


def once(case: Case, selected: Sequence[str]) -> set[str]:
    """Return the jobs of one pass: those that say so, and the services that their services use."""
    jobs = [job for job in case.jobs if job.name in selected and job.when != "end"]
    services = {job.name for job in jobs if job.service}
    found = {job.name for job in jobs if not job.testcases}
    for _ in selected:
        used = {
            dependency.split(":")[0]
            for job in case.jobs
            if job.name in found & services
            for dependency in job.depends_on
        }
        found |= used & services
    return found


def _node(
    case: Case,
    jobs: Mapping[str, Job],
    name: str,
    selected: Sequence[str],
    *,
    stage: int,
    twice: Collection[str] = (),
    last: bool = False,
) -> Node:
    needs: list[tuple[str, str | None]] = []
    takes: set[str] = set()
    given: dict[str, str] = {}
    for dependency in jobs[name].depends_on:
        target, _, output = dependency.partition(":")
        for made, path in jobs[target].outputs.items():
            given[f"CI_OUT_{target}_{made}".upper()] = path
        if target in selected:
            needs.append((target + "#2" if target in twice else target, output or None))
        if target not in selected or target in case.restored:
            takes |= {f"{target}:{o}" for o in ([output] if output else jobs[target].outputs)}
    second = bool(twice) and not last
    return Node(
        key=name + "#2" if second else name,
        job=jobs[name],
        stage=stage,
        repeated=second,
        needs=tuple(dict.fromkeys(needs)),
        takes=frozenset(takes),
        lacks=tuple(sorted(takes.intersection(case.absent))),
        given=given,
        test_filter=case.only_testcases or ("" if second or last else case.first_testcases),
    )


def titles(case: Case, made: Sequence[Node]) -> list[str]:
    """Return the titles of the phases: '' if there is only one of all jobs."""
    others = [node for node in made if node.job.when != "end"]
    firsts = {node.stage for node in others if not node.repeated}
    names = ["phase A", "phase B"][: len(firsts)] if first_phase(case) else [""]
    if any(node.repeated for node in made):
        names = [f"{name} {case.first_testcases!r}".strip() for name in names] + ["all test cases"]
    return names + ([""] if 0 < len(others) < len(made) else [])


def urgency(case: Case) -> dict[str, tuple[bool, float]]:
    """Return for each job whether it is short, and the seconds of the longest path from its start.

    A job is short if it is known to take less than a fiftieth of the longest path, and no service.
    """
    jobs = [j for j in case.jobs if j.name in selection(case) and j.name not in case.restored]
    known = sorted(case.durations[job.name] for job in jobs if job.name in case.durations)
    usual = known[len(known) // 2] if known else 1.0
    users: dict[str, list[Job]] = {job.name: [] for job in case.jobs}
    for job in jobs:
        for dependency in job.depends_on:
            users[dependency.split(":")[0]].append(job)
    paths: dict[str, float] = {}

    def path(job: Job) -> float:
        if job.name not in paths:
            after = max((path(user) for user in users[job.name]), default=0.0)
            paths[job.name] = after + job.delay + case.durations.get(job.name, usual)
        return paths[job.name]

    longest = max([path(job) for job in jobs], default=0.0)
    timed = {job.name for job in jobs if job.name in case.durations and not job.service}
    quick = {name for name in timed if case.durations[name] * 50 < longest}
    return {job.name: (job.name in quick, path(job)) for job in jobs}


def passes(job: Job, code: int, missing: Collection[str], *, failed: bool) -> bool:
    """Whether a body that ended by itself has passed; `failed`: an attempt before it has not."""
    no_tests = failed and code == 5 and 0 in job.ok_codes and not job.service
    return code in job.ok_codes and not missing and not no_tests


def acceptable(job: Job, outcome: Outcome) -> bool:
    """Whether an outcome may stand in a green run."""
    return outcome in GOOD or (job.allow_failure and outcome in (*BAD, Outcome.SKIPPED))


def worse(one: Outcome | None, other: Outcome) -> Outcome:
    """Return the worse of the outcomes of two passes."""
    return other if one is None else max(one, other, key=lambda o: BEST_FIRST.index(o.value))


def exit_code(case: Case, outcomes: Mapping[str, Outcome], *, tested: bool) -> int:
    """Return the exit code of a run that nothing cut off; `tested`: some test met the filter."""
    jobs = {job.name: job for job in case.jobs}
    if not outcomes or not all(acceptable(jobs[name], o) for name, o in outcomes.items()):
        return 1
    return 4 if (case.only_testcases or case.first_testcases) and not tested else 0


def outright(case: Case) -> dict[str, Outcome] | None:
    """Return the outcome of each job, if no clock has a say in any; else None.

    Who comes first matters with interrupts, with fast_fail, with users who cancel, for services,
    for outputs of jobs that fail, and for processes that are left of a job when its time is up.
    """
    cut = any(number != ASKED for _, number in case.signals)
    if case.fast_fail or cut or case.timeout < math.inf or case.refused or case.cancels:
        return None
    made = nodes(case)
    fates = [fate for node in made for fate in fates_of(case, node)]
    if any(fate.unkillable or fate.unstartable_step for fate in fates):
        return None
    if any(n.job.timeout in (f.seconds, f.cache_seconds) for n in made for f in fates_of(case, n)):
        return None
    outputs_wanted = {key for node in made for key, output in node.needs if output is not None}
    ended: dict[str, Outcome] = {}
    attempts = dict.fromkeys((job.name for job in case.jobs), 0)
    for node in in_order(made):
        if node.job.name in case.restored:
            ended[node.key] = Outcome.RESTORED
            continue
        if node.job.service:
            return None
        faults = [key for key, _ in node.needs if not acceptable_to(node, made, ended, key)]
        if faults:
            ended[node.key] = Outcome.SKIPPED
            continue
        name, before = node.job.name, attempts[node.job.name]
        ended[node.key], attempts[name] = of_fates(node, fates_of(case, node), before)
        passed = ended[node.key] in (Outcome.PASSED, Outcome.FLAKY)
        if attempts[name] - before > passed and node.key in outputs_wanted:  # one has failed
            return None
    results: dict[str, Outcome] = {}
    for node in made:
        results[node.job.name] = worse(results.get(node.job.name), ended[node.key])
    return results


def fates_of(case: Case, node: Node) -> Sequence[Fate]:
    """Return how the attempts of a node's job go, the last one again and again."""
    return case.fates.get(node.job.name, (Fate(),))


def in_order(made: Sequence[Node]) -> list[Node]:
    """Return the nodes, each after its needs."""
    placed: dict[str, Node] = {}
    while len(placed) < len(made):
        for node in made:
            if node.key not in placed and all(key in placed for key, _ in node.needs):
                placed[node.key] = node
    # the attempts of a job are counted over both of its passes
    return sorted(placed.values(), key=lambda node: node.repeated)


def acceptable_to(user: Node, made: Sequence[Node], ended: Mapping[str, Outcome], key: str) -> bool:
    """Whether a node may run after what became of one that it needs."""
    job = next(node.job for node in made if node.key == key)
    return user.always or ended[key] in GOOD or (job.allow_failure and ended[key] in BAD)


def of_fates(node: Node, fates: Sequence[Fate], before: int) -> tuple[Outcome, int]:
    """Return the outcome of the attempts in the fate of a node, and their number."""
    outcome = Outcome.FAILED
    for tried in range(node.job.retries + 1):
        outcome = of_attempt(node, fates[min(before, len(fates) - 1)], failed=tried > 0)
        if outcome is Outcome.RESTORED:
            return outcome, before
        before += 1
        if outcome is Outcome.PASSED:
            return Outcome.FLAKY if tried else outcome, before
    return outcome, before


def of_attempt(node: Node, fate: Fate, *, failed: bool) -> Outcome:
    """Return the end of an undisturbed attempt."""
    job = node.job
    if node.lacks or fate.unstartable:
        return Outcome.FAILED
    if node.cached and fate.cache_seconds > job.timeout:
        return Outcome.TIMED_OUT
    if node.cached and fate.cache == 0:
        return Outcome.RESTORED
    if fate.seconds > job.timeout:
        return Outcome.TIMED_OUT
    missing = set() if fate.writes is None else set(job.outputs) - set(fate.writes)
    missing |= {o for o, after in (fate.writes or {}).items() if after > fate.seconds}
    if fate.leaves is not None:
        missing |= set(job.outputs).intersection(fate.removes)
    passed = passes(job, fate.code, missing, failed=failed)
    return Outcome.PASSED if passed else Outcome.FAILED
