"""The events of a run come back from its file, however it was damaged."""

from __future__ import annotations

import os
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from lib.event_stream import event_file, reading
from lib.model import events
from tests.support.fakes import Fate, jobs, play
from tests.support.timelines import record, stream

SECRET = "hunter2hunter2"


class Files(unittest.TestCase):
    def setUp(self) -> None:
        self.run_directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.run_directory / event_file.NAME
        self.played = play(jobs("a; b<a"), {"b": Fate(2, code=1)})
        self.write(*stream(self.played))

    def write(self, *told: events.Event) -> None:
        file = event_file.in_directory(self.run_directory, lambda text: text.replace(SECRET, "***"))
        for event in told:
            file(event)
        file.close()

    def test_file_gives_the_record_of_the_run(self) -> None:
        self.assertEqual(reading.read(self.run_directory), record(self.played))

    def test_last_line_may_be_cut_and_others_damaged(self) -> None:
        whole = self.path.read_bytes()
        lines = whole.splitlines(keepends=True)
        damage = [
            b"\xff\x00\n",
            b"[" * 100_000 + b"\n",
            b"{}\n",
            lines[3].replace(b'"a"', b'"../x"'),
        ]
        self.path.write_bytes(b"".join([*lines[:-1], *damage, lines[-1][:20]]))
        run = reading.read(self.run_directory)
        self.assertEqual((run.skipped, run.exit_code), (4, None))
        self.assertEqual(run.jobs, record(self.played).jobs)

    def test_names_that_are_no_names_of_jobs_are_damage(self) -> None:
        first, *rest = stream(self.played)
        assert isinstance(first, events.RunDeclared)
        bad = first._replace(jobs=(first.jobs[0]._replace(name="../../etc/passwd"),))
        self.write(bad, *rest)
        self.assertNotIn(
            "../../etc/passwd", [job.name for job in reading.read(self.run_directory).jobs]
        )

    def test_secrets_are_masked(self) -> None:
        self.write(events.Note(1.0, f"it said {SECRET}"))
        self.assertNotIn(SECRET, self.path.read_text())
        self.assertEqual(reading.read(self.run_directory).notes, ("it said ***",))

    def test_missing_empty_and_other_kinds_of_files_are_said(self) -> None:
        self.path.write_text("")
        with self.assertRaisesRegex(ValueError, "found none"):
            reading.read(self.run_directory)
        self.path.unlink()
        with self.assertRaises(FileNotFoundError):
            reading.read(self.run_directory)
        os.mkfifo(self.path)
        with self.assertRaisesRegex(OSError, "found a pipe"):
            reading.read(self.run_directory)

    def test_file_that_a_job_changes_is_said(self) -> None:
        note = events.Note(1.0, "x")

        def cut() -> None:
            os.truncate(self.path, 3)

        def append() -> None:
            with self.path.open("a") as file:
                file.write('{"event":"RunConcluded"}\n')

        def replace() -> None:
            content = self.path.read_bytes()
            self.path.unlink()
            self.path.write_bytes(content)

        changes: list[tuple[Callable[[], object], str]] = [
            (self.path.stat, ""),
            (cut, "was changed"),
            (append, "was changed"),
            (replace, "was changed"),
            (self.path.unlink, "was removed"),
        ]
        for change, told in changes:
            file = event_file.in_directory(self.run_directory, str)
            file(note)
            change()
            said = file.changed(self.path)
            self.assertIn(told, said)
            self.assertEqual(bool(told), bool(said))
            file.close()

    def test_file_that_cannot_be_written_is_an_error_once(self) -> None:
        out, handle = os.pipe()
        os.close(out)  # nobody reads it
        file = event_file.EventFile(handle, "events.jsonl")
        with self.assertRaisesRegex(OSError, "its events end here"):
            file(events.Note(1.0, "x"))
        file(events.Note(2.0, "y"))


if __name__ == "__main__":
    unittest.main()
