"""Checks the values of a job's fields: a sentence for each problem. Data only."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeGuard

HIGHEST_PORT = 65535
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
# bytes of a job's name: names made of it (`<name>.log.12`, temporary files, the context of a
# status) stay below 255, which is NAME_MAX (limits.h(0p)) and GitHub's limit
LONGEST_NAME = 200
RUN_LOG = "ci"  # ci.log is the run's own log, so no job may have this name
NOTHING: Mapping[str, Any] = MappingProxyType({})  # the default of a job's mappings


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that a float can hold, and no bool."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:
        return False


def quantity(problems: list[str], what: str, value: object, low: float, unit: str) -> None:
    """Add the problem of a value that is no number of at least `low`."""
    if not is_number(value) or value < low:
        problems.append(f"{what}: expected {unit} of {low:g} or more, found {value!r}")


def strings(
    problems: list[str], what: str, value: object, kind: str = "names", example: str = "x"
) -> None:
    """Add the problem of a value that is no list of names, or of another `kind` of texts."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        problems.append(f"{what}: expected a list of {kind} such as ['{example}'], found {value!r}")
    elif value and not all(is_text(item) and item for item in value):
        problems.append(f"{what}: expected {kind} that are not empty, found {list(value)!r}")


def is_text(value: object) -> bool:
    """Whether a value is a text for a program or a file name: no NUL, no lone surrogate.

    Surrogates that stand for bytes which are no text (os.fsdecode) are allowed.
    """
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def command_problems(what: str, value: object) -> list[str]:
    """Return the problems of a value that is no script of bash and no argument vector."""
    words: object = [value] if isinstance(value, str) else value
    proper = isinstance(words, Sequence) and all(isinstance(word, str) for word in words)
    blank = isinstance(value, str) and not value.strip()
    if not value or blank or not isinstance(words, Sequence) or not proper:
        return [f"{what}: expected a bash command or a list of arguments, found {value!r}"]
    if not is_text("".join(words)):
        return [f"{what}: a command cannot hold a NUL character or a lone surrogate"]
    return []


def path_problems(what: str, value: object, *, optional: bool = False) -> list[str]:
    """Return the problems of a value that is no path; `optional` allows None."""
    if value is None and optional:
        return []
    if not isinstance(value, str | os.PathLike) or not is_text(str(value)):
        return [f"{what}: expected a path, found {value!r}"]
    return [] if str(value) or optional else [f"{what}: expected a path, found ''"]


def is_count(value: object) -> bool:
    """Whether a value is a whole number of 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def kind(value: object) -> str:
    """Return the name of a value's type, for its author: ours for lists is `list` as well."""
    return "list" if isinstance(value, list) else type(value).__name__


def variable_problems(variables: object) -> list[str]:
    """Return the problems of a mapping that is no environment, without its values."""
    if not isinstance(variables, Mapping):
        return [f"env: expected names and texts, found {kind(variables)}"]
    problems = []
    for name, value in variables.items():
        if not is_text(name) or not name or "=" in name:
            problems.append(f"env: expected a name without '=' and NUL, found {name!r}")
        elif not isinstance(value, str):
            problems.append(f"env: {name!r}: expected a text, found {type(value).__name__}")
        elif not is_text(value):
            problems.append(f"env: {name!r}: expected a text without NUL or lone surrogates")
    return problems


def group_problems(group: object) -> list[str]:
    """Return the problem of a value that is no name of a group, nor several."""
    names: Any = [group] if isinstance(group, str) else group
    proper = isinstance(names, Collection) and not isinstance(names, bytes | Mapping)
    if proper and all(isinstance(name, str) and NAME.match(name) for name in names):
        return []
    return [
        "group: expected a name of letters, digits, '.', '_' or '-', a letter or digit first, or a "
        f"list of such names, found {group!r}"
    ]


def port_problems(ports: object, *, service: bool) -> list[str]:
    """Return the problems of a value that is no collection of TCP ports of a service."""
    if not isinstance(ports, Collection) or isinstance(ports, str | bytes | Mapping):
        return [f"listens: expected ports such as (8080,), found {ports!r}"]
    problems = [
        f"listens: expected a port from 1 to {HIGHEST_PORT}, found {port!r}"
        for port in ports
        if not is_count(port) or not 1 <= port <= HIGHEST_PORT
    ]
    if not problems and len(set(ports)) < len(ports):
        problems.append(f"listens: expected each port once, found {list(ports)!r}")
    if ports and not service:
        problems.append(
            f"listens: is for services, found {list(ports)!r}: say service=True, or leave it out"
        )
    return problems


def resource_problems(amounts: object) -> list[str]:
    """Return the problems of a mapping that has no amounts by resource."""
    proper = isinstance(amounts, Mapping) and all(
        isinstance(name, str) and name and is_count(count) for name, count in amounts.items()
    )
    if proper:
        return [
            f"resources: expected port:1 … port:{HIGHEST_PORT} for a port, found {name!r}"
            for name in (amounts if isinstance(amounts, Mapping) else ())
            if name.startswith("port:") and not _is_port(name.removeprefix("port:"))
        ]
    shown = dict(amounts) if isinstance(amounts, Mapping) else amounts
    return [f"resources: expected names with counts of 0 or more, found {shown!r}"]


def _is_port(text: str) -> bool:
    """Whether a text is the number of a TCP port, in the one form that all runs share."""
    plain = text.isascii() and text.isdigit() and len(text) <= 5 and text[0] != "0"
    return plain and int(text) <= HIGHEST_PORT


def output_problems(outputs: object) -> list[str]:
    """Return the problems of a mapping that has no paths by output."""
    if not isinstance(outputs, Mapping):
        return [f"outputs: expected names and paths, found {outputs!r}"]
    problems = []
    for output, path in outputs.items():
        if not isinstance(output, str) or not NAME.match(output):
            problems.append(f"output {output!r}: expected letters, digits, '.', '_' or '-'")
        if not is_text(path) or not path:
            problems.append(f"output {output!r}: expected a path, found {path!r}")
    return problems
