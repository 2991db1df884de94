"""What a job is, and how jobs and attempts end. Data only: no clock, no process, no file.

The meaning of every field is in `docs/design.md`; the checks here are those that need
nothing but the one job. What needs the other jobs as well is in `graph`.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
RUN_LOG = "ci"  # ci.log is the run's own log, so no job may have this name


class Outcome(enum.StrEnum):
    """How a job ended."""

    PASSED = "passed"
    FLAKY = "flaky"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RESTORED = "restored"


GOOD = frozenset({Outcome.PASSED, Outcome.FLAKY, Outcome.RESTORED})


class CacheSpec(Protocol):
    """What the scheduler and the executor need to know of a cache: how to name it to a process."""

    def to_json(self) -> str:
        """Return the fields as JSON, as `lib/cache.py` reads them from its command line."""
        ...


def _quantity(problems: list[str], what: str, value: object, low: float, unit: str) -> None:
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or math.isnan(value)
        or value < low
    ):
        problems.append(f"{what}: expected {unit} of {low:g} or more, found {value!r}")


def _strings(problems: list[str], what: str, value: object) -> None:
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        problems.append(f"{what}: expected a list of names, found {value!r}")
    elif not all(isinstance(item, str) and item for item in value):
        problems.append(f"{what}: expected names that are not empty, found {list(value)!r}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@dataclass(frozen=True)
class Job:
    """One node of the pipeline: a command, what it needs, and what it promises.

    `cmd` as a string runs as `bash -c`, as a list it is an argument vector. `delay` and
    `timeout` are seconds, the timeout counts per attempt. Every field is explained in
    `docs/design.md`.

    Raises ValueError that lists every problem of the job at once.
    """

    name: str
    cmd: str | Sequence[str]
    depends_on: Sequence[str] = field(default_factory=list)
    nice: int = 0
    delay: float = 0
    fast_fail: bool = False
    timeout: float = 120
    outputs: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    ok_codes: Sequence[int] = field(default=(0, 5), kw_only=True)
    retries: int = field(default=0, kw_only=True)
    allow_failure: bool = field(default=False, kw_only=True)
    service: bool = field(default=False, kw_only=True)
    resources: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    cpus: Collection[int] = field(default=(), kw_only=True)
    requires: Sequence[str] = field(default=(), kw_only=True)
    testcases: bool = field(default=True, kw_only=True)
    when: str = field(default="success", kw_only=True)
    cache: CacheSpec | None = field(default=None, kw_only=True)
    retry_alone: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            proper = isinstance(self.name, str) and NAME.match(self.name)
            name = self.name if proper else repr(self.name)
            raise ValueError("\n".join(f"job {name}: {problem}" for problem in problems))

    def _problems(self) -> list[str]:
        problems: list[str] = []
        for check in (self._check_identity, self._check_numbers, self._check_collections):
            check(problems)
        return problems

    def _check_identity(self, problems: list[str]) -> None:
        if not isinstance(self.name, str) or not NAME.match(self.name):
            problems.append(
                f"name: expected letters, digits, '.', '_' or '-', a letter or digit first, "
                f"found {self.name!r} (it becomes a file name)"
            )
        elif self.name == RUN_LOG:
            problems.append("name: ci.log is the log of the run, choose another name")
        if not self.cmd or not (
            isinstance(self.cmd, str)
            or (isinstance(self.cmd, Sequence) and all(isinstance(a, str) for a in self.cmd))
        ):
            problems.append(
                f"cmd: expected a bash command or a list of arguments, found {self.cmd!r}"
            )
        elif any("\0" in argument for argument in self.cmd):
            problems.append("cmd: a command cannot hold a NUL character")
        if self.when not in ("success", "always"):
            problems.append(f"when: expected 'success' or 'always', found {self.when!r}")
        if self.service and self.cache is not None:
            problems.append("a service cannot have a cache: it is its processes that are needed")

    def _check_numbers(self, problems: list[str]) -> None:
        _quantity(problems, "delay", self.delay, 0, "seconds")
        _quantity(problems, "timeout", self.timeout, 0, "seconds")
        if self.timeout == 0:
            problems.append("timeout: expected more than 0 seconds, found 0")
        if not _is_count(self.retries):
            problems.append(f"retries: expected a count of 0 or more, found {self.retries!r}")
        if not isinstance(self.nice, int) or not -20 <= self.nice <= 19:
            problems.append(f"nice: expected a number from -20 to 19, found {self.nice!r}")

    def _check_collections(self, problems: list[str]) -> None:
        _strings(problems, "depends_on", self.depends_on)
        _strings(problems, "requires", self.requires)
        for what, mapping in (("outputs", self.outputs), ("env", self.env)):
            if not isinstance(mapping, Mapping) or not all(
                isinstance(k, str) and k and isinstance(v, str) for k, v in mapping.items()
            ):
                problems.append(f"{what}: expected names and strings, found {mapping!r}")
            elif any("\0" in k + v or (what == "env" and "=" in k) for k, v in mapping.items()):
                problems.append(f"{what}: no NUL, and no '=' in a variable's name: {mapping!r}")
            elif what == "outputs":
                for output, path in mapping.items():
                    if not NAME.match(output):
                        problems.append(
                            f"output {output!r}: expected letters, digits, '.', '_' or '-'"
                        )
                    if not path:
                        problems.append(f"output {output!r}: expected a path, found ''")
        if not isinstance(self.resources, Mapping) or not all(
            isinstance(k, str) and k and _is_count(v) for k, v in self.resources.items()
        ):
            problems.append(
                f"resources: expected names with counts of 0 or more, found {self.resources!r}"
            )
        if not isinstance(self.cpus, Collection) or not all(_is_count(c) for c in self.cpus):
            problems.append(f"cpus: expected processor numbers, found {self.cpus!r}")
        codes = self.ok_codes
        if not isinstance(codes, Collection) or not codes or not all(_is_count(c) for c in codes):
            problems.append(f"ok_codes: expected exit codes such as (0,), found {codes!r}")


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a machine was.

    `average` is its load average over the last minute. `cpu` and `memory` are the shares of the
    last ten seconds, in percent, in which something waited for them; None where nothing tells.
    """

    average: float
    cpu: float | None = None
    memory: float | None = None

    @property
    def pressure(self) -> float | None:
        """The greater of both pressures, None if neither is known."""
        return max((p for p in (self.cpu, self.memory) if p is not None), default=None)

    def __str__(self) -> str:
        """Return `load 7.9, cpu pressure 81 %, memory pressure 0 %`."""
        told = [f"load {self.average:.1f}"]
        told += [
            f"{name} pressure {percent:.0f} %"
            for name, percent in (("cpu", self.cpu), ("memory", self.memory))
            if percent is not None
        ]
        return ", ".join(told)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try of a job, as it ended. Times are seconds on the run's clock.

    `load` is that of the machine at its end, where the job was or will be tried again.
    """

    number: int
    outcome: Outcome
    code: int | None  # exit code, negative for a signal (subprocess' convention); None: no process
    started: float
    ended: float
    reason: str = ""
    leaked: tuple[str, ...] = ()
    load: Load | None = None


@dataclass(slots=True)
class Result:
    """What became of a selected job; filled in while the run goes on.

    `outcome` is None until the job has ended. Times are seconds on the run's clock.
    """

    name: str
    outcome: Outcome | None = None
    attempts: tuple[AttemptRecord, ...] = ()
    started: float | None = None
    ended: float | None = None
    reason: str = ""  # why it failed, was skipped or was cancelled
    waited_for: str = ""  # the dependency, pool or delay that held it back last
    allowed: bool = False  # allow_failure: a failure of this job does not fail the run

    @property
    def duration(self) -> float:
        """Seconds from its first start to its end; 0 if it never started or still runs."""
        if self.started is None or self.ended is None:
            return 0.0
        return self.ended - self.started

    @property
    def acceptable(self) -> bool:
        """Whether this result may stand in a green run."""
        if self.outcome in GOOD:
            return True
        return self.allowed and self.outcome in (
            Outcome.FAILED,
            Outcome.TIMED_OUT,
            Outcome.SKIPPED,
        )
