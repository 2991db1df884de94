"""SIGKILL of receiver and worker at random instants, while clients deliver pushes, and cancel some.

`CI_FAULT_REPEAT` scales the number of kills (4: two hundred); `CI_FAULT_SEED` draws the instants of
another time again.
"""

from __future__ import annotations

import asyncio
import unittest

from tests.support.fault_case import REPEAT
from tests.support.services_case import SERVICES, ServicesCase

KILLS = 50 * REPEAT  # with each Python that the faults are checked with
LATEST = 0.2  # seconds from a kill to the next


class AtRandomInstants(ServicesCase):
    def test_each_delivery_ends_once_runs_alone_and_its_commit_is_told(self) -> None:
        draw = self.draw
        instants = [(draw.uniform(0, LATEST), draw.choice(SERVICES)) for _ in range(KILLS)]

        async def kills() -> None:
            for seconds, name in instants:
                await asyncio.sleep(seconds)
                await self.kill(name)

        self.under(kills)
        self.assertGreater(self.again, KILLS / 10)  # or no kill has hit anything


if __name__ == "__main__":
    unittest.main()
