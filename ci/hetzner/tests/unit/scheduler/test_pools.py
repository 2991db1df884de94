"""Pools: the free amounts of resources, and the names of those that are short."""

from __future__ import annotations

import unittest

from lib.scheduler.pools import Pools


class PoolsTest(unittest.TestCase):
    def test_a_name_without_a_pool_is_a_mutex_of_one(self) -> None:
        pools = Pools({})
        self.assertTrue(pools.fits((("lock", 1),)))
        self.assertFalse(pools.fits((("lock", 2),)))
        self.assertEqual(pools.short((("lock", 2),)), "lock")

    def test_only_the_resources_that_are_short_are_named(self) -> None:
        pools = Pools({"cpu": 4, "memory": 2})
        pools.take((("cpu", 2), ("lock", 1)))
        self.assertEqual(pools.short((("cpu", 3), ("lock", 1), ("memory", 2))), "cpu, lock")
        self.assertEqual(pools.short((("cpu", 2), ("memory", 2))), "a free slot")


if __name__ == "__main__":
    unittest.main()
