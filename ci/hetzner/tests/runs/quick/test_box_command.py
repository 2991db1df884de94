"""The command `ci` of a box: for root and for its user."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.support.as_nobody import NOBODY

CI = Path(__file__).resolve().parents[3] / "deploy" / "ci.sh"


class BoxCommand(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_login_is_told_for_whom_it_is(self) -> None:
        with tempfile.NamedTemporaryFile("w") as settings:
            settings.write("CI_USER=root\n")
            settings.flush()
            Path(settings.name).chmod(0o644)
            done = subprocess.run(
                ["sh", "-s", "list"],
                input=CI.read_text(),  # the checkout may be closed to others
                env={"PATH": os.environ["PATH"], "CI_BOX_ENV": settings.name},
                user=NOBODY, capture_output=True, text=True, check=False,
            )  # fmt: skip
        self.assertEqual(done.returncode, 2)
        self.assertRegex(
            done.stderr, r"^ci: expected root or the user root, found \S+: sudo ci …\n$"
        )


if __name__ == "__main__":
    unittest.main()
