"""The places of a worker: which entry each is ready for, and where an entry starts best. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lib.commit_queue.entry import Entry


class Places:
    """Places from 1 on: one for each of the runs at a time, and one more to prepare the next."""

    def __init__(self, workers: int) -> None:
        self._numbers = range(1, workers + 2)
        self._prepared: dict[int, int] = {}  # ids of entries, by place

    def prepared(self, place: int, entry: Entry) -> None:
        """Note that a place is ready for an entry; it stays so if the preparation has failed."""
        self._prepared[place] = entry.id

    def used(self, place: int) -> None:
        """Note that a run begins at a place, which is ready for no other entry any more."""
        self._prepared.pop(place, None)

    def has(self, entry: Entry) -> bool:
        """Whether a place is ready for an entry."""
        return entry.id in self._prepared.values()

    def best(self, entry: Entry, taken: Collection[int], preparing: Mapping[int, Entry]) -> int:
        """Return a place that is not taken: the one that is ready for an entry, or soon is.

        Else the one where it ran before: a run in a container that outlives a killed worker for a
        moment holds that place, and the new one waits for it there. `preparing` are the entries
        that places are being prepared for.
        """

        def rank(place: int) -> tuple[bool, bool, bool, int]:
            coming = preparing.get(place)
            ready = coming.id if coming else self._prepared.get(place)
            return ready != entry.id, place != entry.place, coming is not None, place

        return min((place for place in self._numbers if place not in taken), key=rank)
