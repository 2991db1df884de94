"""What counts as written when other programs write it, and when a user may not look."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

from tests.support.written_case import LONG_AGO, WrittenCase


class Files(WrittenCase):
    def test_copy_that_preserves_times_counts(self) -> None:
        source = self.old("source")
        self.old("out")
        self.assert_written(lambda: subprocess.run(["cp", "-p", source, self.path], check=True))
        self.assertEqual(self.path.stat().st_mtime, LONG_AGO[1])


class Attributes(WrittenCase):
    """A change of attributes moves the change time as a write does, and is none."""

    def test_copy_that_preserves_times_counts_though_the_mode_is_changed_and_set_again(
        self,
    ) -> None:
        source = self.old("source")
        self.old("out").chmod(0o755)

        def act() -> None:
            subprocess.run(["cp", "-p", source, self.path], check=True)
            self.path.chmod(0o755)

        self.assert_written(act)


class Symlinks(WrittenCase):
    def test_symlink_made_anew_to_the_same_file_counts(self) -> None:
        target = self.old("target")
        self.path.symlink_to(target)
        self.assert_written(lambda: subprocess.run(["ln", "-sfn", target, self.path], check=True))


class Unreadable(WrittenCase):
    def test_path_that_could_not_be_read_does_not_count_afterwards(self) -> None:
        self.assertEqual(self.judged_without_rights(before=0o000, after=0o755), "False")

    def test_path_that_cannot_be_read_does_not_count(self) -> None:
        self.assertEqual(self.judged_without_rights(before=0o755, after=0o000), "False")

    def judged_without_rights(self, before: int, after: int) -> str:
        """Return the verdict on a leftover, by a user who is not root, about whose directory."""
        self.top.chmod(0o755)
        inner = self.top / "inner"
        inner.mkdir()
        (inner / "out").write_text("left over")
        code = f"""
import os
from lib.outputs import written as outputs
from pathlib import Path
path = Path({str(inner / "out")!r})
if os.geteuid() == 0:
    os.chown(path.parent, 65534, -1)
    os.seteuid(65534)
path.parent.chmod({before})
signature = outputs.signature(path)
path.parent.chmod({after})
print(outputs.written_since(signature, path))
"""
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )
        inner.chmod(0o755)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()


if __name__ == "__main__":
    unittest.main()
