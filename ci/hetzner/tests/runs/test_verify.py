"""Runs tests/runs/verified_box.py where no other program opens ports or makes files."""

from __future__ import annotations

import sys
import unittest

from tests.support import namespaces

ALONE = ("-Urmpn",)
OWN_FILES = f"{namespaces.OWN_TMP} && mount -t tmpfs none /dev/shm"


@unittest.skipUnless(sys.platform == "linux", "a box has Linux")
class Verify(unittest.TestCase):
    def test_verify_proves_a_box(self) -> None:
        namespaces.run(self, "runs.verified_box", ALONE, OWN_FILES)


if __name__ == "__main__":
    unittest.main()
