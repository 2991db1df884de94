"""A pool makes each call at once, and uses a thread again that has nothing to do."""

from __future__ import annotations

import threading
import unittest
from unittest import mock

from lib.web_server import thread_pool
from lib.web_server.thread_pool import ThreadPool
from tests.support.waiting import wait_until


class Calls(unittest.TestCase):
    def setUp(self) -> None:
        self.pool = ThreadPool()
        self.addCleanup(self.pool.close)
        self.before = set(threading.enumerate())

    def new(self) -> set[threading.Thread]:
        return set(threading.enumerate()) - self.before

    def serve(self, ended: threading.Event) -> None:
        """Have a call made that ends when it is told to."""
        begun = threading.Event()

        def call() -> None:
            begun.set()
            ended.wait(30)

        self.pool.begin(call)
        self.assertTrue(begun.wait(30), "the call was not made")

    def wait_for_idle(self, count: int) -> None:
        wait_until(lambda: self.pool._idle._value == count, f"{count} idle threads")

    def test_calls_at_the_same_time_have_a_thread_each(self) -> None:
        ended = threading.Event()
        for _ in range(5):
            self.serve(ended)
        self.assertEqual(len(self.new()), 5)
        ended.set()
        self.wait_for_idle(5)

    def test_idle_thread_is_used_again(self) -> None:
        for _ in range(20):
            ended = threading.Event()
            self.serve(ended)
            ended.set()
            self.wait_for_idle(1)
        self.assertEqual(len(self.new()), 1)

    def test_idle_threads_end(self) -> None:
        ended = threading.Event()
        with mock.patch.object(thread_pool, "IDLE", 0.001):
            for _ in range(5):
                self.serve(ended)
            ended.set()
            wait_until(lambda: not self.new(), "the end of the threads")
            self.wait_for_idle(0)
            self.serve(ended)  # none of those is waited for

    def test_threads_that_end_lose_no_call(self) -> None:
        count = 300
        made = threading.Semaphore(0)
        with mock.patch.object(thread_pool, "IDLE", 0.0):
            for _ in range(count):
                self.pool.begin(made.release)
            for _ in range(count):
                self.assertTrue(made.acquire(timeout=30), "a call was lost")
            wait_until(lambda: not self.new(), "the end of the threads")

    def test_close_ends_the_idle_threads(self) -> None:
        ended = threading.Event()
        for _ in range(3):
            self.serve(ended)
        ended.set()
        self.wait_for_idle(3)
        self.pool.close()
        wait_until(lambda: not self.new(), "the end of the threads")


if __name__ == "__main__":
    unittest.main()
