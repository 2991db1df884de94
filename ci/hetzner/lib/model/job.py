"""Declares a job. Data only: no clock, no process, no file.

The meaning of every field is in `docs/usage.md`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from lib.model import job_check
from lib.model.declaration_error import DeclarationError, explains_bad_arguments
from lib.model.elsewhere import NO_JOBS
from lib.model.frozen_list import FrozenList
from lib.model.job_fields import NAME, NOTHING

DEFAULT_TIMEOUT = 120  # seconds of each step of an attempt
NO_NAMES: Sequence[str] = FrozenList()


class CacheSpec(Protocol):
    """The part of a cache that other rooms use: its form for a process, and its artifact."""

    def to_json(self) -> str:
        """Return the fields as JSON, as `Cache.from_json` reads them."""
        ...

    def place(self, cwd: str) -> str:
        """Return the path of its artifact in a pipeline with this `cwd`, '' if it has none."""
        ...


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
    "group",
    "keep",
    "junit",
)


class Job:
    """One node of the pipeline: a command, its needs, and its outputs.

    A job cannot be changed, nor can its lists and mappings, which are copies of those given.

    `cmd` as a string runs as `bash -eo pipefail -c`, as a list it is an argument vector. `delay`
    and `timeout` are seconds, the timeout counts for each step of an attempt. Every field is
    explained in `docs/usage.md`.

    Raises DeclarationError, a ValueError, that lists every problem of the job at once. For unknown
    fields it names those that were meant, and is a TypeError as well.
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
    group: str | Collection[str]
    cwd: str
    keep: Sequence[str]
    junit: str | Sequence[str]

    @explains_bad_arguments(
        lambda given: f"job {_title(given.get('name', ''))}", elsewhere=NO_JOBS, checks=True
    )
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
        group: str | Collection[str] = (),
        cwd: str | os.PathLike[str] = ".",
        keep: Sequence[str] = (),
        junit: str | Sequence[str] = (),
    ) -> None:
        given = dict(locals(), depends_on=NO_NAMES if depends_on == () else depends_on)
        del given["self"]
        if isinstance(cwd, os.PathLike):
            given["cwd"] = os.fspath(cwd)
        for field in CONTAINERS:
            value = given[field]
            if value is not NOTHING and not isinstance(value, (str, tuple)):
                given[field] = _frozen(value)
        self.__dict__.update(given)
        problems = job_check.problems(self)
        if problems:
            start = f"job {_title(self.name)}"
            raise DeclarationError("\n".join(f"{start}: {problem}" for problem in problems))

    def __setattr__(self, field: str, value: object) -> None:
        """Refuse: a checked job stays as it is."""
        raise AttributeError(f"job {self.name}: {field} cannot be changed, declare another job")

    def __delattr__(self, field: str) -> None:
        """Refuse, too."""
        raise AttributeError(f"job {self.name}: {field} cannot be changed, declare another job")

    def __eq__(self, other: object) -> bool:
        """Whether the other is a job that declares the same, be it in lists or in tuples."""
        return isinstance(other, Job) and self._declared() == other._declared()

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Have a copy, or a pickle, declare the job anew: shared defaults cannot be pickled."""
        given = {n: _plain(value) for n, value in self.__dict__.items() if value is not NOTHING}
        return _declare, (given,)

    def _declared(self) -> dict[str, object]:
        return {n: tuple(v) if isinstance(v, list) else v for n, v in self.__dict__.items()}

    @property
    def groups(self) -> Collection[str]:
        """The names of its groups."""
        names = self.group
        if isinstance(names, str):
            return (names,)
        return sorted(names) if isinstance(names, frozenset) else names

    @property
    def junit_patterns(self) -> Sequence[str]:
        """The patterns of the files in which it writes the results of its test cases."""
        return (self.junit,) if isinstance(self.junit, str) else self.junit

    @property
    def regardless(self) -> bool:
        """Whether it runs after any outcome of its dependencies, and after `fast_fail`."""
        return self.when != "success"

    @property
    def at_the_end(self) -> bool:
        """Whether it starts only when all jobs have ended, except others at the end."""
        return self.when == "end"

    def but(self, **changes: Any) -> Job:
        """Return the job with some fields changed, checked as any other. Raises ValueError."""
        return Job(**{**self.__dict__, **changes})

    def __repr__(self) -> str:
        return f"Job({self.name!r}, {self.cmd!r})"


def _title(name: object) -> str:
    return name if isinstance(name, str) and NAME.match(name) else repr(name)


def _frozen(value: object) -> object:
    """Return an unchangeable copy of a list, set or mapping; anything else as it is."""
    if isinstance(value, list):
        return value if isinstance(value, FrozenList) else FrozenList(value)
    if isinstance(value, range):
        return tuple(value)
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, Mapping):  # last: the question is a slow one
        return MappingProxyType(dict(value))
    return value


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _declare(fields: Mapping[str, Any]) -> Job:
    return Job(**fields)
