"""What holds of each visit of a browser to a page, whichever page it is."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar


class EveryVisit(unittest.TestCase):
    """Checks of `told["visits"]`, the report of the browser's program. Import the module alone."""

    told: ClassVar[dict[str, Any]]

    def test_axe_finds_nothing_in_light_in_dark_and_on_a_phone(self) -> None:
        for name, visit in self.told["visits"].items():
            self.assertEqual("\n".join(visit["violations"]), "", name)

    def test_page_is_no_wider_than_the_screen(self) -> None:
        for name, visit in self.told["visits"].items():
            self.assertLessEqual(visit["overflow"], 0, name)
