"""Queued nodes in the order of their ranks, by their needs. Knows no clock and no pressure."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from lib.scheduler.nodes import QUEUED, NodeRun
from lib.scheduler.pools import Needs

Rank = tuple[bool, float, int]  # not short, minus the urgency, position: less starts first
HeapEntry = tuple[Rank, int, NodeRun]


class ReadyHeaps:
    """Nodes that start as soon as their resources are free, the least rank first.

    There is one heap for each distinct set of needs: a look at its head answers for all nodes that
    wait for the same resources. Nodes that have left the queue are passed over.
    """

    def __init__(self) -> None:
        self._heaps: dict[Needs, list[HeapEntry]] = {}

    def push(self, node: NodeRun, rank: Rank) -> None:
        """Add a node."""
        heapq.heappush(self._heaps.setdefault(node.resources, []), (rank, node.ticket, node))

    def pop(self, fits: Callable[[Needs], bool]) -> NodeRun | None:
        """Return and remove the first node whose needs fit; None if none does."""
        heads = [head for needs in list(self._heaps) if fits(needs) and (head := self._head(needs))]
        if not heads:
            return None
        node = min(heads)[2]
        heapq.heappop(self._heaps[node.resources])
        return node

    def first(self) -> NodeRun | None:
        """Return the first node, whether it fits or not."""
        heads = [head for needs in list(self._heaps) if (head := self._head(needs))]
        return min(heads)[2] if heads else None

    def _head(self, needs: Needs) -> HeapEntry | None:
        heap = self._heaps[needs]
        while heap and _has_left(heap[0]):
            heapq.heappop(heap)
        if not heap:
            del self._heaps[needs]
            return None
        return heap[0]


def _has_left(entry: HeapEntry) -> bool:
    """Whether a node has left the queue, or has come back to another place in it."""
    _, ticket, node = entry
    return node.state is not QUEUED or node.ticket != ticket
