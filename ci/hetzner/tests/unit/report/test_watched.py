"""Views that break while a run goes on: the next takes over, and the log has a note."""

from __future__ import annotations

import io
import unittest
from collections.abc import Sequence
from pathlib import Path

from lib.model.events import Event
from lib.model.phases import Phases
from lib.model.run_plan import RunPlan
from lib.report.view import Controls, Section, ShownRun
from lib.report.watched import Watched
from lib.terminal.plain_view import PlainView

RUN = ShownRun(
    Path("/"), RunPlan(Phases((), ())), lambda: 0.0, str, Controls(lambda _: None, lambda: None)
)


class Begun(PlainView):
    """Says that it was begun."""

    def begin(self, run: ShownRun) -> None:
        self.show(["begun"])


class Fragile(Begun):
    """Breaks in the named calls, and cannot be closed either."""

    calls: tuple[str, ...] = ()

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        self.break_in("show")

    def begin(self, run: ShownRun) -> None:
        self.break_in("begin")

    def end(self, sections: Sequence[Section]) -> str:
        self.break_in("end")
        return ""

    def close(self) -> None:
        raise RuntimeError("no")

    def break_in(self, call: str) -> None:
        if call in self.calls:
            raise OSError(call)


class Breaks(unittest.TestCase):
    def setUp(self) -> None:
        self.notes: list[str] = []
        self.stream = io.StringIO()

    def watched(self, *calls: str) -> Watched:
        """Return a fragile view, with one that takes over."""
        fragile = Fragile(io.StringIO())
        fragile.calls = calls
        return Watched([fragile, Begun(self.stream)], self.notes.append)

    def check(self, call: str, shown: str) -> None:
        self.assertEqual(self.stream.getvalue(), shown)
        self.assertEqual(self.notes, [f"NOTE  the view Fragile broke: OSError: {call}"])

    def test_view_that_breaks_before_the_jobs_is_replaced(self) -> None:
        watched = self.watched("show")
        watched.show(["x"])
        watched.begin(RUN)
        self.check("show", "x\nbegun\n")

    def test_view_that_breaks_as_it_is_begun_is_replaced(self) -> None:
        self.watched("begin").begin(RUN)
        self.check("begin", "begun\n")

    def test_view_that_breaks_amid_the_jobs_is_replaced_by_one_that_is_begun(self) -> None:
        watched = self.watched("show")
        watched.begin(RUN)
        watched.show(["x"])
        self.check("show", "begun\nx\n")

    def test_view_that_breaks_at_the_end_is_replaced(self) -> None:
        watched = self.watched("end")
        watched.begin(RUN)
        self.assertEqual(watched.end([Section(["all"])]), "")
        self.check("end", "all\n")

    def test_without_a_view_left_nothing_is_shown(self) -> None:
        watched = Watched([Fragile(io.StringIO())], self.notes.append)
        watched.close()
        self.assertEqual(watched.end([Section(["all"])]), "")
        self.assertEqual(self.notes, ["NOTE  the view Fragile broke: RuntimeError: no"])


if __name__ == "__main__":
    unittest.main()
