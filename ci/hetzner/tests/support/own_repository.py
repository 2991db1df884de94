"""Tells whether these files are in the project's own repository or in a copy of ci/ elsewhere.

`ci/` and `Dockerfile` also work in the root of the repository under test, which has its own README.
"""

from __future__ import annotations

import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[4]
README = TOP / "README.md"
TITLE = "# A CI runner that fits on one box\n"
OWN = README.exists() and README.read_text().startswith(TITLE)
needs_own_readme = unittest.skipUnless(OWN, "this copy of ci/ is in another repository")
