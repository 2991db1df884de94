"""The file of samples in the directory of a run, and what may be in its place."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.common.files import NotAFileError
from lib.sampling import sample_file, sample_lines
from lib.sampling.sample_lines import MachineRow


class Read(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.run_directory = Path(directory.name)
        self.file = self.run_directory / sample_file.NAME

    def test_run_without_a_file_has_no_samples(self) -> None:
        self.assertIsNone(sample_file.read(self.run_directory))

    def test_samples_are_read(self) -> None:
        self.file.write_bytes(
            sample_lines.header(2, 99) + sample_lines.block(1, [MachineRow(1, 0.5, 0.0, 9)], {})
        )
        found = sample_file.read(self.run_directory)
        assert found is not None
        self.assertEqual((found.cpu, found.processors, found.skipped), ((0.5,), 2, 0))

    def test_something_else_in_its_place_is_an_error(self) -> None:
        self.file.symlink_to("/dev/zero")
        with self.assertRaises(NotAFileError):
            sample_file.read(self.run_directory)


if __name__ == "__main__":
    unittest.main()
