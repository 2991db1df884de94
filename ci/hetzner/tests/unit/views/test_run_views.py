"""The views of a run are written from its directory; one that breaks is a note, and no more."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from lib.event_stream import event_file
from lib.page import run_files
from lib.report.run_inputs import RunInputs
from lib.views import run_views
from tests.support.fakes import jobs, play
from tests.support.timelines import stream


def view(inputs: RunInputs) -> str:
    """Make a view of this module."""
    return f"jobs: {[job.name for job in inputs.record.jobs]}"


def broken(inputs: RunInputs) -> str:
    """Make no view."""
    raise RuntimeError(inputs.record.run)


class Written(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = event_file.in_directory(self.place, str)
        for event in stream(play(jobs("a; b<a"))):
            file(event)
        file.close()

    def write(self, **views: Callable[[RunInputs], str]) -> list[str]:
        with mock.patch.object(run_views, "VIEWS", views):
            return [*run_views.write(self.place).notes]

    def test_view_is_a_function_of_the_directory(self) -> None:
        self.assertEqual(self.write(page=view), [])
        self.assertEqual((self.place / "page").read_text(), "jobs: ['a', 'b']")

    def test_views_that_break_are_notes_and_the_others_are_written(self) -> None:
        (self.place / "taken" / "x").mkdir(parents=True)
        notes = self.write(broken=broken, taken=view, page=view)
        self.assertEqual([note.partition(" ")[0] for note in notes], ["broken", "taken"])
        self.assertEqual(notes[1], "taken is not written: expected a file, found a directory")
        self.assertTrue((self.place / "page").exists())

    def test_page_that_is_not_written_is_not_named(self) -> None:
        (self.place / run_views.PAGE).write_text("by a job")
        with mock.patch.object(run_views, "VIEWS", {run_views.PAGE: broken, "other": view}):
            self.assertEqual(run_views.write(self.place).page, "")
        (self.place / event_file.NAME).unlink()
        self.assertEqual(run_views.write(self.place).page, "")

    def test_link_in_the_place_of_a_view_is_replaced_not_followed(self) -> None:
        elsewhere = self.place / "elsewhere"
        elsewhere.write_text("mine")
        (self.place / "page").symlink_to(elsewhere)
        self.assertEqual(self.write(page=view), [])
        self.assertEqual(elsewhere.read_text(), "mine")

    def test_run_without_events_has_no_views(self) -> None:
        (self.place / event_file.NAME).unlink()
        (note,) = self.write(page=view)
        self.assertIn("no view of this run can be made", note)

    def test_each_view_of_the_table_is_there(self) -> None:
        self.assertEqual(run_views.write(self.place), ([], run_views.PAGE))
        for name in run_views.VIEWS:
            self.assertTrue((self.place / name).stat().st_size, name)

    def test_page_links_to_each_other_view(self) -> None:
        linked = {name for name, _ in run_files.FILES}
        self.assertEqual({*run_views.VIEWS} - linked, {"report.html"})


if __name__ == "__main__":
    unittest.main()
