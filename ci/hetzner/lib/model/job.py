"""Declares a job. Data only: no clock, no process, no file.

The meaning of every field is in `docs/usage.md`; the checks here are those that need
nothing but the one job. What needs the other jobs as well is in `graph`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from lib.model.declaration_error import told
from lib.model.job_fields import (
    LONGEST_NAME,
    NAME,
    command_problems,
    is_count,
    output_problems,
    port_problems,
    quantity,
    strings,
    variable_problems,
)

DEFAULT_TIMEOUT = 120  # seconds of each step of an attempt
RUN_LOG = "ci"  # ci.log is the run's own log, so no job may have this name


NOTHING: Mapping[str, Any] = MappingProxyType({})


class CacheSpec(Protocol):
    """What others need to know of a cache: how to name it to a process, and what it replaces."""

    def to_json(self) -> str:
        """Return the fields as JSON, as `lib/storage/cache.py` reads them from its command line."""
        ...

    def place(self, cwd: str) -> str:
        """Return the path of what it restores in a pipeline with this `cwd`, '' if it has none."""
        ...


ELSEWHERE = {
    "cwd": "jobs start in Pipeline(cwd=…), a command may begin with cd",
    "max_parallel": "it is an argument of Pipeline(…)",
    "only_jobs": "it is an argument of Pipeline.run(…)",
    "skip_jobs": "it is an argument of Pipeline.run(…)",
    "matrix": "declare a job for each of its values",
}
CONTAINERS = (
    "cmd",
    "depends_on",
    "outputs",
    "env",
    "ok_codes",
    "resources",
    "cpus",
    "requires",
    "listens",
)


class Job:
    """One node of the pipeline: a command, what it needs, and what it promises.

    `cmd` as a string runs as `bash -eo pipefail -c`, as a list it is an argument vector. `delay`
    and `timeout` are seconds, the timeout counts for each step of an attempt. Every field is
    explained in `docs/usage.md`.

    Raises ValueError that lists every problem of the job at once; for names of fields that there
    are not, a DeclarationError, which is one, and says which are meant.
    """

    name: str
    cmd: str | Sequence[str]
    depends_on: Sequence[str]
    nice: int
    delay: float
    fast_fail: bool
    timeout: float
    outputs: Mapping[str, str]
    env: Mapping[str, str]
    ok_codes: Sequence[int]
    retries: int
    allow_failure: bool
    service: bool
    resources: Mapping[str, int]
    cpus: Collection[int]
    requires: Sequence[str]
    testcases: bool
    when: str
    cache: CacheSpec | None
    retry_alone: bool
    listens: Collection[int]

    @told(lambda given: f"job {_title(given.get('name', ''))}", elsewhere=ELSEWHERE, checks=True)
    def __init__(
        self,
        name: str,
        cmd: str | Sequence[str],
        depends_on: Sequence[str] = (),
        nice: int = 0,
        delay: float = 0,
        fast_fail: bool = False,
        timeout: float = DEFAULT_TIMEOUT,
        outputs: Mapping[str, str] = NOTHING,
        env: Mapping[str, str] = NOTHING,
        *,
        ok_codes: Sequence[int] = (0, 5),
        retries: int = 0,
        allow_failure: bool = False,
        service: bool = False,
        resources: Mapping[str, int] = NOTHING,
        cpus: Collection[int] = (),
        requires: Sequence[str] = (),
        testcases: bool = True,
        when: str = "success",
        cache: CacheSpec | None = None,
        retry_alone: bool = False,
        listens: Collection[int] = (),
    ) -> None:
        given = dict(locals(), depends_on=[] if depends_on == () else depends_on)
        del given["self"]
        for field in CONTAINERS:  # what the caller does to its own later is not checked
            value = given[field]
            if value is NOTHING or isinstance(value, (str, tuple)):
                continue
            if isinstance(value, (list, set)):
                given[field] = value.copy()
            elif isinstance(value, range):
                given[field] = tuple(value)
            elif isinstance(value, Mapping):  # last: the question is a slow one
                given[field] = MappingProxyType(dict(value))
        self.__dict__.update(given)
        problems = self._problems()
        if problems:
            start = f"job {_title(self.name)}"
            raise ValueError("\n".join(f"{start}: {problem}" for problem in problems))

    def __setattr__(self, field: str, value: object) -> None:
        """Refuse: what was checked stays as it is."""
        raise AttributeError(f"job {self.name}: {field} cannot be changed, declare another job")

    def __eq__(self, other: object) -> bool:
        """Whether the other is a job that declares the same, be it in lists or in tuples."""
        return isinstance(other, Job) and self._declared() == other._declared()

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy, or a pickle, be declared anew: what is shared for speed cannot be pickled."""
        given = {n: _plain(value) for n, value in self.__dict__.items() if value is not NOTHING}
        return _declare, (given,)

    def _declared(self) -> dict[str, object]:
        return {n: tuple(v) if isinstance(v, list) else v for n, v in self.__dict__.items()}

    @property
    def regardless(self) -> bool:
        """Whether it runs whatever became of what it depends on, after `fast_fail` as well."""
        return self.when != "success"

    @property
    def at_the_end(self) -> bool:
        """Whether it starts only when everything else has ended, others such as it aside."""
        return self.when == "end"

    def but(self, **changes: Any) -> Job:
        """Return the job with some fields changed, checked as any other. Raises ValueError."""
        return Job(**{**self.__dict__, **changes})

    def __repr__(self) -> str:
        return f"Job({self.name!r}, {self.cmd!r})"

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
        elif len(self.name) > LONGEST_NAME:
            problems.append(
                f"name: expected at most {LONGEST_NAME} characters, found {len(self.name)} "
                "(it becomes a part of file names): shorten it"
            )
        elif self.name == RUN_LOG:
            problems.append("name: ci.log is the log of the run, choose another name")
        problems += command_problems("cmd", self.cmd)
        flags = ("fast_fail", "allow_failure", "service", "testcases", "retry_alone")
        problems += [
            f"{flag}: expected True or False, found {getattr(self, flag)!r}"
            for flag in flags
            if not isinstance(getattr(self, flag), bool)  # the text "false" would count as true
        ]
        if self.when not in ("success", "always", "end"):
            problems.append(f"when: expected 'success', 'always' or 'end', found {self.when!r}")
        called = None if isinstance(self.cache, type) else getattr(self.cache, "to_json", None)
        if self.cache is not None and not callable(called):
            problems.append(f"cache: expected a Cache, found {self.cache!r}")
        if self.service and self.cache is not None:
            problems.append("a service cannot have a cache: it is its processes that are needed")

    def _check_numbers(self, problems: list[str]) -> None:
        quantity(problems, "delay", self.delay, 0, "seconds")
        quantity(problems, "timeout", self.timeout, 0, "seconds")
        if self.timeout == 0:
            problems.append("timeout: expected more than 0 seconds, found 0")
        if not is_count(self.retries):
            problems.append(f"retries: expected a count of 0 or more, found {self.retries!r}")
        if not isinstance(self.nice, int) or not -20 <= self.nice <= 19:
            problems.append(f"nice: expected a number from -20 to 19, found {self.nice!r}")

    def _check_collections(self, problems: list[str]) -> None:
        strings(problems, "depends_on", self.depends_on)
        strings(problems, "requires", self.requires)
        if self.env is not NOTHING:
            problems += variable_problems(self.env)
        if self.outputs is not NOTHING:
            problems += output_problems(self.outputs)
        if self.resources is not NOTHING and (
            not isinstance(self.resources, Mapping)
            or not all(isinstance(k, str) and k and is_count(v) for k, v in self.resources.items())
        ):
            problems.append(
                "resources: expected names with counts of 0 or more, "
                f"found {_plain(self.resources)!r}"
            )
        if not isinstance(self.cpus, Collection) or not all(map(is_count, self.cpus)):
            problems.append(
                f"cpus: expected numbers of processors such as (0, 1), found {self.cpus!r}; how "
                "many a job takes is said by resources={'cpu': 4}"
            )
        if self.listens != ():
            problems += port_problems(self.listens, service=self.service)
        codes = self.ok_codes
        if not isinstance(codes, Collection) or not codes or not all(map(is_count, codes)):
            problems.append(f"ok_codes: expected exit codes such as (0,), found {codes!r}")


def _title(name: object) -> str:
    return name if isinstance(name, str) and NAME.match(name) else repr(name)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _declare(fields: Mapping[str, Any]) -> Job:
    return Job(**fields)
