"""Asks whether the other runs of the machine leave what a job needs, and remembers a refusal.

Knows no file and no process: a `MachineShare` does. Without one there are no other runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from lib.model.cause import Cause, Why
from lib.scheduler.nodes import QUEUED, NodeRun
from lib.scheduler.pools import Needs
from lib.scheduler.protocol import MachineShare, Refused

LOOK = 0.1  # seconds until the next question: nothing tells that another run gives back


class GivenUp(NamedTuple):
    """A node that is not to wait for other runs, and the reason."""

    node: NodeRun
    why: Why


class OtherRuns:
    """The needs that other runs refuse at the moment.

    `note` writes to the log for whom a job waits, once for each time that it is queued.
    """

    def __init__(self, share: MachineShare | None, note: Callable[[str], None]) -> None:
        self._share = share
        self._note = note
        self._refused: dict[Needs, float] = {}  # until when these are not asked for again
        self._told: set[str] = set()  # the keys of nodes
        self._given_up: list[GivenUp] = []

    def refuse(self, needs: Needs) -> bool:
        """Whether others hold too much for these needs, as of the last question."""
        return needs in self._refused

    def queued(self, node: NodeRun) -> None:
        """Note that a node is queued (again)."""
        self._told.discard(node.key)

    def grant(self, node: NodeRun, now: float, *, moves: bool) -> bool:
        """Take what a node needs that others may hold; return whether it may start.

        A node that is refused again while nothing of this run `moves` gets help from others alone.
        """
        if self._share is None or not self._share.needs(node.job):
            return True
        refused = self._share.take(node.node, stuck=node.key in self._told and not moves)
        if refused is not None:
            self._note_refusal(node, refused, now)
        return refused is None

    def _note_refusal(self, node: NodeRun, refused: Refused, now: float) -> None:
        held = f"{refused.what}, held by {refused.holders}"
        if refused.final:
            why = Why(f"needs {held}: {refused.final}", Cause.HELD)
            self._given_up.append(GivenUp(node, why))
            return
        self._refused[node.resources] = now + LOOK
        node.held_back = held
        if node.key not in self._told:
            self._told.add(node.key)
            self._note(f"{node.name} waits for {held}" + (refused.end and f", {refused.end}"))

    def give(self, node: NodeRun) -> None:
        """Give back what a node has taken."""
        if self._share is not None and self._share.needs(node.job):
            self._share.give(node.node)
            self._refused.clear()  # what we gave may have been short

    def given_up(self) -> GivenUp | None:
        """Return a queued node that is not to wait, once."""
        while self._given_up:
            found = self._given_up.pop(0)
            if found.node.state is QUEUED:
                return found
        return None

    def forget(self, now: float) -> None:
        """Let those be asked for again whose time has come."""
        if self._refused:
            self._refused = {needs: due for needs, due in self._refused.items() if due > now}

    @property
    def waiting(self) -> bool:
        """Whether a node waits for other runs."""
        return bool(self._refused)

    @property
    def look_again(self) -> float:
        """The moment of the next question, infinity if nothing is refused."""
        return min(self._refused.values(), default=math.inf)
