"""What a run ran on: the facts of environment.json as nested lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from lib.page.markup import Html, join, tag

LONG = 12  # entries: more are folded
HIDDEN = ("schema",)
MOST = 3000  # entries of one list


def section(environment: Mapping[str, object]) -> Html | None:
    """Return the section, None if nothing is known."""
    if not environment:
        return None
    known = {name: value for name, value in environment.items() if value is not None}
    plain = {name: _plain(value) for name, value in known.items() if name not in HIDDEN}
    short = {name: said for name, said in plain.items() if said}
    nested = {name: environment[name] for name, said in plain.items() if said is None}
    return tag(
        "section",
        tag("h2", "Environment", id="environment-title"),
        _facts(short),
        *(_nested(name, value) for name, value in nested.items() if value),
        id="environment",
        aria_labelledby="environment-title",
    )


def _plain(value: object) -> str | None:
    """Return a value on one line, '' for an empty one, None for one that needs a list."""
    if isinstance(value, Mapping) and value.keys() <= {"path", "version"}:
        return " · ".join(str(part) for part in (value.get("version"), value.get("path")) if part)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, (Mapping, list)):
        return None
    return "not known" if value is None else str(value)


def _nested(name: str, value: object) -> Html:
    """Return a mapping within the environment; a long one is folded."""
    entries = dict(enumerate(value, 1)) if isinstance(value, list) else value
    if not isinstance(entries, Mapping):
        return tag("p", str(value))
    count = len(entries)
    inner: list[Html] = []
    plain = {str(key): _plain(item) for key, item in islice(entries.items(), MOST)}
    inner.append(_facts({key: said for key, said in plain.items() if said}))
    inner += [_nested(key, entries[key]) for key, said in plain.items() if said is None]
    title = name.replace("_", " ")
    if count > LONG or len(inner) > 1:
        summary = tag("summary", title, tag("span", f" {count}", class_="soft"))
        return tag("details", summary, *inner)
    return join([tag("h3", title), *inner])


def _facts(facts: Mapping[str, str]) -> Html:
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", name.replace("_", " ")),
                tag("dd", tag("span", said, class_="name")),
            )
            for name, said in facts.items()
        ),
        class_="facts small",
    )
