"""The version, and what tells it."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path

import dsl
from lib.common import version

HOME = Path(dsl.__file__).resolve().parent


class Version(unittest.TestCase):
    def test_image_tells_the_commit_that_it_was_built_from(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            build = Path(place) / "BUILD"
            self.assertEqual(version.full(Path(place) / "none"), version.VERSION)
            build.write_text("1a2b3c4-dirty\n")
            self.assertEqual(version.full(build), f"{version.VERSION} (1a2b3c4-dirty)")

    def test_build_of_the_image_writes_the_file_that_is_read(self) -> None:
        dockerfile = (HOME.parents[1] / "Dockerfile").read_text()
        self.assertIn(f"> /opt/ci-runner/{version.BUILD.name}\n", dockerfile)

    def test_changelog_begins_with_it(self) -> None:
        newest = re.search(
            r"^## (\S+), ", (HOME / "docs" / "CHANGELOG.md").read_text(), re.MULTILINE
        )
        assert newest is not None
        self.assertEqual((newest[1], dsl.__version__), (version.VERSION, version.VERSION))


if __name__ == "__main__":
    unittest.main()
