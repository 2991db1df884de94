"""Explains a call whose arguments do not fit: the job, the field, and the name that was meant.

Python's own TypeError names neither the job nor the field that was meant, and hides the other
problems of the declaration. Pure: no clock, no process, no file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from lib.common import redact

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# for each of our arguments its names in make, GitHub Actions, GitLab CI, Docker Compose, Airflow,
# tox, nox and pytest
OTHERS: Mapping[str, str] = {
    "name": "id title label job target alias",
    "cmd": "command commands script scripts run steps shell exec argv recipe entrypoint "
    "bash_command body action",
    "depends_on": "needs need deps dep dependencies dependency depends after upstream "
    "prerequisites prereqs wait_for waits_for run_after",
    "outputs": "artifacts artefacts produces creates generates targets outs files products",
    "env": "environment env_vars envvars vars variables set_env setenv",
    "timeout": "time_out time_limit max_time deadline timeout_minutes timeout_in_minutes "
    "timeout_seconds execution_timeout",
    "retries": "retry max_retries attempts max_attempts reruns retry_count tries",
    "allow_failure": "allow_failures continue_on_error ignore_error ignore_errors ignore_failure "
    "ignore_outcome soft_fail optional may_fail",
    "fast_fail": "fail_fast critical abort_on_failure stop_on_failure",
    "service": "services daemon background server serve detach",
    "listens": "ports port listen expose listens_on ready_port wait_for_port",
    "when": "if if_ condition rules only trigger_rule",
    "ok_codes": "ok_code exit_codes success_codes success_exit_codes allowed_exit_codes",
    "requires": "programs tools binaries requirements allowlist_externals",
    "cpus": "affinity cpuset taskset",
    "keep": "keeps keep_files collect save upload attachments archive",
    "junit": "junit_xml junitxml reports test_report test_reports test_results results",
    "resources": "pool pools cpu memory mem cores threads lock locks mutex semaphore concurrency "
    "resource_group",
    "group": "groups tag tags labels category marker markers suite",
    "nice": "priority niceness",
    "delay": "sleep start_in wait",
    "jobs": "tasks steps stages targets nodes",
    "sha": "commit revision ref",
    "log_dir": "logs log logdir log_directory",
    "cwd": "working_directory working_dir workdir root repo directory dir chdir path",
    "max_parallel": "parallel max_workers workers parallelism n_jobs",
    "grace": "kill_after grace_period kill_timeout",
    "only_jobs": "only jobs include select targets",
    "skip_jobs": "skip exclude without",
    "first_jobs": "first",
    "only_testcases": "tests testcases test_filter filter grep",
    "pytest_workers": "workers",
    "key_cmd": "key keys key_command cache_key",
    "artifact_path": "artifact artifacts path paths output outputs",
    "store_dir": "store directory dir cache_dir",
    "max_bytes": "max_size size limit",
    "shuffle": "seed random random_order",
}


class DeclarationError(ValueError):
    """A job, a cache or a pipeline is declared wrong; the message has a line for each problem."""


class ArgumentsError(DeclarationError, TypeError):
    """The arguments of a call do not fit: a TypeError, as in Python, beside."""


def explains_bad_arguments(
    whose: Callable[[Mapping[str, Any]], str],
    *,
    elsewhere: Mapping[str, str] = {},
    checks: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a call whose arguments do not fit raise an ArgumentsError with the names meant.

    `whose` makes the start of each line from the arguments that are known by name. `elsewhere`
    names the calls that other arguments belong to. With `checks` the call is a constructor: it is
    called again for the problems of the arguments that do fit. A call that fits costs no time.
    """

    def around(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*given: P.args, **named: P.kwargs) -> R:
            try:
                return function(*given, **named)
            except TypeError:
                values, problems = _misfits(function, given, named, elsewhere)
                if not problems:  # it comes from within
                    raise
            start = whose(values)
            lines = [f"{start}: {problem}" for problem in problems]
            if checks and len(values) > 1:
                try:
                    function(*given[:1], **values)  # type: ignore[arg-type]
                except ValueError as error:
                    lines = [*str(error).splitlines(), *lines]
                except TypeError:
                    pass  # a required argument is missing
            raise ArgumentsError("\n".join(lines))

        return call

    return around


def explains_bad_constructor(name: str) -> Callable[[type[T]], type[T]]:
    """Have the constructor of a class explain bad arguments, as `explains_bad_arguments` does."""

    def around(declared: type[T]) -> type[T]:
        constructor: Any = declared.__init__
        explained = explains_bad_arguments(lambda _: name, checks=True)(constructor)
        setattr(declared, "__init__", explained)  # noqa: B010
        return declared

    return around


def by_default(argument: str, value: object, default: object) -> str:
    """Return a remark for an error text that a value is the default of an argument, else ''.

    It reads `; timeout=120 is the default: pass timeout=`: a user who did not choose a limit learns
    where it comes from.
    """
    return f"; {argument}={value!r} is the default: pass {argument}=" if value == default else ""


def meant(name: str, known: Sequence[str]) -> str:
    """Return the known name that another one means, '' if none is similar."""
    import difflib  # late: most declarations mistype nothing

    plain = name.lower().strip("_").replace("-", "_")
    # if others use one word for two of ours, the first declared one counts
    words = {word: field for field in reversed(known) for word in OTHERS.get(field, "").split()}
    words |= {field: field for field in known}
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.65)
    near = near or difflib.get_close_matches(plain, words, n=1, cutoff=0.8)
    return words.get(plain) or next((words[word] for word in near), "")


def _misfits(
    function: Callable[..., object],
    given: Sequence[object],
    named: Mapping[str, object],
    elsewhere: Mapping[str, str],
) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments that fit, by name and without `self`, and the problems of others."""
    import inspect  # late: most declarations fit

    parameters = list(inspect.signature(function).parameters.values())[1:]
    known = [each.name for each in parameters]
    positional = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    values = dict(zip(positional, given[1:], strict=False))
    problems = []
    misnamed = {meant(name, known) for name in named if name not in known}
    if (surplus := len(given) - 1 - len(positional)) > 0:
        problems.append(
            f"{', '.join(map(_shown, given[-surplus:]))}: expected {len(positional)} values "
            f"without a name at most ({', '.join(positional)}); name the others, as in "
            f"{known[-1]}=…"
        )
    for name, value in named.items():
        if name in values:
            problems.append(f"{name}={_shown(value)}: is given twice, by place and by name")
        elif name in known:
            values[name] = value
        else:
            problems.append(f"{name}={_shown(value)}: {_unknown(name, known, elsewhere)}")
    problems += [
        f"{each.name}: expected a value, found none: give it"
        for each in parameters
        if each.default is each.empty and each.name not in values and each.name not in misnamed
    ]
    return values, problems


def _unknown(name: str, known: Sequence[str], elsewhere: Mapping[str, str]) -> str:
    if name in elsewhere:
        return f"there is no {name!r} here: {elsewhere[name]}"
    if near := meant(name, known):
        return f"there is no {name!r}; did you mean {near!r}?"
    if where := next((at for field, at in elsewhere.items() if meant(name, [field])), ""):
        return f"there is no {name!r} here: {where}"
    return f"there is no {name!r}; there are {', '.join(known)}"


def _shown(value: object) -> str:
    """Return a short form of a value; for a mapping, which may hold secrets, only its names."""
    names = f"{{{', '.join(map(repr, value))}: …}}" if isinstance(value, Mapping) and value else ""
    text = " ".join((names or repr(value)).split())
    return redact.shorten(text, 60)
