"""Checks traces against the rules of the Trace Event Format."""

from __future__ import annotations

import json
import unittest
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

NEEDED = {"ph", "pid", "tid", "ts", "name", "cat"}
OF_PHASE = {
    "X": {"dur", "args"},
    "i": {"s"},
    "C": {"args"},
    "M": {"args"},
    "s": {"id"},
    "f": {"id", "bp"},
}
METADATA = {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}


class TraceCase(unittest.TestCase):
    """Checks each trace against the rules of the format."""

    def checked(self, text: str) -> list[dict[str, Any]]:
        """Return the events of a trace, which has to be a valid one."""
        whole = json.loads(text)
        self.assertEqual(whole["displayTimeUnit"], "ms")
        found: list[dict[str, Any]] = whole["traceEvents"]
        for event in found:
            self.check(event)
        self.check_slices([event for event in found if event["ph"] == "X"])
        self.check_arrows(found)
        return found

    def check(self, event: Mapping[str, Any]) -> None:
        self.assertEqual(event.keys(), NEEDED | OF_PHASE[event["ph"]], event)
        for name in ("pid", "tid", "ts", "dur"):
            value = event.get(name, 0)
            self.assertTrue(isinstance(value, int) and value >= 0, event)
        if event["ph"] == "M":
            self.assertIn(event["name"], METADATA)
        if event["ph"] == "C":
            for value in event["args"].values():
                self.assertIsInstance(value, int | float)

    def check_slices(self, slices: list[dict[str, Any]]) -> None:
        """Let no two slices of a track overlap: viewers drop them."""
        tracks = defaultdict(list)
        for each in slices:
            tracks[each["pid"], each["tid"]].append((each["ts"], each["ts"] + each["dur"]))
        for track in tracks.values():
            for (_, ended), (began, _) in pairwise(sorted(track)):
                self.assertLessEqual(ended, began)

    def check_arrows(self, found: list[dict[str, Any]]) -> None:
        """Let each arrow begin and end within a slice of its track."""
        for end in (event for event in found if event["ph"] in "sf"):
            self.assertTrue(
                any(
                    each["ts"] <= end["ts"] < each["ts"] + each["dur"]
                    for each in found
                    if each["ph"] == "X" and (each["pid"], each["tid"]) == (end["pid"], end["tid"])
                ),
                end,
            )
