"""The process table of Linux, asked about processes and threads of this test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import unittest

from lib.processes.process_table import LinuxTable


@unittest.skipUnless(sys.platform == "linux", "needs /proc")
class Children(unittest.TestCase):
    def start(self, into: list[subprocess.Popen[bytes]]) -> None:
        into.append(subprocess.Popen(["sleep", "60"]))

    def end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def test_children_of_every_thread_are_found(self) -> None:
        done = threading.Event()
        started: list[subprocess.Popen[bytes]] = []
        ready = threading.Event()

        def work() -> None:
            self.start(started)
            ready.set()
            done.wait()  # while it lives, the child is this thread's and not the process' first's

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        ready.wait()
        self.addCleanup(self.end, started[0])
        self.start(started)
        self.addCleanup(self.end, started[1])
        found = LinuxTable().children(os.getpid())
        self.assertLessEqual({process.pid for process in started}, set(found))

    def test_children_of_the_only_thread_are_found_though_they_are_zombies(self) -> None:
        process = subprocess.Popen(["true"])
        self.addCleanup(process.wait)
        if sys.platform != "linux":
            self.skipTest("macOS lacks waitid(2)")
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertIn(process.pid, LinuxTable().children(os.getpid()))

    def test_process_that_is_gone_has_none(self) -> None:
        process = subprocess.Popen(["true"])
        process.wait()
        self.assertEqual(LinuxTable().children(process.pid), [])
