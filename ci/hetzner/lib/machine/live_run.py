"""A live run as the register of the machine tells of it: who it is, what it holds and waits for.

Data only. The text of a run may come from another user, so everything in it is checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.common import json_text

LONGEST = 64 * 1024  # bytes of the text of a run


class Hold(NamedTuple):
    """An amount of a resource that a run holds; `until` is the expected end, None if unknown."""

    amount: int
    until: float | None = None


class Wait(NamedTuple):
    """A job of a run that waits, since a moment, for resources that other runs hold.

    `asked` is the moment of its last question, `held_by` the answer for people.
    """

    job: str
    needs: Mapping[str, int]
    since: float
    asked: float
    held_by: str


class LiveRun(NamedTuple):
    """A run of this machine. Moments are seconds since the epoch.

    `run` is the id of its process (process_table.run_id). `network` is its network namespace, to
    which its ports belong. `stuck` says that nothing of it moves until it gets what it waits for,
    `waits_for` names another run that it waits for as a whole. `user` is the id of the user.
    """

    run: str
    pid: int
    label: str
    log_dir: str = ""
    state_dir: str = ""
    since: float = 0.0
    expected_end: float | None = None
    network: str = ""
    holds: Mapping[str, Hold] = {}
    waits: tuple[Wait, ...] = ()
    stuck: bool = False
    waits_for: str = ""
    user: int = -1

    @property
    def named(self) -> str:
        """Return the run as others are told of it: its process, and the command."""
        return f"pid {self.pid} ({self.label})"


def parse(content: bytes, user: int) -> LiveRun | None:
    """Return the run of a file's first line, None if that makes no sense."""
    try:
        found = json_text.parse(content.partition(b"\n")[0])
        return LiveRun(
            run=str(found["run"]),
            pid=int(found["pid"]),
            label=str(found["label"]),
            log_dir=str(found.get("log_dir", "")),
            state_dir=str(found.get("state_dir", "")),
            since=_moment(found["since"]),
            expected_end=_maybe(found.get("expected_end")),
            network=str(found["network"]),
            holds={
                str(name): Hold(_count(amount), _maybe(until))
                for name, (amount, until) in found.get("holds", {}).items()
            },
            waits=tuple(_wait(*each) for each in found.get("waits", ())),
            stuck=bool(found.get("stuck", False)),
            waits_for=str(found.get("waits_for", "")),
            user=user,
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _wait(job: Any, needs: Any, since: Any, asked: Any, held_by: Any) -> Wait:
    needs = {str(name): _count(amount) for name, amount in needs.items()}
    return Wait(str(job), needs, _moment(since), _moment(asked), str(held_by))


def _count(found: Any) -> int:
    if not isinstance(found, int) or found < 0:
        raise ValueError(found)
    return found


def _moment(found: Any) -> float:
    if not isinstance(found, (int, float)) or not math.isfinite(found):
        raise ValueError(found)
    return float(found)


def _maybe(found: Any) -> float | None:
    return None if found is None else _moment(found)
