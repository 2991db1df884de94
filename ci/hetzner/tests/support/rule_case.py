"""Runs before a fake executor whose outcomes and exit code a test compares."""

from __future__ import annotations

import math
import unittest

from tests.support.fakes import Played

NEVER = math.inf


class RuleTest(unittest.TestCase):
    def check(self, played: Played, outcomes: str, code: int) -> None:
        self.assertEqual((played.outcomes(), played.code), (outcomes, code))
