"""Counted resources: how much of each is free. No clock, no process."""

from __future__ import annotations

import math
from collections.abc import Mapping

Needs = tuple[tuple[str, int], ...]


class Pools:
    """How much of each resource is free. A name without a pool is a mutex of one."""

    def __init__(self, capacity: Mapping[str, int], slots: int | None = None) -> None:
        self._free = dict(capacity)
        self._slots = math.inf if slots is None else slots
        # by name: the amount that was free before the last nodes ended
        self._before: dict[str, int] = {}

    def fits(self, needs: Needs) -> bool:
        """Whether a slot and all of the resources are free."""
        if self._slots < 1:
            return False
        return not needs or all(self._free.get(name, 1) >= count for name, count in needs)

    def take(self, needs: Needs) -> None:
        """Take a slot and the resources. RuntimeError if they are not free."""
        if not self.fits(needs):
            raise RuntimeError(f"bug: took {needs} of {self._free}, slots {self._slots}")
        self._slots -= 1
        for name, count in needs:
            self._free[name] = self._free.get(name, 1) - count

    def give(self, needs: Needs, *, slot: bool) -> None:
        """Give resources back, and the slot unless `give_slot` has done so."""
        self._slots += slot
        for name, count in needs:
            self._before.setdefault(name, self._free[name])
            self._free[name] += count

    def give_slot(self) -> None:
        """Give a slot back."""
        self._slots += 1

    def was_short(self, needs: Needs) -> str:
        """Return the names of these needs that were not free before the last nodes ended."""
        return ", ".join(name for name, count in needs if self._before.get(name, count) < count)

    def settle(self) -> None:
        """Forget what was free before: all nodes that fit have started."""
        self._before.clear()

    def short(self, needs: Needs) -> str:
        """Return the names of these needs that are not free."""
        lacking = [name for name, count in needs if self._free.get(name, 1) < count]
        return ", ".join(lacking) or "a free slot"
