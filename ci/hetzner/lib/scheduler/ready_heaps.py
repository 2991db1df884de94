"""Queued nodes in the order of their ranks, by what they need. Knows no clock and no limits."""

from __future__ import annotations

import heapq

from lib.scheduler.nodes import QUEUED, NodeRun
from lib.scheduler.pools import Needs, Pools

Rank = tuple[bool, float, int]  # not short, less urgent, declared later: each starts later
Entry = tuple[Rank, int, NodeRun]


class ReadyHeaps:
    """Nodes that may start as soon as their resources are free, the one of the least rank first.

    One heap for each distinct set of needs, so a crowd that waits for the same thing costs one look
    and not one for each of its members. A node that has left the queue meanwhile is passed over.
    """

    def __init__(self) -> None:
        self._heaps: dict[Needs, list[Entry]] = {}

    def push(self, node: NodeRun, rank: Rank) -> None:
        """Add a node."""
        heapq.heappush(self._heaps.setdefault(node.needs, []), (rank, node.ticket, node))

    def pop(self, pools: Pools) -> NodeRun | None:
        """Return and remove the first node that fits; None if none does."""
        heads = [
            head for needs in list(self._heaps) if pools.fits(needs) and (head := self._head(needs))
        ]
        if not heads:
            return None
        node = min(heads)[2]
        heapq.heappop(self._heaps[node.needs])
        return node

    def first(self) -> NodeRun | None:
        """Return the first node, whether it fits or not."""
        heads = [head for needs in list(self._heaps) if (head := self._head(needs))]
        return min(heads)[2] if heads else None

    def _head(self, needs: Needs) -> Entry | None:
        heap = self._heaps[needs]
        while heap and _has_left(heap[0]):
            heapq.heappop(heap)
        if not heap:
            del self._heaps[needs]
            return None
        return heap[0]


def _has_left(entry: Entry) -> bool:
    """Whether a node has left the queue, or has come back to another place in it."""
    _, ticket, node = entry
    return node.state is not QUEUED or node.ticket != ticket
