#!/usr/bin/env python3
"""The fast tests: `python3 test_dsl.py`. Standard library only, no set-up, under half a minute.

They are in tests/test_*.py, by module; a test's name is the rule that it checks. What starts
tools and browsers is in tests/real_*.py and run by check.py.
"""

from __future__ import annotations

import sys
import unittest
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names: Sequence[str]) -> int:
    """Run the named tests (`tests.test_graph`), or all fast ones; 0 if all passed."""
    loader = unittest.defaultTestLoader
    if names:
        suite = loader.loadTestsFromNames(list(names))
    else:
        suite = loader.discover(str(HERE / "tests"), "test_*.py", str(HERE))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    # a run of no tests has shown nothing
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main(sys.argv[1:]))
