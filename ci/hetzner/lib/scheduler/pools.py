"""Counted resources, and the queue of those who wait for them. No clock, no process."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

Needs = tuple[tuple[str, int], ...]
Rank = tuple[bool, float]  # whether it is not short, and how little urgent it is
Head = tuple[Rank, int, str]  # with the position and the key of a node


class Pools:
    """How much of each resource is free. A name without a pool is a mutex of one."""

    def __init__(self, capacity: Mapping[str, int], slots: int | None = None) -> None:
        self._free = dict(capacity)
        self._slots = slots
        self._before: dict[str, int] = {}  # what was free of it before some was given back

    def fits(self, needs: Needs) -> bool:
        """Whether a slot and all of the resources are free."""
        return self._slots != 0 and all(self._free.get(name, 1) >= n for name, n in needs)

    def take(self, needs: Needs) -> None:
        """Take a slot and the resources, which must be free."""
        if not self.fits(needs):
            raise RuntimeError(f"bug: took {needs} of {self._free}, slots {self._slots}")
        self.take_slot(-1)
        for name, count in needs:
            self._free[name] = self._free.get(name, 1) - count

    def give(self, needs: Needs) -> None:
        """Give the resources back; the slot goes with `give_slot`."""
        for name, count in needs:
            self._before.setdefault(name, self._free[name])
            self._free[name] += count

    def give_slot(self) -> None:
        """Give a slot back."""
        self.take_slot(1)

    def take_slot(self, count: int) -> None:
        """Change the number of free slots, where slots are limited at all."""
        if self._slots is not None:
            self._slots += count

    def was_short(self, needs: Needs) -> str:
        """Name what was not free of these needs before the last of it was given back."""
        return ", ".join(name for name, count in needs if self._before.get(name, count) < count)

    def settle(self) -> None:
        """Note that all who fit have started: from here on others may be short of something."""
        self._before.clear()

    def short(self, needs: Needs) -> str:
        """Name what is not free of these needs."""
        lacking = [name for name, count in needs if self._free.get(name, 1) < count]
        return ", ".join(lacking) or "a free slot"


class ReadyQueue:
    """Nodes that may start as soon as their resources are free, the one of the least rank first.

    One heap for each distinct set of needs, so a crowd that waits for the same thing costs
    one look and not one for each of its members.
    """

    def __init__(self) -> None:
        self._heaps: dict[Needs, list[Head]] = {}
        self._members: dict[str, Needs] = {}

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def push(self, key: str, needs: Needs, rank: Rank, position: int) -> None:
        """Add a node; the lesser rank goes first, then the lesser position."""
        self._members[key] = needs
        heapq.heappush(self._heaps.setdefault(needs, []), (rank, position, key))

    def discard(self, key: str) -> None:
        """Forget a node."""
        self._members.pop(key, None)

    def pop(self, pools: Pools) -> str | None:
        """Return and remove the first node that fits; None if none does."""
        heads = [
            head for needs in list(self._heaps) if pools.fits(needs) and (head := self._head(needs))
        ]
        if not heads:
            return None
        key = min(heads)[2]
        heapq.heappop(self._heaps[self._members.pop(key)])
        return key

    def first(self) -> str | None:
        """Return the first node, whether it fits or not."""
        heads = [head for needs in list(self._heaps) if (head := self._head(needs))]
        return min(heads)[2] if heads else None

    def _head(self, needs: Needs) -> Head | None:
        heap = self._heaps[needs]
        while heap and self._members.get(heap[0][2]) != needs:
            heapq.heappop(heap)
        if not heap:
            del self._heaps[needs]
            return None
        return heap[0]
