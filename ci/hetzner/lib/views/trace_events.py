"""Collects the events of a trace in the Trace Event Format, whose unit is the microsecond. Pure.

Source: the document "Trace Event Format", which Perfetto reads. A track is a thread of the trace, a
group of tracks is a process. Slices of one track may lie within each other, but not overlap.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple


class Track(NamedTuple):
    """A line of the trace, in a group."""

    group: int
    number: int


class TraceEvents:
    """The events so far; `beginning` is the time that becomes 0."""

    def __init__(self, beginning: float) -> None:
        self.events: list[dict[str, Any]] = []
        self._beginning = beginning
        self._ends: dict[Track, int] = {}  # of the last slice
        self._arrows = itertools.count(1)

    def name_group(self, group: int, name: str) -> None:
        """Give a group its title; groups are shown in the order of their numbers."""
        for what, value in (("process_name", name), ("process_sort_index", group)):
            self._name(Track(group, 0), what, value)

    def name_track(self, track: Track, name: str) -> None:
        """Give a track its title; tracks are shown in the order of their numbers."""
        for what, value in (("thread_name", name), ("thread_sort_index", track.number)):
            self._name(track, what, value)

    def slice(
        self,
        track: Track,
        began: float,
        ended: float,
        name: str,
        kind: str,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Add a bar after those before it on its track."""
        start = max(self._moment(began), self._ends.get(track, 0))
        end = self._ends[track] = max(start, self._moment(ended))
        self._add("X", track, start, name, kind, {"dur": end - start, "args": dict(more or {})})

    def instant(self, track: Track, at: float, name: str, kind: str) -> None:
        """Add a mark on a track."""
        self._add("i", track, self._moment(at), name, kind, {"s": "t"})

    def arrow(self, start: tuple[Track, float], end: tuple[Track, float], kind: str) -> None:
        """Add an arrow between the bars that lie at two moments of two tracks."""
        number = next(self._arrows)
        for phase, (track, at), more in (("s", start, {}), ("f", end, {"bp": "e"})):
            self._add(phase, track, self._moment(at), kind, kind, {"id": number, **more})

    def counter(self, group: int, at: float, name: str, values: Mapping[str, float]) -> None:
        """Tell the values of a counter from a moment on."""
        self._add("C", Track(group, 0), self._moment(at), name, "counter", {"args": dict(values)})

    def _name(self, track: Track, what: str, value: object) -> None:
        key = "name" if what.endswith("name") else "sort_index"
        self._add("M", track, 0, what, "__metadata", {"args": {key: value}})

    def _add(
        self, phase: str, track: Track, at: int, name: str, kind: str, more: Mapping[str, object]
    ) -> None:
        where = {"ph": phase, "pid": track.group, "tid": track.number, "ts": at}
        self.events.append({**where, "name": name, "cat": kind, **more})

    def _moment(self, at: float) -> int:
        """Return microseconds since the beginning; nothing is before it."""
        return max(0, round((at - self._beginning) * 1e6))
