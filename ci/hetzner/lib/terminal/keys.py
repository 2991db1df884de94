"""What the keys do: which of its views the live view shows, and what it is asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# ECMA-48 8.3.22 (arrows; with O if the terminal is in application mode), xterm's page keys
_SEQUENCE = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]")
_NAMES = {b"A": "up", b"B": "down", b"5~": "page up", b"6~": "page down"}
_PLAIN = {"\r": "enter", "\n": "enter", "\x1b": "escape", "k": "up", "j": "down", " ": "page down"}


class Mode(NamedTuple):
    """The view that is shown.

    `kind` is "" (what runs), "all" (the state of all jobs, from the row `place` on), "pick log" or
    "pick cancel" (a running job is chosen; so far it is `job`), or "log" (of `job`).
    """

    kind: str = ""
    place: int = 0
    job: str = ""


class Request(NamedTuple):
    """A request of a user that is for the run: to "cancel" a job, or to "quit"."""

    kind: str
    job: str = ""


def decode(data: bytes) -> list[str]:
    """Return the names of the keys that were pressed: a character, "up", "enter", …"""
    names = []
    while data:
        if found := _SEQUENCE.match(data):
            names.append(_NAMES.get(found[0][2:], ""))
            data = data[found.end() :]
        else:
            character, data = data[:1].decode("latin-1"), data[1:]
            names.append(_PLAIN.get(character, character))
    return [name for name in names if name]


def press(
    mode: Mode, key: str, running: Sequence[str], page: int, length: int
) -> tuple[Mode, Request | None]:
    """Return the view after a key, and the request for the run that it makes, if any.

    `running` are the jobs that can be chosen; a list of all jobs has `length` rows, `page` of which
    are shown.
    """
    if key == "q":
        return Mode(), Request("quit")
    if key == "escape" or (key, mode.kind) in (("t", "all"), ("l", "log")):
        return Mode(), None
    if key == "t":
        return Mode("all"), None
    if key in ("l", "c"):
        return _choose("pick log" if key == "l" else "pick cancel", running), None
    steps = {"up": -1, "down": 1, "page up": -page, "page down": page}
    if mode.kind == "all" and key in steps:
        last = max(0, length - page)
        return mode._replace(place=min(max(0, mode.place + steps[key]), last)), None
    if mode.kind.startswith("pick"):
        return _pick(mode, key, running, steps)
    return mode, None


def _choose(kind: str, running: Sequence[str]) -> Mode:
    if not running:
        return Mode()
    alone = kind == "pick log" and len(running) == 1
    return Mode("log" if alone else kind, job=running[0])


def _pick(
    mode: Mode, key: str, running: Sequence[str], steps: Mapping[str, int]
) -> tuple[Mode, Request | None]:
    """Go to another job, or take this one. One that has ended meanwhile is never replaced by
    another that the user has not seen.
    """
    if key == "enter":
        if mode.job not in running:
            return Mode(), None
        if mode.kind == "pick log":
            return Mode("log", job=mode.job), None
        return Mode(), Request("cancel", mode.job)
    if key not in steps or not running:
        return mode, None
    place = running.index(mode.job) if mode.job in running else 0
    return mode._replace(job=running[(place + steps[key]) % len(running)]), None
